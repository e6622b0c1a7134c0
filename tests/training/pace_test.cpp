#include "src/training/pace.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace alfi {
namespace {

TEST(Pace, IsNotKnownAfterTheFirstSteps) {
  Pace pace(100);
  EXPECT_TRUE(std::isnan(pace.seconds_per_step()));
  pace.add_steps(8, 107);  // a window of a device, which loads its kernels first
  EXPECT_TRUE(std::isnan(pace.seconds_per_step()));
  EXPECT_TRUE(std::isnan(pace.seconds({.steps = 1, .validations = 0, .checkpoints = 0})));
  EXPECT_EQ(pace.seconds({.steps = 0, .validations = 3, .checkpoints = 3}), 0);
  pace.add_steps(8, 109);
  EXPECT_EQ(pace.seconds_per_step(), 0.25);
}

// Measurements do not begin anew after each validation: then none would ever last a second.
TEST(Pace, IsThatOfStepsHoweverOftenIsValidated) {
  double now = 0;
  Pace pace(now);
  pace.add_steps(1, now += 30);
  for (int i = 0; i < 100; ++i) {
    pace.add_steps(1, now += 0.125);
    EXPECT_EQ(pace.seconds_per_step(), 0.125) << i;
    pace.add_validation(now += 4);
    pace.add_checkpoint(now += 2);
    pace.add_other(now += 64);
  }
  for (int i = 0; i < 100; ++i) {  // it becomes slower, which is known two seconds of steps later
    pace.add_steps(1, now += 0.5);
    if (i >= 3) {
      EXPECT_EQ(pace.seconds_per_step(), 0.5) << i;
    }
    pace.add_validation(now += 4);
  }
}

TEST(Pace, CountsWhatIsLeftAsItTookLast) {
  Pace pace(0);
  pace.add_validation(100);
  pace.add_steps(1, 101);
  pace.add_steps(1, 103);
  EXPECT_EQ(pace.seconds({.steps = 3, .validations = 2, .checkpoints = 5}), 3 * 2 + 2 * 100);
  pace.add_validation(108);
  pace.add_checkpoint(108.5);
  EXPECT_EQ(pace.seconds({.steps = 3, .validations = 2, .checkpoints = 5}), 3 * 2 + 2 * 5 + 5 * 0.5);
}

}  // namespace
}  // namespace alfi
