// Parameters at which a simulator gives what is no number.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "alfi/simulators.hpp"
#include "kernels/episode/tile.hpp"

namespace alfi {

/// Collects them. Can be added to by several threads at once.
class Failures {
 public:
  explicit Failures(const std::vector<ParameterInfo>& parameters) : parameters_(parameters) {}

  /// Adds θ (D), as the machine works with it, of whose `all` observations `failed` were no numbers.
  void add(const std::vector<double>& theta, int failed, int all);

  /// Throws RunError where more than half of all were no numbers: `where`, and at which θ most were.
  void refuse_most(const std::string& where) const;

 private:
  struct Failed {
    int failed, all;
    std::vector<double> theta;
  };
  const std::vector<ParameterInfo>& parameters_;
  std::vector<Failed> worst_;  ///< a few
  std::int64_t failed_ = 0, all_ = 0;
  std::mutex mutex_;
};

/// Returns θ* of a lane, as the machine works with it.
std::vector<double> truth_of(const Tile<float>& tile, int D, int lane);

/// Removes the rows of x (count, X) that are no numbers.
void keep_numbers(std::vector<float>& x, int X);

}  // namespace alfi
