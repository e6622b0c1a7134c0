#include "src/throughput.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "src/model.hpp"
#include "tests/support/simulated_device.hpp"

namespace alfi {
namespace {

Shape published(int T, int M, int N, int D, int encoder_code, int aggregator_hidden, int aggregator_code,
                int rim_hidden) {
  Shape shape{};
  shape.T = T;
  shape.M = M;
  shape.N = N;
  shape.R = 500;
  shape.D = D;
  shape.X = 1;
  shape.encoder_hidden = 50;
  shape.C = encoder_code;
  shape.aggregator_hidden = aggregator_hidden;
  shape.A = aggregator_code;
  shape.H = rim_hidden;
  shape.S = 40;
  shape.use_grad = true;
  return shape;
}

// Forward + backward + recompute, counted by hand to three digits for the published sizes: 18.2 + 36.1 + 18.0 and
// 93.5 + 186 + 92.9 MFLOP, with the real code in every row of the aggregator: 0.8 % that are not done. Three digits, and
// operations of no linear layer, leave 1.5 %.
TEST(MetaStepFlops, AreThoseOfThePublishedSizes) {
  EXPECT_NEAR(meta_step_flops(published(5, 20, 20, 1, 20, 20, 30, 30)), 72.3e6, 0.015 * 72.3e6);
  EXPECT_NEAR(meta_step_flops(published(15, 8, 64, 2, 60, 50, 60, 50)), 372.4e6, 0.015 * 372.4e6);
}

// Every layer one number wide: 3 layers in encoder and aggregator, 7 in the RIM, in·out = 1 for all but these.
TEST(MetaStepFlops, CountEveryPassOfEveryLayerOnce) {
  Shape shape = published(1, 1, 1, 1, 1, 1, 1, 1);
  shape.R = 1;
  shape.encoder_hidden = shape.S = 1;
  shape.family = Family::point;                    // ψ is one number, the aggregator sees [r, g, θ], the RIM [a, ψ]
  const double encoder = 2 * 2 * (3 + 3 + 3 + 2);  // 2 observations
  // 1 parameter, of whose θ there is no gradient; and r's part, forward and back.
  const double aggregator = 2 * (4 * (2 + 1 + 1) - 1) + 2 * 3;
  const double rim = 2 * 3 * (2 + 1 + 2 + 2 + 2 + 1 + 1);  // 1 iteration
  EXPECT_EQ(meta_step_flops(shape), encoder + aggregator + rim);
}

Configuration small_gaussian() {
  return parse_configuration(
      "{simulator: {name: gaussian}, episode: {iterations: 2, thetas: 4, observations: 4, "
      "real_observations: {min: 8, max: 24}}, training: {meta_batch: 20}, engine: {threads: 1}}");
}

/// Of a measurement of that, wherever it was made.
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
}

TEST(MeasureThroughput, FindsThePeakOfADeviceToo) {
  test::SimulatedDevice device;
  const Throughput result = measure_throughput(small_gaussian(), 0.05, test::simulated_processor(device));
  expect_consistent(result);
  EXPECT_EQ(result.backend, "cuda");
  EXPECT_TRUE(std::isfinite(result.fraction_of_peak()));
}

}  // namespace
}  // namespace alfi
