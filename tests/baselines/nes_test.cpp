#include "src/baselines/nes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace alfi::baselines {
namespace {

TEST(Utilities, SumToZeroAndFallWithTheRank) {
  for (const int population : {4, 6, 7, 8, 31}) {
    const std::vector<double> u = utilities(population);
    EXPECT_NEAR(std::accumulate(u.begin(), u.end(), 0.0), 0, 1e-14);
    for (std::size_t k = 1; k < u.size(); ++k) EXPECT_LE(u[k], u[k - 1]);
    EXPECT_DOUBLE_EQ(u.back(), -1.0 / population);
  }
  // max(0, log 3 − log k): 1.0986, 0.4055, 0, 0.
  EXPECT_NEAR(utilities(4)[0], 1.0986123 / 1.5040774 - 0.25, 1e-7);
}

TEST(SeparableNes, HasTheUsualPopulations) {
  EXPECT_EQ(SeparableNes::population(1), 4);
  EXPECT_EQ(SeparableNes::population(2), 6);
  EXPECT_EQ(SeparableNes::population(10), 10);
}

TEST(SeparableNes, FindsTheMinimumOfAQuadratic) {
  const std::vector<double> best{0.7, -1.2, 2}, curvature{1, 30, 5};
  const std::size_t D = best.size();
  Random random({1, 2}, 3);
  SeparableNes search(static_cast<int>(D));
  for (int generation = 0; generation < 200; ++generation) {
    const std::vector<double> z = search.ask(random);
    std::vector<double> losses;
    for (std::size_t i = 0; i < z.size(); i += D) {
      double loss = 0;
      for (std::size_t d = 0; d < D; ++d) loss += curvature[d] * std::pow(z[i + d] - best[d], 2);
      losses.push_back(loss);
    }
    search.tell(losses);
  }
  // σ falls by about 5 % a generation.
  for (std::size_t d = 0; d < D; ++d) {
    EXPECT_NEAR(search.mean()[d], best[d], 1e-3);
    EXPECT_LT(search.deviation()[d], 1e-2);
  }
}

}  // namespace
}  // namespace alfi::baselines
