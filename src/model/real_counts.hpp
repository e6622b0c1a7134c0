// R, the number of real observations of an episode, as the kernels draw it: log-uniform between the configured bounds.
#pragma once

#include <cstdint>
#include <vector>

#include "alfi/configuration.hpp"

namespace alfi {

/// The tables of a ProblemRule (kernels/episode/problem.hpp): the least random words that give more than min, min + 1,
/// … observations, and how the RIM sees min, …, max.
struct RealCounts {
  std::vector<std::uint32_t> above;  ///< (max − min)
  std::vector<float> input;          ///< (max − min + 1)
};

RealCounts real_counts(const Configuration& configuration);

}  // namespace alfi
