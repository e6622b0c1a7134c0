#include "src/evaluation/energy_grid.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace alfi {
namespace {

std::vector<float> normals(std::size_t count, float mean, float deviation, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> law(mean, deviation);
  std::vector<float> x(count);
  for (float& value : x) value = law(generator);
  return x;
}

/// 2 E|x − y| − E|x − x'| − E|y − y'| over all pairs, equal ones among them.
double energy_distance(const std::vector<float>& x, const std::vector<float>& y) {
  const auto mean = [](const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (const float u : a)
      for (const float v : b) sum += std::abs(static_cast<double>(u) - static_cast<double>(v));
    return sum / static_cast<double>(a.size() * b.size());
  };
  return 2 * mean(x, y) - mean(x, x) - mean(y, y);
}

TEST(EnergyGrid, IsNearlyTheEnergyDistanceOfNumbers) {
  const std::vector<float> pool = normals(1000, 0, 1, 1);
  const EnergyGrid grid(pool, 1);
  for (const auto& [mean, deviation] : {std::pair(0.5F, 1.0F), {-1.0F, 1.0F}, {0.0F, 2.0F}, {0.0F, 0.3F}}) {
    const std::vector<float> x = normals(301, mean, deviation, 2);
    const double exact = energy_distance(x, pool);
    // Between 32 places it is not summed, nor beyond the pool.
    EXPECT_NEAR(grid.of(x).distance, exact, 0.1 * exact) << mean << ", " << deviation;
  }
  EXPECT_LT(grid.of(normals(301, 0, 1, 3)).distance, 0.02);
}

TEST(EnergyGrid, CountsTheObservationsOfEachCell) {
  std::vector<float> pool;  // 0, 1, … 319: cells of 10, but for the first and the last, of 6 and 4 of them
  for (int i = 0; i < 320; ++i) pool.push_back(static_cast<float>(i));
  const EnergyGrid grid(pool, 1);
  const std::vector<double> own = grid.of(pool).parts;
  ASSERT_EQ(own.size(), 33U);
  double sum = 0;
  for (const double part : own) sum += part * part;  // of the pool itself: Σ p²/p
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_EQ(grid.of(pool).distance, 0);
  // One at 17 observations, so that not all go 16 side by side.
  std::vector<float> x(17, 100.0F);
  const std::vector<double> parts = grid.of(x).parts;
  EXPECT_EQ(std::ranges::count_if(parts, [](double part) { return part != 0; }), 1);
  EXPECT_NEAR(*std::ranges::max_element(parts), 1 / std::sqrt(10.0 / 320), 1e-9);
}

TEST(EnergyGrid, TakesOneObservationAndConstantOnes) {
  const EnergyGrid grid(normals(64, 0, 1, 1), 1);
  EXPECT_GT(grid.of(std::vector<float>{5}).distance, grid.of(std::vector<float>{0}).distance);
  const EnergyGrid constant(std::vector<float>(64, 3.0F), 1);
  EXPECT_EQ(constant.of(std::vector<float>{7}).distance, 0);  // only places of the pool count
  EXPECT_EQ(constant.of(std::vector<float>{2}).parts.size(), 1U);
}

// Numbers that are equally spread each, and differ in how they go together, differ along other directions.
TEST(EnergyGrid, SeesHowNumbersGoTogether) {
  const auto pairs = [](float correlation, std::uint32_t seed) {
    std::vector<float> x = normals(2000, 0, 1, seed);
    for (std::size_t i = 0; i < x.size(); i += 2)
      x[i + 1] = correlation * x[i] + std::sqrt(1 - correlation * correlation) * x[i + 1];
    return x;
  };
  const EnergyGrid grid(pairs(0, 1), 2);
  EXPECT_GT(grid.of(pairs(0.9F, 2)).distance, 5 * grid.of(pairs(0, 3)).distance);
}

}  // namespace
}  // namespace alfi
