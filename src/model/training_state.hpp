// State that training changes.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/shape.hpp"

namespace alfi {

/// The weights and all that training changes about them; arrays of layout.size, in the kernels' layout.
struct TrainingState {
  std::vector<float> weights, first_moment, second_moment, average;
  std::int64_t updates = 0;  ///< applied so far
  std::int64_t skipped = 0;  ///< not applied since their gradient was not finite

  bool operator==(const TrainingState&) const = default;
};

/// Returns random weights of this seed, no updates yet.
TrainingState initial_state(const Layout& layout, std::uint64_t seed);

}  // namespace alfi
