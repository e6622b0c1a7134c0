#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "tests/support/fiber_team.hpp"
#include "tests/support/run_report.hpp"

namespace alfi::test {
namespace {

constexpr auto on_host = [](auto body) { body(HostTeam<float>{}); };

TEST(Report, SumsUpAStep) {
  for (const int threads : {0, 32, 96}) {
    StepReport step = numbered_report();
    if (threads == 0)
      step.conclude(37, 1.5F, on_host);
    else
      step.conclude(37, 1.5F, [threads](auto body) {
        launch_fibers({threads, 1}, [&](const FiberTeam& team, int) { body(team); });
      });
    EXPECT_EQ(step.output.loss, 0.5 * 36 / 2);
    EXPECT_EQ(step.output.clamped, 37 * 36 / 2);
    EXPECT_EQ(step.output.gradient_norm, 1.5F);
    EXPECT_EQ(step.counts.applied, 6);
    EXPECT_EQ(step.counts.skipped, 2);
  }
}

/// The sums are the same bits on every team, and in double: 4101 episodes of about 10⁴ each, whose odds and ends of
/// 10⁻³ float would lose; more clamped draws than 32 bits count.
TEST(Report, AddsUpALargeStepInDouble) {
  constexpr int episodes = 4101, tiles = (episodes + tile_lanes - 1) / tile_lanes;
  StepReport numbers;
  long double sum = 0;
  for (int b = 0; b < tiles * tile_lanes; ++b) {
    numbers.loss.push_back(b < episodes ? 1e4F + 1e-3F * static_cast<float>(b) : 0.0F);
    numbers.clamped.push_back(b < episodes ? 2'000'000 : 0);
    numbers.left_out.push_back(b < episodes ? 1'500'000 : 0);
    sum += numbers.loss.back();
  }
  StepReport expected = numbers;
  expected.conclude(episodes, 1.5F, on_host);
  // A sum of n terms of one sign is off by (n/256 + 8) ε/2 of itself at most.
  EXPECT_NEAR(expected.output.loss / static_cast<double>(sum / episodes), 1, 25 * 1.2e-16);
  EXPECT_EQ(expected.output.clamped, std::int64_t{2'000'000} * episodes);
  EXPECT_EQ(expected.output.left_out, std::int64_t{1'500'000} * episodes);
  for (const int threads : {32, 96, 256}) {
    StepReport got = numbers;
    got.conclude(episodes, 1.5F, [threads](auto body) {
      launch_fibers({threads, 1}, [&](const FiberTeam& team, int) { body(team); });
    });
    EXPECT_EQ(got.output.loss, expected.output.loss) << threads;
    EXPECT_EQ(got.output.clamped, expected.output.clamped) << threads;
    EXPECT_EQ(got.output.left_out, expected.output.left_out) << threads;
  }
}

TEST(Report, CountsASkippedUpdate) {
  for (const float norm : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    StepReport step = numbered_report();
    step.conclude(37, norm, on_host);
    EXPECT_FALSE(std::isfinite(step.output.gradient_norm));
    EXPECT_EQ(step.counts.applied, 5);
    EXPECT_EQ(step.counts.skipped, 3);
  }
}

}  // namespace
}  // namespace alfi::test
