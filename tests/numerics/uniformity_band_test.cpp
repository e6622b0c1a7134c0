// The band against its definition: all samples of a few numbers counted one by one, and large ones drawn.
#include "src/numerics/uniformity_band.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "alfi/error.hpp"
#include "tests/support/message_of.hpp"

namespace alfi {
namespace {

using test::message_of;
using testing::HasSubstr;

TEST(UniformityBand, CountsTheSamplesInside) {
  constexpr int count = 5, places = 4;
  const std::vector<int> low{0, 1, 3}, high{2, 3, 5};
  int inside = 0, all = 0;
  for (int sample = 0; sample < 1024; ++sample, ++all) {  // each of 5 numbers in one of 4 parts
    int in_part[places] = {};
    for (int i = 0, rest = sample; i < count; ++i, rest /= places) ++in_part[rest % places];
    bool within = true;
    for (int k = 0, so_far = 0; k + 1 < places; ++k) {
      so_far += in_part[k];
      within = within && low[static_cast<std::size_t>(k)] <= so_far && so_far <= high[static_cast<std::size_t>(k)];
    }
    inside += within ? 1 : 0;
  }
  EXPECT_GT(inside, 100);
  EXPECT_NEAR(chance_inside(count, low, high), static_cast<double>(inside) / all, 1e-14);
}

TEST(UniformityBand, HoldsWholeSamplesAsOftenAsAsked) {
  constexpr int count = 200, places = 20, samples = 20000;
  for (const double level : {0.8, 0.95}) {
    const UniformityBand band = uniformity_band(count, places, level);
    std::mt19937_64 generator(5);
    int inside = 0;
    for (int s = 0; s < samples; ++s) {
      std::vector<double> u(count);
      for (double& v : u) v = static_cast<double>(generator() >> 11) * 0x1p-53;
      std::sort(u.begin(), u.end());
      const std::vector<double> part = distribution_function(u, places);
      bool within = true;
      for (std::size_t k = 0; k < part.size(); ++k)
        within = within && band.lower[k] <= part[k] && part[k] <= band.upper[k];
      inside += within ? 1 : 0;
    }
    // Four standard errors below; above, what one count more or less at every place does.
    const double error = std::sqrt(level * (1 - level) / samples);
    EXPECT_GT(static_cast<double>(inside) / samples, level - 4 * error);
    EXPECT_LT(static_cast<double>(inside) / samples, level + 0.02);
  }
}

TEST(UniformityBand, IsWiderThanAPointwiseIntervalAndEndsInPoints) {
  const UniformityBand band = uniformity_band(10000, 100);
  ASSERT_EQ(band.lower.size(), 101U);
  EXPECT_EQ(band.lower.front(), 0);
  EXPECT_EQ(band.upper.front(), 0);
  EXPECT_EQ(band.lower.back(), 1);
  EXPECT_EQ(band.upper.back(), 1);
  // In the middle, deviations of a half over √count: pointwise 1.96 of them; for all of the time the law of Kolmogorov
  // has 1.358 / √count, which is 2.72 of them, and these bands are of that size.
  EXPECT_GT(band.upper[50] - 0.5, 2.3 * 0.5 / 100);
  EXPECT_LT(band.upper[50] - 0.5, 3.3 * 0.5 / 100);
  EXPECT_NEAR(band.upper[50] - 0.5, 0.5 - band.lower[50], 1e-12);
  for (std::size_t k = 0; k <= 100; ++k) EXPECT_LE(band.lower[k], band.upper[k]);
}

TEST(UniformityBand, ExistsForOneNumberAndOnePlace) {
  EXPECT_EQ(uniformity_band(1, 1).lower, (std::vector<double>{0, 1}));
  const UniformityBand band = uniformity_band(1, 10);
  for (std::size_t k = 1; k < 10; ++k) {
    EXPECT_EQ(band.lower[k], 0);
    EXPECT_EQ(band.upper[k], 1);
  }
}

TEST(UniformityBand, RefusesWhatIsNoSample) {
  EXPECT_THAT(message_of<InputError>([] { (void)uniformity_band(0, 10); }), HasSubstr("count is 0"));
  EXPECT_THAT(message_of<InputError>([] { (void)uniformity_band(10, 0); }), HasSubstr("places is 0"));
  EXPECT_THAT(message_of<InputError>([] { (void)uniformity_band(10, 10, 1); }), HasSubstr("level is 1"));
}

TEST(DistributionFunction, CountsWhatIsAtMost) {
  const std::vector<double> u{0.1, 0.25, 0.25, 0.6, 1};
  EXPECT_EQ(distribution_function(u, 4), (std::vector<double>{0, 0.6, 0.6, 0.8, 1}));
  EXPECT_TRUE(std::isnan(distribution_function({}, 2)[1]));
}

}  // namespace
}  // namespace alfi
