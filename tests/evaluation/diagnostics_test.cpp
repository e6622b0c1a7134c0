#include "src/evaluation/diagnostics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "alfi/error.hpp"
#include "alfi/evaluation.hpp"
#include "alfi/simulators.hpp"
#include "src/numerics/statistics.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using test::small_checkpoint;
using test::small_configuration;
using testing::HasSubstr;

Machine machine_of(const Checkpoint& checkpoint) {
  const test::TemporaryFolder folder;
  return Machine::load(test::write_small_machine(folder.path(), checkpoint));
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(Diagnostics, AreOfTheEvaluationsEpisodes) {
  for (const SimulatorInfo& simulator : simulators()) {
    SCOPED_TRACE(simulator.name);
    const Machine machine = machine_of(small_checkpoint(small_configuration(simulator.name)));
    const Diagnostics d = diagnose(machine);
    EXPECT_EQ(d.evaluation.error.alfi.value, evaluate(machine).error.alfi.value);
    EXPECT_EQ(d.answers.truth, d.trained.truth);
    EXPECT_EQ(d.answers.truth, d.untrained.truth);
    EXPECT_EQ(d.trained.iterations, 3);
    for (int b = 0; b < 40; ++b)
      for (int k = 0; k < d.trained.parameters; ++k) {
        EXPECT_EQ(d.trained.mean[d.trained.at(b, 0, k)], 0);  // start: prior
        EXPECT_EQ(d.trained.deviation[d.trained.at(b, 0, k)], 1);
        EXPECT_NEAR(d.trained.estimate[d.trained.at(b, 0, k)], 0, 1e-15);  // truncated on both sides
        EXPECT_EQ(d.trained.estimate[d.trained.at(b, 3, k)], d.answers.alfi[d.answers.at(b, k)]);
      }
    for (int t = 0; t <= 3; ++t)  // the order of additions differs
      EXPECT_NEAR(mean_of(d.trained.errors(t)), d.evaluation.error_by_iteration[static_cast<std::size_t>(t)], 1e-12);
  }
}

TEST(Diagnostics, WithReplicatesAreOfTheCombinedAnswers) {
  Configuration configuration = small_configuration("gaussian");
  configuration.evaluation.replicates = 4;
  Checkpoint checkpoint = small_checkpoint(configuration);
  checkpoint.state.average = checkpoint.state.weights;  // looks at its simulations too
  const Diagnostics d = diagnose(machine_of(checkpoint));
  EXPECT_EQ(d.answers.truth, d.trained.truth);
  for (int b = 0; b < 40; ++b)
    for (int k = 0; k < 2; ++k) {
      EXPECT_EQ(d.trained.estimate[d.trained.at(b, 3, k)], d.answers.alfi[d.answers.at(b, k)]);
    }
}

TEST(Diagnostics, UntrainedIsWhatTrainingStartsFrom) {
  Checkpoint checkpoint = small_checkpoint(small_configuration("gaussian"));
  const Diagnostics trained = diagnose(machine_of(checkpoint));
  EXPECT_NE(trained.untrained.mean, trained.trained.mean);
  checkpoint.state = initial_state(checkpoint.plan.layout, checkpoint.plan.configuration.engine.seed);
  const Diagnostics untrained = diagnose(machine_of(checkpoint));
  EXPECT_EQ(trained.untrained.mean, untrained.trained.mean);
}

TEST(Diagnostics, StartWhereTheySay) {
  Configuration configuration = small_configuration("gaussian");
  for (const Start start : {Start::prior, Start::draw}) {
    configuration.proposal.start = start;
    const Diagnostics d = diagnose(machine_of(small_checkpoint(configuration)));
    ASSERT_EQ(d.starts.starts.size(), d.starts.courses.size());
    for (std::size_t s = 0; s < d.starts.starts.size(); ++s) {
      const Course& course = d.starts.courses[s];
      EXPECT_EQ(course.truth, d.trained.truth);
      for (int b = 0; b < course.episodes; ++b)
        for (int k = 0; k < 2; ++k) {
          EXPECT_EQ(course.mean[course.at(b, 0, k)], d.starts.starts[s]);
          EXPECT_NEAR(course.deviation[course.at(b, 0, k)], start == Start::prior ? 1 : 0.1, 1e-7);
        }
      // The configured start and this one draw the same numbers.
      if (start == Start::prior && d.starts.starts[s] == 0) {
        EXPECT_EQ(course.mean, d.trained.mean);
      }
    }
    EXPECT_NE(d.starts.courses.front().mean, d.starts.courses.back().mean);
  }
}

TEST(StartInfluence, IsTheDistanceToTheMeanAnswer) {
  const auto course = [](double x, double y) {
    return Course{1, 1, 2, {0, 0}, {}, {1, 1, 1, 1}, {0, 0}, {9, 9, x, y}};
  };
  const StartInfluence influence{{-1, 1}, {course(0, 0), course(6, 8)}};
  EXPECT_EQ(influence.shifts(0), std::vector<double>{5});
  EXPECT_EQ(influence.shifts(1), std::vector<double>{5});
}

TEST(Diagnostics, SimulateAnewAtTheEstimateAndAtTheTruth) {
  Checkpoint checkpoint = small_checkpoint(small_configuration("poisson", Transform::sqrt));
  const Diagnostics d = diagnose(machine_of(checkpoint));
  ASSERT_EQ(d.regenerated.size(), 3U);
  EXPECT_EQ(d.energy.alfi.size(), 40U);
  // All 40 episodes of at most 20 observations: the evaluation's own.
  EXPECT_NEAR(mean_of(d.energy.alfi), d.evaluation.energy_distance.value, 1e-12);
  const Regenerated& first = d.regenerated.front();
  const ParameterInfo rate = find_simulator("poisson").parameters[0];
  EXPECT_EQ(first.truth[0], rate.mean() + rate.deviation() * d.answers.truth[0]);
  EXPECT_EQ(first.estimate[0], rate.mean() + rate.deviation() * d.answers.alfi[0]);
  EXPECT_EQ(first.simulated, simulate("poisson", first.estimate, static_cast<int>(first.real.size()), 1));
  EXPECT_EQ(first.energy_distance, d.energy.alfi[0]);
  // The energy distance of equal laws is 0 on average: within four standard errors.
  double squares = 0;
  for (const double e : d.energy.truth) squares += e * e / 40;
  EXPECT_LT(std::abs(mean_of(d.energy.truth)), 4 * std::sqrt(squares / 40));
  EXPECT_GT(mean_of(d.energy.alfi), 4 * std::sqrt(squares / 40));  // an untrained machine's are far off
}

TEST(Diagnostics, AreNaNWhereThereIsNone) {
  const Diagnostics weinberg = diagnose(machine_of(small_checkpoint(small_configuration("weinberg"))));
  EXPECT_TRUE(std::isnan(weinberg.energy.mle[0]));
  EXPECT_TRUE(std::isfinite(weinberg.energy.alfi[0]));
  Configuration point = small_configuration("poisson", Transform::sqrt);
  point.proposal.family = Family::point;
  point.training.loss = Loss::l1;
  EXPECT_TRUE(std::isnan(diagnose(machine_of(small_checkpoint(point))).trained.deviation[0]));
  Configuration fixed = small_configuration("poisson", Transform::sqrt);
  fixed.proposal.family = Family::gaussian_fixed;
  fixed.proposal.sigma = 0.3;
  EXPECT_EQ(diagnose(machine_of(small_checkpoint(fixed))).trained.deviation[1], 0.3);
}

TEST(Diagnostics, OfADivergedMachineHaveNothingSimulated) {
  Checkpoint checkpoint = small_checkpoint(small_configuration("poisson", Transform::sqrt));
  for (float& weight : checkpoint.state.average) weight = std::numeric_limits<float>::quiet_NaN();
  const Diagnostics d = diagnose(machine_of(checkpoint));
  EXPECT_TRUE(d.regenerated[0].simulated.empty());
  EXPECT_TRUE(std::isnan(d.energy.alfi[0]));
  EXPECT_TRUE(std::isfinite(d.energy.truth[0]));
}

TEST(Diagnostics, ReportTheirProgressUpToTheEndAndRefuseWrongOptions) {
  const Machine machine = machine_of(small_checkpoint(small_configuration("poisson")));
  std::vector<double> reports;
  EvaluationOptions options{.episodes = 40, .threads = 1, .progress = [&](double part) { reports.push_back(part); }};
  (void)diagnose(machine, options);
  EXPECT_TRUE(std::is_sorted(reports.begin(), reports.end()));
  EXPECT_EQ(reports.back(), 1);
  options.episodes = -1;
  EXPECT_THAT(message_of<InputError>([&] { (void)diagnose(machine, options); }), HasSubstr("episodes = -1"));
}

}  // namespace
}  // namespace alfi
