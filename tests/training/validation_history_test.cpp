#include "src/training/validation_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>

namespace alfi {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

ValidationHistory of(std::initializer_list<Validation> validations, std::int64_t first = 0) {
  ValidationHistory history;
  for (const Validation& validation : validations) history.add(std::exchange(first, first + 10), validation);
  return history;
}

TEST(ValidationHistory, KnowsTheBest) {
  EXPECT_EQ(of({}).best(), nullptr);
  EXPECT_EQ(of({}).last(), nullptr);
  EXPECT_EQ(of({}).since_best(), 0);
  const ValidationHistory history = of({{3, 1}, {2, 1}, {nan, 1}, {2, 1}, {2.5, 1}});
  EXPECT_EQ(history.best()->step, 10);  // an equal one is no improvement
  EXPECT_EQ(history.since_best(), 3);
  EXPECT_EQ(history.last()->step, 40);
  EXPECT_EQ(of({{nan, 1}, {nan, 1}}).best(), nullptr);
  EXPECT_EQ(of({{nan, 1}, {nan, 1}}).since_best(), 2);
  EXPECT_EQ(of({{nan, 1}, {1, 1}}).since_best(), 0);
}

TEST(ValidationHistory, SaysHowItEndedWorse) {
  EXPECT_EQ(of({}).worse(), "");
  EXPECT_EQ(of({{1, 1}}).worse(), "");
  EXPECT_EQ(of({{1, 1}, {5, 5}, {1, 0.5}}).worse(), "");
  EXPECT_EQ(of({{1, 1}, {2, 2}}, 10).worse(), "");  // the start is not known
  EXPECT_EQ(of({{1.5, 1}, {0, 0}, {2.25, 0.5}}).worse(), "validation loss is 2.25, at the start it was 1.5");
  EXPECT_EQ(of({{1, 1}, {0.5, 1.25}}).worse(), "validation error is 1.25, at the start it was 1");
  EXPECT_EQ(of({{1, 1}, {0.5, 1.0625}}).worse(), "");  // as may be by chance
  EXPECT_THAT(of({{1, 1}, {nan, nan}}).worse(), AllOf(HasSubstr("loss is nan"), HasSubstr("error is nan")));
}

}  // namespace
}  // namespace alfi
