// The energy distance of many samples to one: what the baselines minimise.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace alfi::baselines {

/// 2 E|x − y| − E|x − x'| − E|y − y'| without bias, as energy_distance of src/numerics/statistics.hpp is, for one x and
/// many y. Each takes O(N log N + N log R) for X = 1, else O(N (N + R) X) with R at most `most_rows`.
class EnergyDistance {
 public:
  /// Number of the first rows of x that stand for all, for X > 1.
  static constexpr int most_rows = 1024;

  /// Takes the real observations x (R, X), row by row, R ≥ 2.
  EnergyDistance(std::span<const float> x, int X);

  /// Returns the energy distance to y (N, X), N ≥ 2; for X = 1 y is sorted on return.
  double to(std::span<float> y) const;

 private:
  double to_scalars(std::span<float> y) const;
  double to_rows(std::span<const float> y) const;

  int X_;
  double within_ = 0;           // E|x − x'|
  std::vector<float> sorted_;   // X = 1
  std::vector<double> before_;  // sums of the first 0 … R of them
  Eigen::ArrayXXf rows_;        // X > 1: (R, X)
};

}  // namespace alfi::baselines
