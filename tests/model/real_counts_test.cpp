#include "src/model/real_counts.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/episode/problem.hpp"
#include "tests/support/small_configuration.hpp"

namespace alfi {
namespace {

constexpr std::uint32_t last = std::numeric_limits<std::uint32_t>::max();

TEST(RealCounts, CutALogUniformLawToWholeNumbers) {
  for (const auto& [min, max] : {std::pair{1, 2}, {5, 200}, {100, 3000}, {1, 100000}}) {
    Configuration configuration = test::small_configuration();
    configuration.episode.real_observations = {min, max};
    const RealCounts counts = real_counts(configuration.episode.real_observations);
    ASSERT_EQ(counts.above.size(), static_cast<std::size_t>(max - min));
    for (std::size_t i = 0; i < counts.above.size(); ++i) {
      // P(R > min + i) of R = ⌊min ((max + 1)/min)^u⌋; a word is 2⁻³² of probability.
      const double below = std::log((min + static_cast<double>(i) + 1) / min) / std::log((max + 1.0) / min);
      ASSERT_NEAR(counts.above[i], below * 0x1p32, 2) << min << " to " << max << ", " << i;
    }
  }
}

TEST(RealCounts, TheKernelFindsThemInTheTable) {
  Configuration configuration = test::small_configuration();
  configuration.episode.real_observations = {3, 6};
  const RealCounts counts = real_counts(configuration.episode.real_observations);
  const ProblemRule rule{16, 0, 1, 3, 6, counts.above.data(), counts.input.data()};
  const PhiloxKey key{1, 2};
  int met[4] = {};
  for (std::uint32_t name = 0; name < 1000; ++name) {
    const std::uint32_t word = philox<std::uint32_t>(0, 0, 0, name, key).word[0];
    int expected = 3;
    for (const std::uint32_t threshold : counts.above) expected += word >= threshold ? 1 : 0;
    ASSERT_EQ(real_count(rule, key, name), expected);
    ++met[expected - 3];
  }
  for (const int times : met) EXPECT_GT(times, 0);
  EXPECT_LT(counts.above.back(), last);
}

TEST(RealCounts, OneNumberNeedsNoTable) {
  const RealCounts counts = real_counts(test::small_configuration().episode.real_observations);
  EXPECT_TRUE(counts.above.empty());
  EXPECT_EQ(counts.input, std::vector<float>{0});
}

TEST(RealCounts, TheRimSeesTheStandardisedLogarithm) {
  EXPECT_EQ(count_input({7, 7}, 7), 0);
  EXPECT_NEAR(count_input({10, 1000}, 100), 0, 1e-6);  // the middle of log 10 … log 1000
  EXPECT_NEAR(count_input({10, 1000}, 1000), std::sqrt(3.0), 1e-6);
}

}  // namespace
}  // namespace alfi
