#include "src/baselines/energy_distance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "src/numerics/statistics.hpp"

namespace alfi::baselines {
namespace {

std::vector<float> normals(std::size_t count, float mean, std::mt19937& generator) {
  std::normal_distribution<float> law(mean);
  std::vector<float> x(count);
  for (float& value : x) value = std::round(8 * law(generator)) / 8;  // with ties
  return x;
}

TEST(EnergyDistanceToOne, IsTheEnergyDistance) {
  std::mt19937 generator(1);
  for (const int X : {1, 2, 5}) {
    const std::vector<float> x = normals(static_cast<std::size_t>(60 * X), 0, generator);
    const EnergyDistance distance(x, X);
    for (const float mean : {-3.0F, 0.0F, 0.5F, 40.0F}) {
      std::vector<float> y = normals(static_cast<std::size_t>(7 * X), mean, generator);
      const double expected = energy_distance(host_statistics(), x, y, X);
      // Sums of 60 float distances, each of few times 2⁻²⁴, up to 40 √X in size; scalars are summed in double.
      EXPECT_NEAR(distance.to(y), expected, X == 1 ? 1e-12 : 60 * 0x1p-24 * 200) << X << ", " << mean;
    }
  }
}

TEST(EnergyDistanceToOne, IsZeroOnAverageForEqualLawsAndGrowsWithTheGap) {
  std::mt19937 generator(2);
  double equal = 0, squares = 0, apart = 0;
  constexpr int samples = 2000;
  for (int i = 0; i < samples; ++i) {
    const EnergyDistance distance(normals(30, 0, generator), 1);
    std::vector<float> y = normals(10, 0, generator), z = normals(10, 1, generator);
    const double value = distance.to(y);
    equal += value / samples;
    squares += value * value / samples;
    apart += distance.to(z) / samples;
  }
  EXPECT_NEAR(equal, 0, 4 * std::sqrt(squares / samples));  // four deviations of the mean
  // 2 E|x − z| − 2 E|x − x'| for normals one deviation apart: 2 · (1.39915 − 1.12838).
  EXPECT_NEAR(apart, 0.54155, 0.05);
}

TEST(EnergyDistanceToOne, TakesTheFirstRowsOfManyVectors) {
  std::mt19937 generator(3);
  std::vector<float> x = normals(2 * EnergyDistance::most_rows, 0, generator), y = normals(2 * 5, 0, generator);
  const double expected = EnergyDistance(x, 2).to(y);
  x.insert(x.end(), {100, 100, 100, 100});
  EXPECT_EQ(EnergyDistance(x, 2).to(y), expected);
}

}  // namespace
}  // namespace alfi::baselines
