#include "src/evaluation/code_distance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace alfi {
namespace {

constexpr int C = 12;

/// Codes near a curve, with a little noise about it, and one number that never changes.
std::vector<float> codes(int problems, std::mt19937& generator) {
  std::uniform_real_distribution<float> theta(-2, 2);
  std::normal_distribution<float> noise(0, 0.02F);
  std::vector<float> all;
  for (int i = 0; i < problems; ++i) {
    const float t = theta(generator);
    for (int c = 0; c + 1 < C; ++c) all.push_back(std::tanh(0.3F * static_cast<float>(c - 5) + t) + noise(generator));
    all.push_back(0.25F);
  }
  return all;
}

TEST(CodeDistance, IsCalibratedOnOtherProblems) {
  std::mt19937 generator(1);
  int below_tenth = 0, alarms = 0;
  constexpr int machines = 20, each = 200;
  for (int machine = 0; machine < machines; ++machine) {
    const CodeDistance distance(codes(384, generator), C);
    const std::vector<float> others = codes(each, generator);
    for (int i = 0; i < each; ++i) {
      const double p = distance.probability(distance.of(std::span(others).subspan(static_cast<std::size_t>(i) * C, C)));
      below_tenth += p <= 0.1 ? 1 : 0;
      alarms += p <= 0.001 ? 1 : 0;
    }
  }
  // Problems of one machine share its 192 that calibrate: 4 standard errors of 20 such parts.
  EXPECT_NEAR(below_tenth, 0.1 * machines * each, 4 * machines * each * std::sqrt(0.09 / 192 / machines + 0.09 / 4000));
  EXPECT_LE(alarms, 24);  // 4 expected; the tail beyond the farthest of 192 is a guess, and shared too
}

TEST(CodeDistance, FindsCodesOffTheCurve) {
  std::mt19937 generator(2);
  const CodeDistance distance(codes(384, generator), C);
  std::vector<float> off = codes(1, generator);
  off[4] += 1;
  EXPECT_LT(distance.probability(distance.of(off)), 1e-4);
  EXPECT_LT(distance.of(codes(1, generator)), 10);
}

TEST(CodeDistance, OfCodesThatAreAllEqualOrNoNumbersSaysNothing) {
  const CodeDistance equal(std::vector<float>(192 * C, 1.0F), C);
  EXPECT_EQ(equal.probability(equal.of(std::vector<float>(C, 1.0F))), 1);
  EXPECT_EQ(equal.probability(equal.of(std::vector<float>(C, 9.0F))), 1);
  std::mt19937 generator(3);
  const CodeDistance distance(codes(384, generator), C);
  std::vector<float> none(C, std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(std::isnan(distance.probability(distance.of(none))));
}

}  // namespace
}  // namespace alfi
