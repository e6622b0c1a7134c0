// Observations that were no numbers, by the region of θ* that they were simulated at.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "alfi/simulators.hpp"
#include "kernels/episode/problem.hpp"

namespace alfi {

/// Counts them by the tenth of each parameter's prior. Can be added to by several threads at once.
class LeftOutByTenth {
 public:
  static constexpr int tenths = 10;

  explicit LeftOutByTenth(const std::vector<ParameterInfo>& parameters);

  /// Adds the real observations of one lane at θ* (D), as the machine works with it.
  void add(const std::vector<double>& truth, const TileInput<float>& input, int lane);

  /// Returns the part that was left out (D, 10); NaN where no θ* was.
  std::vector<std::vector<double>> by_tenth() const;

 private:
  struct Counts {
    std::int64_t left_out = 0, all = 0;
  };
  std::vector<std::array<double, tenths - 1>> ends_;  ///< of each parameter's tenths
  std::vector<std::array<Counts, tenths>> counts_;
  std::mutex mutex_;
};

}  // namespace alfi
