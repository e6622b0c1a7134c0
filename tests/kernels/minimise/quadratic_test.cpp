// Learning to minimise random quadratics: the kernels against their oracle and on every team, the engine, the trainer,
// the optimizers it is compared with.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "alfi/error.hpp"
#include "alfi/trainer.hpp"
#include "src/minimisation/optimisation.hpp"
#include "src/minimisation/quadratic_engine.hpp"
#include "src/minimisation/tuning.hpp"
#include "src/model/checkpoint.hpp"
#include "src/model/iteration_weights.hpp"
#include "src/system/instruction_set.hpp"
#include "tests/support/expect_outputs.hpp"
#include "tests/support/fiber_team.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/run_quadratics.hpp"
#include "tests/support/small_quadratic.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::QuadraticOutputs;
using test::QuadraticTape;
using test::small_quadratic;
using testing::HasSubstr;

template <class Team>
constexpr auto on_host = [](auto body) { body(Team{}); };

auto on_fibers(int threads, std::uint64_t seed) {
  return [=](auto body) {
    test::launch_fibers({threads, seed}, [&](const test::FiberTeam& team, int) { body(team); });
  };
}

void expect_outputs(const QuadraticOutputs& got, const QuadraticOutputs& expected, const test::Tolerances& tolerances) {
  EXPECT_LE(test::distance(got.theta, expected.theta), tolerances.psi);
  EXPECT_LE(test::distance(got.loss, expected.loss), tolerances.loss);
  EXPECT_LE(test::distance({got.total}, {expected.total}), tolerances.loss);
  ASSERT_EQ(got.gradients.size(), expected.gradients.size());
  double largest = 1e-30;
  for (const auto& [name, gradient] : expected.gradients) largest = std::max(largest, test::norm(gradient));
  for (const auto& [name, gradient] : expected.gradients)
    EXPECT_LE(test::distance(got.gradients.at(name), gradient, 1e-3 * largest), tolerances.gradient) << name;
}

/// Returns tapes with sizes around what the kernels cut, every choice, and gradients so small that they are not seen by
/// their logarithm.
std::vector<QuadraticTape> tapes() {
  std::vector<QuadraticTape> all{test::random_quadratics(3, 4, 5, 7, 6, 1), test::random_quadratics(17, 2, 1, 3, 2, 2),
                                 test::random_quadratics(1, 1, 9, 12, 5, 3),
                                 test::random_quadratics(2, 6, 2, 5, 11, 4)};
  all[0].iteration_weights = iteration_weights(Weights::exp, 4);
  all[0].weights = Weights::exp;
  all[1].update = Update::clamp;
  all[3].update = Update::clamp;
  all[3].bound = 0;
  QuadraticTape small = test::random_quadratics(2, 3, 4, 6, 5, 5);
  for (double& y : small.target) y *= 1e-6;
  small.parameters.at("rim.fc4_layer.weight").assign(6, 0.0);
  small.parameters.at("rim.fc4_layer.bias") = {1e-7};
  all.push_back(small);
  // More than two runs of 20 iterations, in steps so small that no rounding grows on the way.
  all.push_back(test::random_quadratics(2, 45, 2, 6, 5, 7));
  for (double& value : all.back().parameters.at("rim.fc4_layer.weight")) value *= 0.02;
  all.back().parameters.at("rim.fc4_layer.bias") = {1e-3};
  return all;
}

TEST(Quadratics, AreTheOracles) {
  for (const QuadraticTape& tape : tapes()) {
    SCOPED_TRACE(tape.D);
    const QuadraticOutputs expected = test::run_quadratic_oracle(tape);
    expect_outputs(test::run_quadratics<double>(tape, on_host<HostTeam<double>>), expected, test::in_double);
    expect_outputs(test::run_quadratics<float>(tape, on_host<HostTeam<float>>), expected, test::in_float);
  }
}

TEST(Quadratics, HaveTheSameBitsOnEveryTeam) {
  for (const QuadraticTape& tape : tapes()) {
    SCOPED_TRACE(tape.D);
    const QuadraticOutputs expected = test::run_quadratics<float>(tape, on_host<HostTeam<float>>);
    for (const QuadraticOutputs& got :
         {test::run_quadratics<float>(tape, on_host<HostTeam<FloatLanes>>),
          test::run_quadratics<float>(tape, on_fibers(32, 1)), test::run_quadratics<float>(tape, on_fibers(96, 2))}) {
      EXPECT_EQ(got.theta, expected.theta);
      EXPECT_EQ(got.loss, expected.loss);
      EXPECT_EQ(got.gradients, expected.gradients);
    }
  }
}

// The gradient is that of the loss with what the machine sees held.
TEST(Quadratics, OracleIsTheDerivative) {
  QuadraticTape tape = test::random_quadratics(2, 5, 3, 6, 4, 6);
  std::vector<double> seen;
  const QuadraticOutputs at = test::run_quadratic_oracle(tape, nullptr, &seen);
  int checked = 0;
  for (auto& [name, values] : tape.parameters)
    for (std::size_t i = 0; i < values.size(); i += 3) {
      const double value = values[i], h = 1e-6 * std::max(1.0, std::abs(value));
      values[i] = value + h;
      const double above = test::run_quadratic_oracle(tape, &seen).total;
      values[i] = value - h;
      const double below = test::run_quadratic_oracle(tape, &seen).total;
      values[i] = value;
      const double expected = at.gradients.at(name)[i];
      // The third derivative's share is h², a kink between the two points at most a part of the slope; rounding is
      // 1e-16 of a loss of some 10, divided by h.
      EXPECT_NEAR((above - below) / (2 * h), expected, 1e-6 * std::max(1.0, std::abs(expected))) << name << " " << i;
      ++checked;
    }
  EXPECT_GT(checked, 50);
}

TEST(Quadratics, AreDrawnTheSameOnEveryTeam) {
  for (const int D : {1, 3, 10}) {
    const auto expected = test::draw_quadratic_tile(D, {3, 4}, on_host<HostTeam<float>>);
    EXPECT_EQ(test::draw_quadratic_tile(D, {3, 4}, on_host<HostTeam<FloatLanes>>), expected);
    EXPECT_EQ(test::draw_quadratic_tile(D, {3, 4}, on_fibers(32, 1)), expected);
    EXPECT_EQ(expected.weight[3], 1.0F / 20);
    EXPECT_EQ(expected.weight[4], 0);  // the second tile has four of 20 problems
  }
}

TEST(Quadratics, AreOfStandardNormalNumbers) {
  constexpr int D = 3, count = 32768;
  QuadraticEngine engine(small_quadratic(D));
  std::vector<double> numbers(std::size_t{count} * D * (D + 1));
  engine.draw({Phase::evaluation, 0, count, 0, 5}, [&](const FinishedQuadratics& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane) {
      double* const to = numbers.data() + std::size_t{D * (D + 1)} * static_cast<std::size_t>(finished.first + lane);
      for (int k = 0; k < D * D; ++k) to[k] = finished.tile.matrix[k * tile_lanes + lane];
      for (int k = 0; k < D; ++k) to[D * D + k] = finished.tile.target[k * tile_lanes + lane];
    }
  });
  // Numbers at every place in W and y have mean 0, variance 1, fourth moment 3, and no correlation with any other. Each
  // holds within five deviations of such a mean over the problems.
  constexpr std::size_t places = D * (D + 1);
  for (std::size_t i = 0; i < places; ++i)
    for (std::size_t j = i; j < places; ++j) {
      double first = 0, product = 0, fourth = 0;
      for (std::size_t b = 0; b < count; ++b) {
        const double x = numbers[b * places + i], y = numbers[b * places + j];
        first += x / count;
        product += x * y / count;
        fourth += x * x * x * x / count;
      }
      const double deviation = 1 / std::sqrt(double{count});
      EXPECT_NEAR(first, 0, 5 * deviation);
      EXPECT_NEAR(product, i == j ? 1 : 0, 5 * (i == j ? std::sqrt(2.0) : 1) * deviation);
      EXPECT_NEAR(fourth, 3, 5 * std::sqrt(96.0) * deviation);
    }
}

TEST(QuadraticEngine, GivesTheSameBitsOnAnyThreadsAndInstructionSets) {
  Configuration configuration = small_quadratic(3);
  const Episodes episodes{Phase::training, 3, 300, 0, 7};  // 19 tiles, the last in part
  std::vector<float> expected;
  for (const std::string& name : instruction_sets()) {
    setenv("ALFI_ISA", name.c_str(), 1);
    for (const int threads : {1, 3}) {
      configuration.engine.threads = threads;
      QuadraticEngine engine(configuration);
      const std::vector<float> gradient = engine.differentiate(episodes, initial_state(engine.layout(), 1).weights);
      if (expected.empty()) expected = gradient;
      EXPECT_EQ(gradient, expected) << name << ", " << threads;
    }
  }
  unsetenv("ALFI_ISA");
  EXPECT_GT(std::count_if(expected.begin(), expected.end(), [](float g) { return g != 0; }), 50);
}

TEST(QuadraticTrainer, GoesOnBitForBit) {
  const test::TemporaryFolder folder;
  Configuration configuration = small_quadratic(2);
  configuration.training.problems = 70;
  train(configuration, folder.path() / "whole");
  EXPECT_EQ(load_configuration(folder.path() / "whole" / "config.yaml"), configuration);
  TrainingOptions options;
  options.progress = [](const TrainingProgress& progress) { return progress.step < 7; };
  EXPECT_FALSE(train(configuration, folder.path() / "parts", options).finished);
  configuration.engine.threads = 2;
  TrainingOptions going_on;
  going_on.resume = true;
  EXPECT_TRUE(train(configuration, folder.path() / "parts", going_on).finished);
  EXPECT_EQ(read_checkpoint(checkpoint_path(folder.path() / "whole", 12)).state,
            read_checkpoint(checkpoint_path(folder.path() / "parts", 12)).state);
}

TEST(QuadraticTrainer, Learns) {
  const test::TemporaryFolder folder;
  Configuration configuration = small_quadratic(2);
  configuration.episode.iterations = 10;
  configuration.networks.rim = {10, 10, 1, Update::tanh};
  configuration.training.steps = 200;
  configuration.training.meta_batch = 32;
  configuration.training.learning_rate = 1e-2;
  configuration.training.warmup_steps = 10;
  configuration.training.validate_every = 200;
  const TrainingOutcome outcome = train(configuration, folder.path() / "run");
  // f(0) is 2 on average.
  EXPECT_LT(outcome.validation_loss, 1.4);
}

/// Runs each optimizer as its equations say, in one number after the other.
std::vector<double> descend_plainly(const ClassicOptimizer& o, const std::vector<double>& W,
                                    const std::vector<double>& y, int T) {
  const std::size_t D = y.size();
  std::vector<double> theta(D), m(D), v(D), losses;
  for (int t = 0;; ++t) {
    std::vector<double> g(D);
    double loss = 0;
    for (std::size_t i = 0; i < D; ++i) {
      double residual = -y[i];
      for (std::size_t j = 0; j < D; ++j) residual += W[i * D + j] * theta[j];
      loss += residual * residual;
      for (std::size_t j = 0; j < D; ++j) g[j] += 2 * W[i * D + j] * residual;
    }
    losses.push_back(loss);
    if (t == T) return losses;
    for (std::size_t j = 0; j < D; ++j) {
      if (o.method == OptimizerKind::descent) {
        theta[j] -= o.rate * g[j];
      } else if (o.method == OptimizerKind::momentum) {
        v[j] = o.beta1 * v[j] - o.rate * g[j];
        theta[j] += v[j];
      } else {
        m[j] = o.beta1 * m[j] + (1 - o.beta1) * g[j];
        v[j] = o.beta2 * v[j] + (1 - o.beta2) * g[j] * g[j];
        theta[j] -= o.rate * (m[j] / (1 - std::pow(o.beta1, t + 1))) /
                    (std::sqrt(v[j] / (1 - std::pow(o.beta2, t + 1))) + 1e-8);
      }
    }
  }
}

TEST(ClassicOptimizers, AreTheirEquations) {
  constexpr int D = 4, T = 30;
  QuadraticEngine engine(small_quadratic(D));
  for (const std::string& set : instruction_sets())
    engine.draw({Phase::evaluation, 0, tile_lanes, 0, 5}, [&](const FinishedQuadratics& finished) {
      Quadratics quadratics(host_kernels(set), finished.tile, D, T);
      for (const ClassicOptimizer& o :
           {ClassicOptimizer{OptimizerKind::descent, 0.01}, ClassicOptimizer{OptimizerKind::momentum, 0.02, 0.8},
            ClassicOptimizer{OptimizerKind::adam, 0.1, 0.8, 0.95}}) {
        quadratics.minimise(o);
        for (int lane = 0; lane < tile_lanes; ++lane) {
          const auto of_lane = [lane](const float* array, int size) {
            std::vector<double> values;
            for (int k = 0; k < size; ++k) values.push_back(array[k * tile_lanes + lane]);
            return values;
          };
          std::vector<double> got;
          for (int t = 0; t <= T; ++t)
            got.push_back(quadratics.loss()[static_cast<std::size_t>(t * tile_lanes + lane)]);
          // A step of 0.02 and momentum 0.8 leaves the bounds of stability where σ² > 45: nearly never.
          EXPECT_LE(test::distance(got, descend_plainly(o, of_lane(finished.tile.matrix, D * D),
                                                        of_lane(finished.tile.target, D), T)),
                    1e-12)
              << name_of(o.method) << ", " << set;
        }
      }
    });
}

// The best rate in one iteration for f(θ) = (wθ − y)² with one w is 1/(2w²). Over w ~ N(0, 1) the mean of (1 − 2ηw²)²
// is 1 − 4η + 12η², least at η = 1/6. The grid has 10^-0.8 = 0.158.
TEST(Tuning, FindsTheBestRate) {
  QuadraticEngine engine(small_quadratic(1));
  const ClassicOptimizer best = tune(OptimizerKind::descent, engine, 1, 3);
  EXPECT_NEAR(best.rate, std::pow(10, -0.8), 1e-9);
}

TEST(MinimiserEvaluation, ComparesOnTheSameProblems) {
  const test::TemporaryFolder folder;
  Configuration configuration = small_quadratic(2);
  train(configuration, folder.path() / "run");
  const Machine machine = Machine::load(folder.path() / "run");
  MinimiserPaths paths{3, {}, {}, {}};
  const Optimisation o = evaluate_minimiser(machine, {.threads = 2}, &paths);
  auto json = nlohmann::json::parse(to_json(o)), again = nlohmann::json::parse(to_json(evaluate_minimiser(machine)));
  json.erase("seconds");
  again.erase("seconds");
  EXPECT_EQ(json, again);
  ASSERT_EQ(o.minimisers.size(), 4U);
  EXPECT_EQ(o.dimensions, 2);
  EXPECT_EQ(o.episodes, 64);
  for (const Minimiser& m : o.minimisers) {
    SCOPED_TRACE(m.name);
    ASSERT_EQ(m.loss_by_step.size(), 4U);
    EXPECT_NEAR(m.loss_by_step[0], o.minimisers[0].loss_by_step[0], 1e-5);  // f(0) in float and in double
    EXPECT_NEAR(m.loss_by_step.back(), m.final_loss.value, 1e-9 * m.final_loss.value);
    EXPECT_NEAR(m.alfi_over_this.value, o.minimisers[0].final_loss.value / m.final_loss.value, 1e-9);
    if (&m != o.minimisers.data()) {
      EXPECT_LT(m.final_loss.value, m.loss_by_step[0]);
    }
  }
  // The ways are of these problems: their first step is as the gradient at 0 says.
  ASSERT_EQ(paths.theta.size(), 4U);
  const double rate = paths.theta[1][2] / (2 * (paths.matrix[0] * paths.target[0] + paths.matrix[2] * paths.target[1]));
  EXPECT_THAT(o.minimisers[1].settings, testing::StartsWith(fmt::format("rate {:.3g}", rate)));
  EXPECT_THAT(test::message_of<InputError>([&] { (void)evaluate(machine); }), HasSubstr("quadratic"));
  EXPECT_THAT(test::message_of<InputError>([&] { (void)machine.infer(std::vector<float>{1}, 1); }),
              HasSubstr("quadratic"));
}

TEST(QuadraticConfiguration, NamesWhatSaysNothing) {
  for (const auto& [assignment, part] :
       {std::pair{"networks.encoder.hidden=30", "left out, or 50"},
        {"proposal.sigma=0.2", "left out, or 0.1"},
        {"training.loss=mse", "left out, or normal"},
        {"episode.thetas=3", "left out, or 20"},
        {"engine.backend=cuda", "auto or cpu"},
        {"evaluation.replicates=1", "left out, or 16"},
        {"engine.precision=bf16", "left out, or fp32"},
        {"simulator.parameters={dimensions: 65}", "dimensions: a whole number from 1 to 64"},
        {"simulator.parameters={inputs: 3}", "dimensions: a whole number from 1 to 64"}}) {
    const std::string message = test::message_of<InputError>(
        [&, text = assignment] { parse_configuration("simulator: {name: quadratic}", {text}); });
    EXPECT_THAT(message, HasSubstr(part)) << assignment;
    EXPECT_THAT(message, HasSubstr(std::string(assignment).substr(0, std::string(assignment).find('=')))) << assignment;
  }
  // Keys that are left out do not appear in a run's configuration either.
  const std::string yaml = to_yaml(parse_configuration("simulator: {name: quadratic}"));
  EXPECT_THAT(yaml, testing::Not(HasSubstr("encoder")));
  EXPECT_EQ(parse_configuration(yaml), parse_configuration("simulator: {name: quadratic}"));
}

TEST(QuadraticEngine, RefusesWhatDoesNotFit) {
  Configuration configuration = small_quadratic(64);
  configuration.episode.iterations = 100'000;
  EXPECT_THAT(test::message_of<InputError>([&] { QuadraticEngine engine(configuration); }),
              HasSubstr("episode.iterations × dimensions = 100000 × 64"));
}

}  // namespace
}  // namespace alfi
