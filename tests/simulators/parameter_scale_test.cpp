// Priors of every kind: normal scores against the laws' densities, the kernels' map against the scores.
#include "src/simulators/parameter_scale.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "src/numerics/statistics.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

ParameterInfo info_of(const PriorLaw& law) { return {"a", "", law.low, law.high, law.prior, law.first, law.second}; }

SimulatorInfo simulator_of(const PriorLaw& law) {
  return {.name = "one", .description = "", .parameters = {info_of(law)}, .observations = {}, .constants = {}};
}

/// A law and the logarithm of its density of x up to a factor, which is integrated over t with x = x(t).
struct Case {
  PriorLaw law;
  double low, high;                          ///< of t
  std::function<double(double)> x;           ///< of t
  std::function<double(double)> log_weight;  ///< log density of t
};

std::vector<Case> cases() {
  const auto same = [](double t) { return t; };
  const auto power = [](double t) { return std::exp(t); };
  const auto logit = [](double t) { return 1 / (1 + std::exp(-t)); };
  std::vector<Case> all;
  all.push_back({uniform(-2, 3), -2, 3, same, [](double) { return 0.0; }});
  all.push_back({normal(1, 0.5), -6, 8, same, [](double t) { return -2 * (t - 1) * (t - 1); }});
  all.push_back({log_uniform(0.1, 10), std::log(0.1), std::log(10), power, [](double) { return 0.0; }});
  all.push_back({log_normal(0.3, 0.8), -9, 10, power, [](double t) { return -std::pow((t - 0.3) / 0.8, 2) / 2; }});
  all.push_back({truncated_normal(0, 1, -0.5, 2), -0.5, 2, same, [](double t) { return -t * t / 2; }});
  all.push_back({truncated_normal(0, 1, 3, 5), 3, 5, same, [](double t) { return -t * t / 2; }});
  all.push_back({exponential(2), -40, 5, power, [](double t) { return t - 2 * std::exp(t); }});
  for (const double shape : {0.3, 1.0, 4.0, 200.0})
    all.push_back({gamma(shape, 1.5), shape < 1 ? -200.0 : -45.0, 9, power,
                   [shape](double t) { return shape * t - std::exp(t) / 1.5; }});
  for (const auto& [a, b] : {std::pair{0.5, 0.5}, {2.0, 5.0}, {60.0, 3.0}})
    all.push_back({beta(a, b), -70, 70, logit, [a = a, b = b](double t) {
                     return t > 0 ? -b * t - (a + b) * std::log1p(std::exp(-t))
                                  : a * t - (a + b) * std::log1p(std::exp(t));
                   }});
  return all;
}

TEST(ParameterScale, IsTheNormalScoreUnderThePrior) {
  for (const Case& c : cases()) {
    const ParameterInfo parameter = info_of(c.law);
    SCOPED_TRACE(prior_text(parameter));
    // P(x <= value) by the midpoint rule, without the library's special functions.
    constexpr int pieces = 400'000;
    const double step = (c.high - c.low) / pieces;
    std::vector<double> below{0};
    double most = -INFINITY;
    for (int i = 0; i < pieces; ++i) most = std::max(most, c.log_weight(c.low + (i + 0.5) * step));
    for (int i = 0; i < pieces; ++i)
      below.push_back(below.back() + std::exp(c.log_weight(c.low + (i + 0.5) * step) - most));
    for (double z = -3.5; z <= 3.5; z += 0.5) {
      if (!works_on_scores(parameter)) break;
      const double value = natural_of(parameter, z);
      std::size_t i = 0;  // the pieces below the value
      for (std::size_t half = below.size(); half > 0; half /= 2)
        while (i + half < below.size() && c.x(c.low + static_cast<double>(i + half) * step) <= value) i += half;
      const double from = c.x(c.low + static_cast<double>(i) * step),
                   to = c.x(c.low + static_cast<double>(i + 1) * step);
      const double part = i + 1 < below.size() && to > from ? (value - from) / (to - from) : 0;
      const double piece = i + 1 < below.size() ? below[i + 1] - below[i] : 0;
      EXPECT_NEAR((below[i] + part * piece) / below.back(), normal_cdf(z), 1e-7) << z;
    }
  }
}

TEST(ParameterScale, TheKernelsMapIsIt) {
  for (const Case& c : cases()) {
    const SimulatorInfo simulator = simulator_of(c.law);
    const auto maps = maps_of(simulator);
    const ParameterUnits units = units_of(simulator, *maps).at(0);
    SCOPED_TRACE(prior_text(simulator.parameters[0]));
    for (double z = -6.99; z <= 7; z += 0.0173) {
      const double exact = natural_of(simulator.parameters[0], z);
      const double value = static_cast<double>(natural_of<float>(units, static_cast<float>(z)));
      // θ itself within some roundings of a float, and of log θ, which has up to 8 times its units in the last place;
      // what is smaller than a float is 0.
      const double rounding =
          4e-7 * std::max({std::fabs(exact), std::fabs(exact * std::log(std::fabs(exact) + 1e-300)), 1e-30});
      const double moved = std::fabs(natural_of(simulator.parameters[0], z + 3e-7) - exact);  // z is rounded, too
      EXPECT_NEAR(value, exact, rounding + moved) << z;
    }
    // Beyond its reach the map is at its end, inside the prior, and NaN stays NaN.
    if (!works_on_scores(simulator.parameters[0])) continue;
    for (const float z : {-50.0F, -7.0F, 7.0F, 50.0F, INFINITY, -INFINITY}) {
      const double value = static_cast<double>(natural_of<float>(units, z));
      EXPECT_EQ(value, static_cast<double>(natural_of<float>(units, z > 0 ? 7.0F : -7.0F)));
      EXPECT_GE(value, static_cast<double>(static_cast<float>(c.law.low)));
      EXPECT_LE(value, static_cast<double>(static_cast<float>(c.law.high)));
    }
    EXPECT_TRUE(std::isnan(natural_of<float>(units, NAN)));
  }
}

TEST(ParameterScale, RefusesLawsThatAreNone) {
  for (const Case& c : cases()) EXPECT_EQ(refused_prior(c.law), "");
  EXPECT_EQ(refused_prior(log_uniform(0, 1)), "reaches from 0 to 1; it must be finite, above 0 and not empty");
  EXPECT_EQ(refused_prior(exponential(0)), "has the rate 0; it must be above 0");
  for (const PriorLaw& law : {uniform(1, 1), uniform(0, infinity), log_uniform(2, 1), log_normal(0, 0),
                              log_normal(NAN, 1), truncated_normal(0, 1, 2, 1), truncated_normal(0, -1, 0, 1),
                              beta(0, 1), gamma(1, -1), gamma(infinity, 1), exponential(-1), exponential(NAN)})
    EXPECT_NE(refused_prior(law), "");
}

/// Integrates θ over normal scores, which is independent of the closed forms.
TEST(ParameterScale, KnowsMeanAndDeviationOfEveryLaw) {
  for (const Case& c : cases()) {
    const ParameterInfo parameter = info_of(c.law);
    SCOPED_TRACE(prior_text(parameter));
    // Over t of the case, by the midpoint rule.
    constexpr int pieces = 400'000;
    const double step = (c.high - c.low) / pieces;
    double most = -INFINITY, weight = 0, sum = 0, squares = 0;
    const auto each = [&](const auto& body) {
      for (int i = 0; i < pieces; ++i) body(c.low + (i + 0.5) * step);
    };
    each([&](double t) { most = std::max(most, c.log_weight(t)); });
    each([&](double t) {
      const double w = std::exp(c.log_weight(t) - most);
      weight += w;
      sum += w * c.x(t);
    });
    const double mean = sum / weight;
    each([&](double t) { squares += std::exp(c.log_weight(t) - most) * (c.x(t) - mean) * (c.x(t) - mean); });
    const double deviation = std::sqrt(squares / weight);
    EXPECT_NEAR(parameter.mean(), mean, 1e-6 * deviation);
    EXPECT_NEAR(parameter.deviation(), deviation, 1e-6 * deviation);
  }
}

/// In either space: draws have the prior's law, the machine's numbers mean 0 and deviation 1.
TEST(ParameterScale, DrawsThePriorInEitherSpace) {
  constexpr int draws = 200'000;
  for (const Case& c : cases())
    for (const Space space : {Space::natural, Space::normal}) {
      SimulatorInfo simulator = simulator_of(c.law);
      ParameterInfo& parameter = simulator.parameters[0];
      parameter.space = space;
      SCOPED_TRACE(prior_text(parameter) + (space == Space::natural ? ", natural" : ", normal"));
      const auto maps = maps_of(simulator);
      const ParameterUnits units = units_of(simulator, *maps).at(0);
      std::vector<double> p;  // the prior's distribution function at each draw
      double sum = 0, squares = 0;
      for (std::uint32_t i = 0; i < draws; ++i) {
        const Stream<float> stream{stream_key(5, Phase::training, Purpose::truth, 0), i, 0};
        const float standard = prior_draw<float>(units, stream.block(0));
        sum += static_cast<double>(standard);
        squares += static_cast<double>(standard) * static_cast<double>(standard);
        if (i >= 2000) continue;
        const auto natural = static_cast<double>(natural_of<float>(units, standard));
        double low = -9, high = 9;  // the normal score, by bisection
        for (int step = 0; step < 60; ++step) {
          const double middle = (low + high) / 2;
          (natural_of_score(parameter, middle) < natural ? low : high) = middle;
        }
        p.push_back(normal_cdf(low));
      }
      // Five standard errors; of the squares with the fourth moment of a heavy tail, which is far larger than normal's.
      EXPECT_NEAR(sum / draws, 0, 5 / std::sqrt(draws));
      if (space == Space::normal || c.law.prior == Prior::uniform) {
        EXPECT_NEAR(squares / draws, 1, 5 * std::sqrt(2.0 / draws));
      }
      std::sort(p.begin(), p.end());
      double distance = 0;
      for (std::size_t i = 0; i < p.size(); ++i)
        distance = std::max(distance, std::fabs(p[i] - (static_cast<double>(i) + 0.5) / static_cast<double>(p.size())));
      EXPECT_LT(distance, 1.95 / std::sqrt(static_cast<double>(p.size())));  // Kolmogorov and Smirnov's at 1e-3
    }
}

TEST(ParameterScale, KeepsThePriorsRangeWhereASimulatorHasNoDomain) {
  for (const Case& c : cases()) {
    SimulatorInfo simulator = simulator_of(c.law);
    simulator.parameters[0].space = Space::natural;
    const auto maps = maps_of(simulator);
    const ParameterUnits units = units_of(simulator, *maps).at(0);
    EXPECT_EQ(static_cast<double>(units.low), c.law.prior == Prior::normal
                                                  ? c.law.mean() - 8 * c.law.deviation()
                                                  : static_cast<double>(static_cast<float>(c.law.low)));
    EXPECT_GE(static_cast<double>(units.high), static_cast<double>(static_cast<float>(c.law.high)));
  }
}

}  // namespace
}  // namespace alfi
