#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "alfi/baseline.hpp"
#include "alfi/error.hpp"
#include "src/baselines/problems.hpp"
#include "src/engine/engine.hpp"
#include "src/simulators/simulators.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using test::small_configuration;
using testing::HasSubstr;

BaselineOptions small(int episodes, std::vector<int> multiples) {
  BaselineOptions options;
  options.episodes = episodes;
  options.multiples = std::move(multiples);
  return options;
}

constexpr Baseline methods[] = {Baseline::nes, Baseline::avo, Baseline::abc};

// small_configuration has T · M · N = 3 · 2 · 3 = 18, and 5 to 20 real observations.

TEST(Baseline, HasTheSameNumbersOnAnyNumberOfThreads) {
  for (const char* const simulator : {"poisson", "linear_regression"})
    for (const Baseline baseline : methods) {
      const Configuration configuration = small_configuration(simulator);
      BaselineOptions options = small(40, {20});
      options.threads = 1;
      const BaselineComparison one = compare(baseline, configuration, options);
      options.threads = 2;
      const BaselineComparison two = compare(baseline, configuration, options);
      ASSERT_EQ(one.results.size(), 1U);
      EXPECT_TRUE(std::isfinite(one.results[0].error.value)) << to_text(baseline) << " " << simulator;
      EXPECT_EQ(one.results[0].error.value, two.results[0].error.value) << to_text(baseline) << " " << simulator;
      EXPECT_EQ(one.results[0].used, two.results[0].used);
    }
}

TEST(Baseline, MakesTheCallsItIsGiven) {
  for (const Baseline baseline : methods) {
    const BaselineComparison comparison =
        compare(baseline, small_configuration("poisson", Transform::sqrt), small(20, {1, 30}));
    EXPECT_EQ(comparison.calls_of_alfi, 18);
    ASSERT_EQ(comparison.results.size(), 2U);
    EXPECT_EQ(comparison.results[0].calls, 18);
    EXPECT_EQ(comparison.results[1].calls, 540);
    EXPECT_LE(comparison.results[0].used, 18);
    // Calls left over are fewer than a generation (4 · 11), a batch (32) or a parameter's observations (20).
    EXPECT_LE(comparison.results[1].used, 540);
    EXPECT_GT(comparison.results[1].used, 540 - 44) << to_text(baseline);
  }
}

TEST(Baseline, CountsTheCallsOfAllReplicates) {
  BaselineOptions options = small(20, {1});
  options.replicates = 16;
  const BaselineComparison comparison =
      compare(Baseline::abc, small_configuration("poisson", Transform::sqrt), options);
  EXPECT_EQ(comparison.calls_of_alfi, 16 * 18);
  EXPECT_EQ(comparison.results.at(0).calls, 16 * 18);
}

TEST(Simulations, CountsCallsAndRefusesMore) {
  const Normalisation normalisation{{0}, {1}};
  const Plan plan(small_configuration("gaussian"));
  const baselines::Problems problems{plan.simulator.parameters, plan.parameters, 1, 0,
                                     {{0, 1}, {2, 3}, {4, 5}},  {1, 2}};
  std::int64_t spent = 0;
  baselines::Simulations simulations(*host_simulator(plan.number), Transform::none, normalisation, {1, 2}, problems, 50,
                                     [&](std::int64_t calls) { spent += calls; });
  simulations.theta(4);
  simulations.draw(4, 10);
  EXPECT_EQ(simulations.left(), 10);
  EXPECT_EQ(spent, 3 * 40);
  std::vector<float> first, second;
  simulations.observations(3, 2, first);
  EXPECT_EQ(first.size(), 10U);
  simulations.theta(1);
  EXPECT_THROW(simulations.draw(1, 11), std::logic_error);
  simulations.draw(1, 10);
  EXPECT_EQ(simulations.left(), 0);
  simulations.observations(0, 2, second);
  EXPECT_NE(first, second);  // numbers of its own
}

TEST(Simulations, AreOfTheParametersGiven) {
  // Gaussian data in prior units: μ = 0 and 10 √… of the prior's deviation 20/√12, log σ = −0.25 at the prior's mean.
  const Normalisation normalisation{{0}, {1}};
  const Plan plan(small_configuration("gaussian"));
  const baselines::Problems problems{plan.simulator.parameters, plan.parameters, 1, 0, {{0, 1}, {2, 3}}, {1, 2}};
  baselines::Simulations simulations(*host_simulator(plan.number), Transform::none, normalisation, {3, 4}, problems,
                                     8000, [](std::int64_t) {});
  const std::span<float> theta = simulations.theta(2);
  theta[(1 * 2 + 0) * tile_lanes + 1] = 1;  // μ of the second parameter of the second episode
  simulations.draw(2, 4000);
  for (const int parameter : {0, 1})
    for (const int episode : {0, 1}) {
      std::vector<float> x;
      simulations.observations(parameter, episode, x);
      double mean = 0;
      for (const float value : x) mean += static_cast<double>(value) / 4000;
      // Five deviations of the mean of 4000 numbers of deviation e^−0.25.
      EXPECT_NEAR(mean, parameter == 1 && episode == 1 ? 20 / std::sqrt(12) : 0, 5 * std::exp(-0.25) / std::sqrt(4000));
    }
}

TEST(Baseline, ComesToTheExactPosteriorWithManyCalls) {
  Configuration configuration = small_configuration("poisson", Transform::sqrt);
  configuration.episode.real_observations = {20, 20};
  // 18 · 20,000 calls: 18,000 draws of the prior with as many observations as there are real ones.
  const BaselineComparison abc = compare(Baseline::abc, configuration, small(32, {100, 20000}));
  EXPECT_GT(abc.results[0].over_posterior.value, abc.results[1].over_posterior.value);
  EXPECT_NEAR(abc.results[1].over_posterior.value, 1, 0.1);
  const BaselineComparison nes = compare(Baseline::nes, configuration, small(32, {1, 2000}));
  EXPECT_GT(nes.results[0].over_mle.value, 1.5);
  EXPECT_NEAR(nes.results[1].over_mle.value, 1, 0.1);
}

TEST(Baseline, AvoFindsThePoissonRate) {
  Configuration configuration = small_configuration("poisson", Transform::sqrt);
  configuration.episode.real_observations = {200, 200};
  const BaselineComparison avo = compare(Baseline::avo, configuration, small(16, {200}));
  // The prior's mean is 0.87 away on average.
  EXPECT_LT(avo.results[0].error.value, 0.1);
}

TEST(Baseline, StandsBesideMaximumLikelihoodAndThePosteriorOfTheEvaluation) {
  const Checkpoint checkpoint = test::small_checkpoint(small_configuration("poisson", Transform::sqrt));
  const test::TemporaryFolder folder;
  const Machine machine = Machine::load(test::write_small_machine(folder.path(), checkpoint));
  EvaluationOptions evaluation_options;
  evaluation_options.episodes = 50;
  const Evaluation evaluation = evaluate(machine, evaluation_options);
  const BaselineComparison comparison = compare(Baseline::maximum_likelihood, machine, small(50, {1}));
  EXPECT_EQ(comparison.error.alfi.value, evaluation.error.alfi.value);
  EXPECT_EQ(comparison.error.mle.value, evaluation.error.mle.value);
  EXPECT_EQ(comparison.error.mle.upper, evaluation.error.mle.upper);
  EXPECT_EQ(comparison.error.posterior.value, evaluation.error.posterior.value);
  ASSERT_EQ(comparison.results.size(), 1U);
  EXPECT_EQ(comparison.results[0].error.value, comparison.error.mle.value);
  EXPECT_EQ(comparison.results[0].over_mle.value, 1);
  EXPECT_DOUBLE_EQ(comparison.results[0].over_alfi.value, 1 / evaluation.error_over_mle.value);
  EXPECT_EQ(comparison.results[0].calls, 0);
  // Without a machine there is no answer of ALFI's.
  const BaselineComparison alone = compare(Baseline::nes, checkpoint.plan.configuration, small(50, {1}));
  EXPECT_TRUE(std::isnan(alone.error.alfi.value));
  EXPECT_EQ(alone.error.mle.value, comparison.error.mle.value);
  EXPECT_TRUE(nlohmann::json::parse(to_json(alone))["results"][0]["error_ratio"]["alfi"].is_null());
}

TEST(Baseline, GivesWhatWasFinishedWhenStopped) {
  BaselineOptions options = small(64, {1, 100});
  options.threads = 1;
  // 64 · 18 · 101 calls: the first hundredth is the smaller budget, the rest the larger.
  options.progress = [](double done) { return done < 0.5; };
  const BaselineComparison comparison =
      compare(Baseline::abc, small_configuration("poisson", Transform::sqrt), options);
  EXPECT_FALSE(comparison.finished);
  ASSERT_EQ(comparison.results.size(), 2U);
  EXPECT_EQ(comparison.results[0].episodes, 64);
  EXPECT_GT(comparison.results[1].episodes, 0);
  EXPECT_LT(comparison.results[1].episodes, 64);
  EXPECT_TRUE(std::isfinite(comparison.results[1].over_mle.value));
}

TEST(Baseline, RefusesWhatCannotBe) {
  const Configuration configuration = small_configuration("poisson", Transform::sqrt);
  const auto message = [](Baseline baseline, const Configuration& c, const BaselineOptions& options) {
    return message_of<InputError>([&] { compare(baseline, c, options); });
  };
  EXPECT_THAT(message(Baseline::nes, configuration, small(0, {1})), HasSubstr("episodes = 0 must be at least 1"));
  EXPECT_THAT(message(Baseline::nes, configuration, small(1, {})), HasSubstr("calls"));
  EXPECT_THAT(message(Baseline::nes, configuration, small(1, {1, 0})), HasSubstr("calls = 0 must be from 1 to"));
  EXPECT_THAT(message(Baseline::nes, configuration, small(1, {100'000'000})), HasSubstr("calls = 100000000"));
  EXPECT_THAT(message(Baseline::maximum_likelihood, small_configuration("weinberg"), small(4, {1})),
              HasSubstr("weinberg has none"));
  Configuration alone = configuration;
  alone.episode.real_observations = {1, 5};
  EXPECT_THAT(message(Baseline::abc, alone, small(1, {1})), HasSubstr("real_observations = 1 must be at least 2"));
}

}  // namespace
}  // namespace alfi
