// Demands on a run of an episode's kernels.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "tests/support/tape.hpp"

namespace alfi::test {

inline double norm(const std::vector<double>& v) {
  double total = 0.0;
  for (double x : v) total += x * x;
  return std::sqrt(total);
}

/// Returns ‖a − b‖ / max(‖b‖, floor), and infinity where the lengths differ or there is nothing.
inline double distance(const std::vector<double>& a, const std::vector<double>& b, double floor = 1e-30) {
  if (a.size() != b.size() || b.empty()) return INFINITY;
  std::vector<double> difference(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
  return norm(difference) / std::max(norm(b), floor);
}

struct Tolerances {
  double psi, loss, gradient;
};

/// Expects outputs within the tolerances. A gradient may be exactly zero, or be left over where larger terms cancel: it
/// is compared relative to 1e-3 of the largest then.
inline void expect_outputs(const TapeOutputs& got, const TapeOutputs& expected, const Tolerances& tolerances) {
  EXPECT_LE(distance(got.psi, expected.psi), tolerances.psi);
  EXPECT_LE(distance(got.hidden, expected.hidden), tolerances.psi);
  EXPECT_LE(distance(got.loss_per_iteration, expected.loss_per_iteration), tolerances.loss);
  EXPECT_LE(distance({got.loss}, {expected.loss}), tolerances.loss);
  ASSERT_EQ(got.gradients.size(), expected.gradients.size());
  double largest = 1e-30;  // all are zero where every update is clamped
  for (const auto& [name, gradient] : expected.gradients) largest = std::max(largest, norm(gradient));
  for (const auto& [name, gradient] : expected.gradients)
    EXPECT_LE(distance(got.gradients.at(name), gradient, 1e-3 * largest), tolerances.gradient) << name;
}

// Both sides are in double and differ in the order of their sums: some thousand roundings of 1e-16, amplified by the
// recurrence.
inline constexpr Tolerances in_double{1e-11, 1e-11, 1e-11};
// Tolerances that the recorded runs' description asks of float32.
inline constexpr Tolerances in_float{1e-5, 1e-5, 1e-4};

/// Expects equal bits. EXPECT_EQ takes NaN for different from itself, so nothing unwritten passes.
inline void expect_same_bits(const TapeOutputs& got, const TapeOutputs& expected) {
  EXPECT_EQ(got.psi, expected.psi);
  EXPECT_EQ(got.hidden, expected.hidden);
  EXPECT_EQ(got.loss_per_iteration, expected.loss_per_iteration);
  EXPECT_EQ(got.loss, expected.loss);
  ASSERT_EQ(got.gradients.size(), expected.gradients.size());
  for (const auto& [name, gradient] : expected.gradients) EXPECT_EQ(got.gradients.at(name), gradient) << name;
}

}  // namespace alfi::test
