// Moments against long sums.
#include "src/sample_statistics.hpp"

#include <gtest/gtest.h>

#include <random>


namespace alfi {
namespace {

/// Normal numbers around 1000, most of whose digits the mean has.
std::vector<float> far_from_zero(std::size_t count) {
  std::mt19937_64 generator(1);
  std::normal_distribution<float> normal(1000, 1);
  std::vector<float> x(count);
  for (float& value : x) value = normal(generator);
  return x;
}

TEST(SampleStatistics, HaveTheMomentsOfEachColumn) {
  for (const int columns : {1, 3})
    for (const std::size_t rows : {1U, 255U, 256U, 257U, 5000U}) {
      const auto X = static_cast<std::size_t>(columns);
      const std::vector<float> x = far_from_zero(rows * X);
      const std::vector<Moments> moments = host_statistics().moments(x, columns);
      ASSERT_EQ(moments.size(), X);
      for (std::size_t k = 0; k < X; ++k) {
        long double sum = 0, squares = 0;
        for (std::size_t i = k; i < x.size(); i += X) sum += x[i];
        const long double mean = sum / rows;
        for (std::size_t i = k; i < x.size(); i += X) squares += (x[i] - mean) * (x[i] - mean);
        EXPECT_EQ(moments[k].count, static_cast<double>(rows));
        // A piece's sum of 256 terms of one sign is off by 256 ε/2 of itself at most; merging adds a few ε.
        EXPECT_NEAR(moments[k].mean / static_cast<double>(mean), 1, 300 * 1.2e-16);
        // The same in the squares, and what the mean's error of 300 · 1.2e-16 · 1000 does to each.
        EXPECT_NEAR(moments[k].squares, static_cast<double>(squares), 1e-12 * static_cast<double>(squares) + 1e-18);
      }
    }
}

}  // namespace
}  // namespace alfi
