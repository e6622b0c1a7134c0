#include "alfi/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/evaluation.hpp"
#include "alfi/simulators.hpp"
#include "alfi/trainer.hpp"
#include "src/evaluation/regenerated.hpp"
#include "src/model/truncated_law.hpp"
#include "src/numerics/statistics.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/other_warnings.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using test::other_warnings;
using test::small_checkpoint;
using test::small_configuration;
using test::write_small_machine;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Machine machine_of(const Checkpoint& checkpoint) {
  const test::TemporaryFolder folder;
  return Machine::load(write_small_machine(folder.path(), checkpoint));
}

Machine small_machine(const std::string& simulator, Transform transform = Transform::none) {
  return machine_of(small_checkpoint(small_configuration(simulator, transform)));
}

std::vector<double> numbers(const Posterior& posterior) {
  std::vector<double> all;
  for (const ParameterEstimate& p : posterior.parameters)
    all.insert(all.end(), {p.mean, p.deviation, p.lower, p.upper});
  return all;
}

auto doubted(Doubt doubt, const testing::Matcher<std::string>& text) {
  return testing::AllOf(testing::Field(&Warning::doubt, doubt), testing::Field(&Warning::text, text));
}

std::vector<float> counts(int n) {
  std::vector<float> x;
  for (int i = 0; i < n; ++i) x.push_back(static_cast<float>((i * 7) % 11));
  return x;
}

TEST(Machine, LoadsTheNewestCheckpointOfARun) {
  const test::TemporaryFolder folder;
  Configuration configuration = small_configuration("poisson", Transform::sqrt);
  configuration.training.steps = 4;
  configuration.training.checkpoint_every = 2;
  train(configuration, folder.path() / "run");
  const Machine machine = Machine::load(folder.path() / "run");
  EXPECT_EQ(machine.step(), 4);
  EXPECT_TRUE(machine.configuration() == configuration);
  const Machine same = Machine::load(checkpoint_path(folder.path() / "run", 4));
  const Machine older = Machine::load(checkpoint_path(folder.path() / "run", 2));
  EXPECT_EQ(older.step(), 2);
  EXPECT_EQ(numbers(machine.infer(counts(9), 9)), numbers(same.infer(counts(9), 9)));
  EXPECT_NE(numbers(machine.infer(counts(9), 9)), numbers(older.infer(counts(9), 9)));
}

TEST(Machine, NamesWhatCannotBeLoaded) {
  const test::TemporaryFolder folder;
  const auto load = [](const std::filesystem::path& path) {
    return message_of<InputError>([&] { (void)Machine::load(path); });
  };
  EXPECT_THAT(load(folder.path() / "none"), AllOf(HasSubstr("none"), HasSubstr("does not exist")));
  EXPECT_THAT(load(folder.path()), AllOf(HasSubstr(folder.path().string()), HasSubstr("checkpoint")));
  EXPECT_THAT(load(folder.write("text", std::string_view("no checkpoint"))), HasSubstr("text"));
}

TEST(Machine, AnswersOnTheCpuHoweverItWasTrained) {
  Checkpoint checkpoint = small_checkpoint(small_configuration("gaussian"));
  const std::vector<float> x(10, 0.5F);
  const double expected = machine_of(checkpoint).infer(x, 10).parameters[0].mean;
  checkpoint.plan.configuration.engine.backend = Backend::cuda;
  checkpoint.plan.configuration.engine.precision = Precision::bf16;
  EXPECT_EQ(machine_of(checkpoint).infer(x, 10).parameters[0].mean, expected);
  EvaluationOptions options;
  options.episodes = 16;
  options.backend = Backend::cpu;
  EXPECT_EQ(evaluate(machine_of(checkpoint), options).episodes, 16);
}

/// Returns every simulator with every transform that its observations have.
std::vector<std::pair<SimulatorInfo, Transform>> every_transform() {
  std::vector<std::pair<SimulatorInfo, Transform>> all;
  for (const SimulatorInfo& simulator : simulators()) {
    all.insert(all.end(), {{simulator, Transform::none}, {simulator, Transform::asinh}});
    if (simulator.observations.low >= 0)
      all.insert(all.end(), {{simulator, Transform::sqrt}, {simulator, Transform::log1p}});
  }
  return all;
}

// The machine looks at the real observations alone, so given an episode's it must end where the episode's rollout does,
// to the last bit: same check of R, transform, standardisation, weights, units.
TEST(Machine, EndsWhereTheRolloutOnTheSameObservationsDoes) {
  for (const auto& [simulator, transform] : every_transform()) {
    SCOPED_TRACE(simulator.name + ", transform " + std::to_string(static_cast<int>(transform)));
    const Checkpoint checkpoint = small_checkpoint(small_configuration(simulator.name, transform));
    const Machine machine = machine_of(checkpoint);
    const auto& parameters = simulator.parameters;
    const std::size_t D = parameters.size();
    const int X = simulator.observations.dimension;
    const int T = 3, episodes = 40, P = 2 * static_cast<int>(D);
    Engine engine(checkpoint.plan, checkpoint.normalisation);
    const Episodes drawn{Phase::evaluation, 0, episodes, 0, 1};
    std::vector<std::vector<double>> psi(episodes);
    engine.rollout(drawn, T, checkpoint.state.average, [&](const FinishedTile& finished) {
      for (int lane = 0; lane < finished.episodes; ++lane)
        for (int p = 0; p < P; ++p)
          psi[static_cast<std::size_t>(finished.first + lane)].push_back(
              finished.tile.psi[(T * P + p) * tile_lanes + lane]);
    });
    EXPECT_NE(psi.front(), psi.back()) << "the machine does not look at its observations: this test is blind";
    int compared = 0;
    engine.draw_problems(drawn, Transform::none, [&](const FinishedTile& finished) {
      for (int lane = 0; lane < finished.episodes; ++lane) {
        const int count = static_cast<int>(finished.tile.input->count[lane]);
        std::vector<float> x;
        for (int r = 0; r < count; ++r)
          for (int k = 0; k < X; ++k) x.push_back(*finished.tile.real.at(k, r * tile_lanes + lane));
        const Posterior posterior = machine.infer(x, count, {.truncated = false});
        EXPECT_EQ(posterior.used, count);
        const auto& expected = psi[static_cast<std::size_t>(finished.first + lane)];
        for (std::size_t d = 0; d < D; ++d) {
          EXPECT_EQ(posterior.parameters[d].name, parameters[d].name);
          EXPECT_EQ(posterior.parameters[d].unit, parameters[d].unit);
          EXPECT_EQ(posterior.parameters[d].mean, parameters[d].mean() + parameters[d].deviation() * expected[d]);
          EXPECT_EQ(posterior.parameters[d].deviation, parameters[d].deviation() * std::exp(expected[D + d]));
          ++compared;
        }
      }
    });
    EXPECT_EQ(compared, episodes * static_cast<int>(D));
  }
}

TEST(Machine, GivesTheSameBitsTwiceAndForAnyThreads) {
  Checkpoint checkpoint = small_checkpoint(small_configuration("poisson", Transform::sqrt));
  checkpoint.state.average = checkpoint.state.weights;  // looks at its simulations too
  const std::vector<double> one = numbers(machine_of(checkpoint).infer(counts(20), 20));
  checkpoint.plan.configuration.engine.threads = 2;
  const Machine machine = machine_of(checkpoint);
  EXPECT_EQ(numbers(machine.infer(counts(20), 20)), one);
  std::vector<std::vector<double>> answers(4);
  {
    std::vector<std::jthread> callers;
    for (auto& answer : answers) callers.emplace_back([&] { answer = numbers(machine.infer(counts(20), 20)); });
  }
  EXPECT_THAT(answers, testing::Each(one));
}

/// Makes a machine that looks at its simulations too.
Checkpoint looking_checkpoint(const std::string& simulator) {
  Checkpoint checkpoint = small_checkpoint(small_configuration(simulator));
  checkpoint.state.average = checkpoint.state.weights;
  return checkpoint;
}

/// Computes the mean squared deviation of the values from their mean.
double scatter(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean) / static_cast<double>(values.size());
  return squares;
}

// Observations that are nearly the same have nearly the same answer, but for the simulations: those of other
// observations must be as different as those of another seed, and fewer replicates are further apart.
TEST(Machine, HasSimulationsOfItsOwnForOtherObservations) {
  const Machine machine = machine_of(looking_checkpoint("gaussian"));
  const auto answers = [&](bool by_data, int replicates) {
    std::vector<double> means;
    for (int i = 0; i < 200; ++i) {
      std::vector<float> x(20, 0.5F);
      if (by_data) x[0] += 1e-4F * static_cast<float>(i);
      InferenceOptions options{.replicates = replicates};
      if (!by_data) options.seed = static_cast<std::uint64_t>(i);
      means.push_back(machine.infer(x, 20, options).parameters[0].mean);
    }
    return means;
  };
  const double by_seed = scatter(answers(false, 1)), by_data = scatter(answers(true, 1));
  EXPECT_GT(by_seed, 0) << "the machine does not look at its simulations: this test is blind";
  // Each is known to √(2/200), 10 %: four standard errors of a ratio.
  EXPECT_NEAR(std::log(by_data / by_seed), 0, 0.57);
  EXPECT_NEAR(std::log(scatter(answers(true, 16)) / by_seed), -std::log(16.0), 0.57);
}

TEST(Machine, IsAskedForASeedAndReplicates) {
  const Machine machine = machine_of(looking_checkpoint("gaussian"));
  const std::vector<float> x(20, 0.5F);
  const auto answer = [&](InferenceOptions options) { return numbers(machine.infer(x, 20, options)); };
  EXPECT_EQ(answer({.seed = 1}), answer({}));  // the configured one
  EXPECT_NE(answer({.seed = 2}), answer({}));
  EXPECT_EQ(answer({.seed = 2}), answer({.seed = 2}));
  EXPECT_EQ(answer({.replicates = 1}), answer({}));
  EXPECT_NE(answer({.replicates = 4}), answer({}));
  EXPECT_EQ(machine.infer(x, 20, {.replicates = 4}).replicates, 4);
  EXPECT_THAT(message_of<InputError>([&] { (void)answer({.replicates = 3}); }),
              AllOf(HasSubstr("evaluation.replicates = 3"), HasSubstr("1, 2, 4, 8 or 16")));
  EXPECT_THAT(message_of<InputError>([&] { (void)answer({.replicates = 32}); }), HasSubstr("replicates = 32"));
}

/// Counts how often central intervals of this probability cover θ*, of its places in the answers.
double covered(const std::vector<double>& places, double level) {
  return static_cast<double>(
             std::ranges::count_if(places, [&](double place) { return std::abs(2 * place - 1) < level; })) /
         static_cast<double>(places.size());
}

// Users must get what an evaluation judges: on the same problems as the evaluation, asked one by one, a trained machine
// is as often right. With simulations of a seed alone, all answers would be shifted by one error.
TEST(Machine, CoversAsOftenAsItsEvaluationSays) {
  if (test::sanitized) GTEST_SKIP() << "a training, for its statistics; sanitizers watch over shorter ones";
  constexpr int problems = 2000;
  const test::TemporaryFolder folder;
  Configuration configuration = small_configuration("gaussian");
  configuration.episode = {4, 8, 10, {400, 400}};  // more real observations than simulated ones: much noise
  configuration.networks.rim.bound = 2;
  configuration.training.steps = configuration.training.checkpoint_every = configuration.training.validate_every = 2500;
  configuration.training.meta_batch = 32;
  configuration.training.loss = Loss::beta_normal;
  configuration.training.learning_rate = 4e-3;
  configuration.training.ema = 0.99;
  configuration.evaluation.episodes = problems;
  configuration.engine.encoder = Encoder::automatic;
  train(configuration, folder.path() / "run");
  const Machine machine = Machine::load(folder.path() / "run");
  const auto& priors = find_simulator("gaussian").parameters;
  Engine engine(configuration, pilot_normalisation(configuration));
  const std::vector<Range> ranges = prior_ranges(find_simulator("gaussian"));
  for (const int replicates : {1, 16}) {
    std::vector<double> offsets[2], places[2];
    const auto ask = [&](const FinishedTile& finished) {
      for (int lane = 0; lane < finished.episodes; ++lane) {
        const Posterior answer =
            machine.infer(observations_of(finished.tile, 1, lane), 400, {.level = 0.8, .replicates = replicates});
        const TruncatedLaw law(uncoupled_law(answer.standard.mean, answer.standard.deviation), ranges);
        for (std::size_t d = 0; d < 2; ++d) {
          const double standard = finished.tile.truth[static_cast<int>(d) * tile_lanes + lane];
          const double truth = priors[d].mean() + priors[d].deviation() * standard;
          const ParameterEstimate& of = answer.parameters[d];
          offsets[d].push_back((truth - of.mean) / of.deviation);
          places[d].push_back(law.probability(d, standard));
          EXPECT_EQ(truth > of.lower && truth < of.upper, std::abs(2 * places[d].back() - 1) < 0.8);
        }
      }
    };
    engine.draw_problems({Phase::evaluation, 0, problems, 0, configuration.engine.seed}, Transform::none, ask);
    const Evaluation evaluation = evaluate(machine, {.threads = 1, .replicates = replicates});
    EXPECT_EQ(evaluation.replicates, replicates);
    for (const Coverage& coverage : evaluation.coverage)
      for (std::size_t d = 0; d < 2; ++d) {
        const double level = coverage.percent / 100.0;
        // Four standard errors of two independent evaluations: an upper bound, as the problems are the same.
        EXPECT_NEAR(covered(places[d], level), coverage.per_parameter[d],
                    4 * std::sqrt(2 * level * (1 - level) / problems))
            << replicates << " replicates, " << coverage.percent << " %, parameter " << d;
      }
    for (const auto& of_parameter : offsets) {
      double mean = 0;
      for (const double offset : of_parameter) mean += offset / problems;
      EXPECT_NEAR(mean, 0, 5 / std::sqrt(problems)) << replicates;  // five standard errors of a calibrated machine
    }
  }
}

TEST(Machine, DrawsIntervalsOfTheLevelAskedFor) {
  const Machine machine = small_machine("gaussian");
  // Quantiles of N(0, 1) from tables, to the digits given.
  for (const auto& [level, quantile] : {std::pair{0.5, 0.6744897502}, {0.95, 1.9599639845}, {0.99, 2.5758293035}}) {
    const Posterior posterior = machine.infer(counts(9), 9, {.level = level, .truncated = false});
    EXPECT_EQ(posterior.level, level);
    for (const ParameterEstimate& p : posterior.parameters) {
      EXPECT_NEAR(p.lower, p.mean - quantile * p.deviation, 1e-9 * p.deviation);
      EXPECT_NEAR(p.upper, p.mean + quantile * p.deviation, 1e-9 * p.deviation);
    }
  }
}

TEST(Machine, TakesTheIterationsAskedForElseTheConfigured) {
  Checkpoint checkpoint = small_checkpoint(small_configuration("poisson", Transform::sqrt));
  const Machine three = machine_of(checkpoint);
  checkpoint.plan.configuration.evaluation.iterations = 5;
  const Machine five = machine_of(checkpoint);
  EXPECT_EQ(three.default_iterations(), 3);
  EXPECT_EQ(five.default_iterations(), 5);
  EXPECT_NE(numbers(three.infer(counts(9), 9)), numbers(five.infer(counts(9), 9)));
  EXPECT_EQ(numbers(three.infer(counts(9), 9, {5})), numbers(five.infer(counts(9), 9)));
  EXPECT_EQ(numbers(three.infer(counts(9), 9)), numbers(five.infer(counts(9), 9, {3})));
}

TEST(Machine, OfOtherFamiliesGivesTheConfiguredDeviationOrNone) {
  Configuration configuration = small_configuration("poisson", Transform::sqrt);
  configuration.proposal.family = Family::gaussian_fixed;
  configuration.proposal.sigma = 0.25;
  const Posterior fixed = machine_of(small_checkpoint(configuration)).infer(counts(9), 9, {.truncated = false});
  // 6.8/√12, the deviation of U(0.2, 7), times 0.25
  EXPECT_NEAR(fixed.parameters[0].deviation, 0.4907477, 1e-7);
  EXPECT_LT(fixed.parameters[0].lower, fixed.parameters[0].mean);
  configuration.proposal.family = Family::point;
  configuration.training.loss = Loss::mse;
  const Posterior point = machine_of(small_checkpoint(configuration)).infer(counts(9), 9);
  EXPECT_TRUE(std::isfinite(point.parameters[0].mean));
  EXPECT_TRUE(std::isnan(point.parameters[0].deviation));
  EXPECT_TRUE(std::isnan(point.parameters[0].lower));
  EXPECT_TRUE(std::isnan(point.parameters[0].upper));
  EXPECT_THAT(other_warnings(point), IsEmpty());
}

TEST(Machine, GivesCorrelationsWhereItLearnsThem) {
  Configuration configuration = small_configuration("gaussian");
  const std::vector<float> x{0.5F, -1, 2, 0.25F, 0, 1, -2, 3};
  EXPECT_THAT(machine_of(small_checkpoint(configuration)).infer(x, 8).correlation, IsEmpty());
  configuration.proposal.family = Family::gaussian_full;
  const Posterior full = machine_of(small_checkpoint(configuration)).infer(x, 8);
  ASSERT_EQ(full.correlation.size(), 4u);
  EXPECT_EQ(full.correlation[1], full.correlation[2]);
  EXPECT_GT(std::abs(full.correlation[1]), 1e-3);
  EXPECT_LT(std::abs(full.correlation[1]), 1);
}

TEST(Machine, RefusesObservationsTheSimulatorCannotGive) {
  const auto refusal = [](const Machine& machine, const std::vector<float>& x, int count) {
    return message_of<InputError>([&] { (void)machine.infer(x, count); });
  };
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const Machine poisson = small_machine("poisson", Transform::sqrt);
  for (const float wrong : {-1.0F, 2.5F, nan, infinity, 16777218.0F})
    EXPECT_THAT(refusal(poisson, {3, 0, wrong, -2}, 4),
                AllOf(HasSubstr("observation 3 "), HasSubstr("counts are whole numbers in [0, 16777216]")))
        << wrong;
  EXPECT_THAT(refusal(poisson, {3, -1}, 2), HasSubstr("is -1:"));
  EXPECT_THAT(refusal(poisson, {}, 0), HasSubstr("no observations"));
  EXPECT_THAT(refusal(poisson, {1, 2}, 3), HasSubstr("2 values"));
  const Machine weinberg = small_machine("weinberg");
  for (const float wrong : {1.0000001F, -1.5F, nan})
    EXPECT_THAT(refusal(weinberg, {1, wrong}, 2), AllOf(HasSubstr("observation 2 "), HasSubstr("[-1, 1]"))) << wrong;
  const Machine gaussian = small_machine("gaussian");
  for (const float wrong : {nan, infinity, -infinity})
    EXPECT_THAT(refusal(gaussian, {wrong}, 1), AllOf(HasSubstr("observation 1 "), HasSubstr("finite"))) << wrong;
  EXPECT_NO_THROW((void)poisson.infer(std::vector<float>(5, 16777216.0F), 5));
  EXPECT_NO_THROW((void)weinberg.infer(std::vector<float>{-1, 1, 0, 0, 0}, 5));
}

TEST(Machine, RefusesWrongOptions) {
  const Machine machine = small_machine("poisson", Transform::sqrt);
  const auto refusal = [&](InferenceOptions options) {
    return message_of<InputError>([&] { (void)machine.infer(counts(9), 9, options); });
  };
  for (const double level : {0.0, 1.0, -0.5, 95.0, std::nan("")})
    EXPECT_THAT(refusal({0, level}), HasSubstr("level = "));
  EXPECT_THAT(refusal({-1}), HasSubstr("iterations = -1"));
  EXPECT_THAT(refusal({1000000000}), HasSubstr("iterations = 1000000000"));
}

TEST(Machine, UsesARandomSubsetOfMoreObservationsThanItKnows) {
  const Machine machine = small_machine("poisson", Transform::sqrt);
  EXPECT_THAT(other_warnings(machine.infer(counts(20), 20)), IsEmpty());
  const std::vector<float> x = counts(21);
  const Posterior posterior = machine.infer(x, 21);
  EXPECT_EQ(posterior.used, 20);
  EXPECT_THAT(other_warnings(posterior),
              ElementsAre(doubted(Doubt::subset_used,
                                  AllOf(HasSubstr("5 to 20"), HasSubstr("random subset of 20 of the 21")))));
  // Without replacement: one of the 21 is missing, and not simply the first or last.
  int missing = -1;
  for (int i = 0; i < 21; ++i) {
    std::vector<float> others = x;
    others.erase(others.begin() + i);
    if (numbers(machine.infer(others, 20)) == numbers(posterior)) missing = i;
  }
  EXPECT_GT(missing, 0);
  EXPECT_LT(missing, 20);
}

TEST(Machine, DrawsItsSubsetFromEverywhere) {
  // Twenty of ten thousand observations, half 0 and then half 9, are all of one kind in 2 of a million samples. So an
  // answer as to twenty equal ones would be a subset from one end.
  const Machine machine = small_machine("poisson", Transform::sqrt);
  std::vector<float> x(10000, 0.0F);
  std::fill(x.begin() + 5000, x.end(), 9.0F);
  const std::vector<double> answer = numbers(machine.infer(x, 10000));
  EXPECT_NE(answer, numbers(machine.infer(std::vector<float>(20, 0.0F), 20)));
  EXPECT_NE(answer, numbers(machine.infer(std::vector<float>(20, 9.0F), 20)));
  EXPECT_EQ(answer, numbers(machine.infer(x, 10000)));
}

TEST(Machine, WarnsOfFewerObservationsThanItKnows) {
  const Machine machine = small_machine("poisson", Transform::sqrt);
  EXPECT_THAT(other_warnings(machine.infer(counts(5), 5)), IsEmpty());
  const Posterior posterior = machine.infer(counts(4), 4);
  EXPECT_EQ(posterior.used, 4);
  EXPECT_THAT(other_warnings(posterior),
              ElementsAre(doubted(Doubt::too_few_observations,
                                  AllOf(HasSubstr("5 to 20"), HasSubstr("all 4"), HasSubstr("Do not trust")))));
  EXPECT_EQ(machine.infer(counts(1), 1).used, 1);
}

TEST(Machine, OfNoFiniteAnswerSaysSo) {
  Checkpoint checkpoint = small_checkpoint(small_configuration("poisson", Transform::sqrt));
  for (float& weight : checkpoint.state.average) weight = std::numeric_limits<float>::quiet_NaN();
  const Posterior posterior = machine_of(checkpoint).infer(counts(9), 9);
  EXPECT_FALSE(std::isfinite(posterior.parameters[0].mean) && std::isfinite(posterior.parameters[0].deviation));
  EXPECT_THAT(other_warnings(posterior), ElementsAre(doubted(Doubt::not_finite, HasSubstr("not finite"))));
}

}  // namespace
}  // namespace alfi
