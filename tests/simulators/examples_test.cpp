// The simulators of examples/simulators against what is known of their laws.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "src/simulators/conformance.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

SimulatorInfo example(const std::string& name) {
  return simulator_at((std::filesystem::path(ALFI_EXAMPLES) / "simulators" / name).string(), {});
}

/// Draws observations (count, X) on two threads.
std::vector<float> draw(const SimulatorInfo& simulator, const std::vector<double>& theta, int count) {
  const auto X = static_cast<std::size_t>(simulator.observations.dimension);
  std::vector<float> x(static_cast<std::size_t>(count) * X);
  const HostSimulator& functions = *host_simulator(simulator.number);
  std::vector<std::jthread> threads;
  for (const int half : {0, 1})
    threads.emplace_back([&, half] {
      Sample sample = make_sample(simulator, theta, {7, 8}, count / 2);
      sample.first = std::int64_t{half} * (count / 2);
      sample.x = x.data() + static_cast<std::size_t>(sample.first) * X;
      functions.draw_sample(functions.context, sample);
    });
  threads.clear();
  return x;
}

/// A mean with its standard error, and the deviation, of runs in double precision.
struct Known {
  int statistic;
  double mean, error, deviation;
};

struct Truth {
  std::array<double, 4> rates;
  std::vector<Known> known;
};

// Runs of 10⁵ in double by another program. mean_y has a heavy tail and is not compared.
const std::vector<Truth> truths{
    {{0.01, 0.5, 1, 0.01},
     {{0, 89.40, 0.07, 21.69},
      {2, 8.438, 0.002, 0.623},
      {3, 7.762, 0.003, 0.934},
      {4, 0.9796, 0, 0.0090},
      {5, 0.9366, 0, 0.0220},
      {6, 0.9707, 0, 0.0097},
      {7, 0.9127, 0, 0.0211},
      {8, 0.1015, 0.0006, 0.179}}},
    {{0.02, 1, 0.5, 0.01},
     {{0, 41.78, 0.05, 14.15},
      {2, 7.549, 0.002, 0.569},
      {3, 9.853, 0.013, 4.117},
      {4, 0.9769, 0, 0.0109},
      {5, 0.9280, 0, 0.0265},
      {6, 0.9601, 0, 0.0259},
      {7, 0.9063, 0, 0.0486},
      {8, -0.0949, 0.0006, 0.188}}},
    {{0.015, 0.6, 0.6, 0.006},
     {{0, 94.94, 0.08, 25.70},
      {2, 9.065, 0.002, 0.556},
      {3, 7.965, 0.008, 2.380},
      {4, 0.9825, 0, 0.0096},
      {5, 0.9438, 0, 0.0226},
      {6, 0.9692, 0, 0.0176},
      {7, 0.9188, 0, 0.0320},
      {8, 0.0354, 0.0006, 0.183}}},
};

TEST(LotkaVolterra, HasItsMeansAndDeviations) {
  const SimulatorInfo simulator = example("lotka_volterra.hpp");
  constexpr int count = 100'096;  // two halves of whole sixty-fours
  for (const Truth& truth : truths) {
    std::vector<double> theta;
    for (const double rate : truth.rates) theta.push_back(std::log(rate));
    const std::vector<float> x = draw(simulator, theta, count);
    for (const auto& [statistic, mean, error, deviation] : truth.known) {
      SCOPED_TRACE(testing::Message() << "rate 1 = " << truth.rates[0] << ", statistic " << statistic);
      double sum = 0, squares = 0;
      for (int i = 0; i < count; ++i) sum += static_cast<double>(x[static_cast<std::size_t>(9 * i + statistic)]);
      for (int i = 0; i < count; ++i)
        squares += std::pow(static_cast<double>(x[static_cast<std::size_t>(9 * i + statistic)]) - sum / count, 2);
      const double own = deviation / std::sqrt(count);
      // An error that is not given is that of as many runs, and of the last digit printed.
      const double other = error > 0 ? error : own + 5e-5 / 4;
      EXPECT_NEAR(sum / count, mean, 4 * std::hypot(own, other));
      // Within 2 %, and half of the last digit of deviations below 0.01.
      EXPECT_NEAR(std::sqrt(squares / count), deviation, 0.02 * deviation + (deviation < 0.01 ? 5e-5 : 0));
    }
  }
}

TEST(LotkaVolterra, ConformsAndKeepsLanesBusy) {
  const SimulatorInfo simulator = example("lotka_volterra.hpp");
  const Conformance result = check_conformance(simulator);
  EXPECT_EQ(result.faults.size(), 0U) << (result.faults.empty() ? "" : result.faults[0]);
  EXPECT_GT(result.steps, 1000);
  EXPECT_GE(result.lanes_busy, 0.75);

  // A tile and iteration of a training, with eight parameters and an observation of each.
  constexpr int parameters = 8, rows = parameters * tile_lanes;
  const auto maps = maps_of(simulator);
  const std::vector<ParameterUnits> units = units_of(simulator, *maps);
  const std::vector<float> mean(9, 0.0F), scale(9, 1.0F);
  std::vector<float> theta, x(9 * rows);
  std::mt19937 engine(1);
  std::normal_distribution<float> normal(0, 0.25F);
  for (int m = 0; m < parameters; ++m)
    for (std::size_t d = 0; d < 4; ++d)
      for (int lane = 0; lane < tile_lanes; ++lane) {
        const double truth = std::log(truths[0].rates[d]);
        theta.push_back((static_cast<float>(truth) - units[d].mean) / units[d].deviation + normal(engine));
      }
  std::uint32_t episode[tile_lanes];
  std::iota(episode, episode + tile_lanes, 0U);
  LaneUse use{0, 0};
  const HostSimulator& functions = *host_simulator(simulator.number);
  functions.simulate(functions.context, {Transform::none, mean.data(), scale.data()},
                     {.key = {1, 2},
                      .episode = episode,
                      .first_row = 0,
                      .parameters = parameters,
                      .count = 1,
                      .D = 4,
                      .units = units.data(),
                      .pieces = 1,
                      .theta = theta.data(),
                      .clamped = nullptr,
                      .x = {x.data(), rows},
                      .use = &use});
  EXPECT_GE(static_cast<double>(use.busy), 0.75 * static_cast<double>(use.all));
}

/// The equations by Runge and Kutta's method in double.
std::vector<double> logarithms_of_pelts(const std::vector<double>& theta) {
  const double alpha = std::exp(theta[0]), beta = std::exp(theta[1]), gamma = std::exp(theta[2]),
               delta = std::exp(theta[3]);
  double u = theta[4], v = theta[5];
  std::vector<double> hares, lynx;
  for (int year = 0; year < 21; ++year) {
    constexpr int steps = 400;
    constexpr double h = 1.0 / steps;
    for (int i = 0; i < steps && year > 0; ++i) {
      const auto slope = [&](double a, double b) {
        return std::pair{alpha - beta * std::exp(b), delta * std::exp(a) - gamma};
      };
      const auto [u1, v1] = slope(u, v);
      const auto [u2, v2] = slope(u + h / 2 * u1, v + h / 2 * v1);
      const auto [u3, v3] = slope(u + h / 2 * u2, v + h / 2 * v2);
      const auto [u4, v4] = slope(u + h * u3, v + h * v3);
      u += h / 6 * (u1 + 2 * (u2 + u3) + u4);
      v += h / 6 * (v1 + 2 * (v2 + v3) + v4);
    }
    hares.push_back(u);
    lynx.push_back(v);
  }
  hares.insert(hares.end(), lynx.begin(), lynx.end());
  return hares;
}

TEST(Pelts, FollowTheirEquationsWithNoise) {
  const SimulatorInfo simulator = example("pelts.hpp");
  constexpr int count = 20'096;
  for (const std::vector<double>& theta : {std::vector<double>{-0.602, -3.583, -0.237, -3.741, 3.519, 1.780, -1.423},
                                           {-0.125, -3, -0.125, -3, 2.3, 2.3, -1}}) {
    const std::vector<double> expected = logarithms_of_pelts(theta);
    const std::vector<float> x = draw(simulator, theta, count);
    const double sigma = std::exp(theta[6]);
    for (std::size_t k = 0; k < 42; ++k) {
      double sum = 0, squares = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const double distance = std::log(static_cast<double>(x[42 * i + k])) - expected[k];
        sum += distance;
        squares += distance * distance;
      }
      EXPECT_NEAR(sum / count, 0, 5 * sigma / std::sqrt(count) + 2e-4) << k;  // and Runge and Kutta's error in float
      EXPECT_NEAR(squares / count, sigma * sigma, 5 * sigma * sigma * std::sqrt(2.0 / count) + 1e-6) << k;
    }
  }
  EXPECT_EQ(check_conformance(simulator).faults.size(), 0U);
}

}  // namespace
}  // namespace alfi
