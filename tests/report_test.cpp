#include <gtest/gtest.h>

#include <cmath>
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
