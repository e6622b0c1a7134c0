#include "src/evaluation/compared_sets.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace alfi {
namespace {

constexpr int count = 129;

std::vector<ComparedSet> draws(std::mt19937& generator) {
  std::normal_distribution<double> law;
  std::vector<ComparedSet> sets;
  for (int i = 0; i < count; ++i) {
    ComparedSet set{std::exp(law(generator)), {}, {law(generator)}, {law(generator), law(generator)}};
    const double common = 3 * law(generator);  // as θ changes all parts
    for (int cell = 0; cell < 20; ++cell) set.parts.push_back(common + law(generator));
    sets.push_back(set);
  }
  return sets;
}

// Among equals the first is the most unusual one of 129 as often as any other.
TEST(RankOfFirst, GivesNoMoreFalseAlarmsThanItSays) {
  std::mt19937 generator(1);
  constexpr int repeats = 1500;
  int alarms = 0, halves = 0;
  for (int i = 0; i < repeats; ++i) {
    const double p = rank_of_first(draws(generator)).p;
    EXPECT_GE(p, 1.0 / count);
    alarms += p <= 0.05 ? 1 : 0;
    halves += p <= 0.5 ? 1 : 0;
  }
  EXPECT_NEAR(alarms, repeats * 6.0 / count, 4 * std::sqrt(repeats * 0.05));  // 4 standard errors
  EXPECT_NEAR(halves, repeats * 64.0 / count, 4 * std::sqrt(repeats * 0.25));
}

TEST(RankOfFirst, FindsOneThatIsOutInAnything) {
  std::mt19937 generator(2);
  const std::vector<ComparedSet> sets = draws(generator);
  const double least = 1.0 / count;
  std::vector<ComparedSet> out = sets;
  out[0].distance = 1e4;
  EXPECT_EQ(rank_of_first(out).energy_p, least);
  EXPECT_EQ(rank_of_first(out).p, least);
  for (const double spread : {-9.0, 9.0}) {
    out = sets;
    out[0].spreads[0] = spread;
    EXPECT_EQ(rank_of_first(out).spread_p, least);
    EXPECT_EQ(rank_of_first(out).p, least);
  }
  out = sets;
  out[0].extremes[1] = 9;
  EXPECT_EQ(rank_of_first(out).extremes_p, least);
  EXPECT_EQ(rank_of_first(out).p, least);
  out[0].extremes[1] = -9;  // the least of all is far inside
  EXPECT_GT(rank_of_first(out).extremes_p, least);
  out = sets;
  out[0].parts[3] += 9;  // hidden among parts that θ moves by 3, were it not for the others
  EXPECT_EQ(rank_of_first(out).shape_p, least);
  EXPECT_EQ(rank_of_first(out).p, least);
}

TEST(RankOfFirst, OfEqualSetsIsOne) {
  const std::vector<ComparedSet> sets(count, {0, {1, 0}, {0}, {2, 2}});
  const Ranks ranks = rank_of_first(sets);
  for (const double p : {ranks.p, ranks.energy_p, ranks.shape_p, ranks.spread_p, ranks.extremes_p}) EXPECT_EQ(p, 1);
}

}  // namespace
}  // namespace alfi
