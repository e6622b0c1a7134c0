#include "src/training/throughput.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "src/engine/cost.hpp"
#include "tests/support/simulated_device.hpp"

namespace alfi {
namespace {

Configuration small_gaussian() {
  return parse_configuration(
      "{simulator: {name: gaussian}, episode: {iterations: 2, thetas: 4, observations: 4, "
      "real_observations: {min: 8, max: 24}}, training: {meta_batch: 20}, engine: {threads: 1}}");
}

/// Expects a consistent measurement of small_gaussian(), wherever it was made.
void expect_consistent(const Throughput& result) {
  EXPECT_EQ(result.threads, 1);
  EXPECT_GE(result.repetitions, 5);
  EXPECT_GE(result.episodes, 20 * result.repetitions);
  EXPECT_GT(result.slowest, 0);
  EXPECT_LE(result.slowest, result.episodes_per_second);
  EXPECT_LE(result.episodes_per_second, result.fastest);
  // R is log-uniform on whole numbers 8 … 24: its mean is (25 − 8)/log(25/8) − ½ = 14.4.
  EXPECT_NEAR(result.simulations_per_second / result.episodes_per_second, 2 * 4 * 4 + 14.4, 0.6);
  EXPECT_GT(result.fraction_of_peak(), 0);
}

TEST(MeasureThroughput, IsConsistentInItself) {
  const Throughput result = measure_throughput(small_gaussian(), 0.05);
  expect_consistent(result);
  EXPECT_LT(result.fraction_of_peak(), 2);  // above 1 only by other programs' noise
  EXPECT_EQ(result.predicted_episodes_per_second > 0, core_speed(1) > 0);
  EXPECT_EQ(result.predicted_training_seconds > 0, core_speed(1) > 0);
}

TEST(MeasureThroughput, FindsThePeakOfADeviceToo) {
  test::SimulatedDevice device;
  const Throughput result = measure_throughput(small_gaussian(), 0.05, test::simulated_processor(device));
  expect_consistent(result);
  EXPECT_EQ(result.backend, "cuda");
  EXPECT_TRUE(std::isfinite(result.fraction_of_peak()));
  EXPECT_EQ(result.predicted_training_seconds, 0);  // the account is of the CPU
}

TEST(MeasureThroughput, SubmitsWindowsOfStepsAsATrainingDoes) {
  test::SimulatedDevice device;
  measure_throughput(small_gaussian(), 0.05, test::simulated_processor(device));
  const auto graphs = std::count(device.log.begin(), device.log.end(), "put graph");
  const auto windows = std::count(device.log.begin(), device.log.end(), "record");
  EXPECT_GT(windows, 0);
  EXPECT_EQ(graphs, 16 * windows);
}

}  // namespace
}  // namespace alfi
