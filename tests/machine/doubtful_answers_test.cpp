// Doubtful answers: at the end of the prior, to which they are truncated, and after more iterations than trained.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/machine.hpp"
#include "src/numerics/statistics.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/other_warnings.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::other_warnings;
using test::small_checkpoint;
using test::small_configuration;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

auto doubted(Doubt doubt, const testing::Matcher<std::string>& text) {
  return AllOf(testing::Field(&Warning::doubt, doubt), testing::Field(&Warning::text, text));
}

const std::vector<float> counts{0, 7, 3, 10, 6, 2, 9, 5, 1};

/// Makes a machine of the Poisson simulator that moves its mean by +0.5, the bound, at every iteration and log σ, where
/// it has one, by −0.5.
Machine moving_machine(Family family) {
  Configuration configuration = small_configuration("poisson", Transform::sqrt);
  configuration.proposal.family = family;
  if (family == Family::point) configuration.training.loss = Loss::mse;
  configuration.episode.iterations = 5;
  Checkpoint checkpoint = small_checkpoint(configuration);
  const auto bias = static_cast<std::size_t>(checkpoint.plan.layout.fc4.bias);
  checkpoint.state.average[bias] = 100;
  if (family == Family::gaussian) checkpoint.state.average[bias + 1] = -100;
  const test::TemporaryFolder folder;
  return Machine::load(test::write_small_machine(folder.path(), checkpoint));
}

TEST(PriorEnd, IsLeftByDeviationsBeforeAnyoneIsWarned) {
  // After 3 iterations the mean is inside the prior's ±1.73 deviations. After 4 it is outside by 2 of its own
  // deviations, as answers at the prior's end may be; after 5 by 9.4.
  const Machine machine = moving_machine(Family::gaussian);
  EXPECT_THAT(other_warnings(machine.infer(counts, 9, {3})), IsEmpty());
  EXPECT_THAT(other_warnings(machine.infer(counts, 9, {4})), IsEmpty());
  const auto warns = ElementsAre(doubted(Doubt::outside_prior, AllOf(HasSubstr("log_rate = 8.5"), HasSubstr("[0.2, 7]"),
                                                                     HasSubstr("by 9.36 deviations"))));
  EXPECT_THAT(other_warnings(machine.infer(counts, 9, {5})), warns);
  EXPECT_THAT(other_warnings(machine.infer(counts, 9, {.iterations = 5, .truncated = false})), warns);
}

// A machine that goes on and narrows is ruined by more iterations; one that stays is not.
TEST(MoreIterations, AreRefusedWhereTheyRuinTheMachine) {
  const Machine machine = moving_machine(Family::gaussian);
  EXPECT_THAT(test::message_of<InputError>([&] { (void)machine.infer(counts, 9, {.iterations = 30}); }),
              AllOf(HasSubstr("iterations = 30: the machine was trained for 5, and more ruin it. Of 16 problems"),
                    HasSubstr(" after 5, "), HasSubstr(" after 10, "), HasSubstr(" after 20, "),
                    HasSubstr(" after 30 iterations.")));
  EXPECT_THAT(test::message_of<InputError>([&] { (void)moving_machine(Family::point).infer(counts, 9, {20}); }),
              AllOf(HasSubstr("iterations = 20"), HasSubstr("mean error is")));
}

TEST(MoreIterations, OfAMachineThatStaysHaveAWarning) {
  const test::TemporaryFolder folder;  // weights of 0: the answer is the prior
  const Machine machine = Machine::load(
      test::write_small_machine(folder.path(), small_checkpoint(small_configuration("poisson", Transform::sqrt))));
  EXPECT_THAT(other_warnings(machine.infer(counts, 9, {3})), IsEmpty());
  EXPECT_THAT(
      other_warnings(machine.infer(counts, 9, {7})),
      ElementsAre(doubted(Doubt::more_iterations, HasSubstr("trained for 3 iterations, 7 are asked for. Of 16"))));
}

TEST(PriorEnd, OfAPointIsLeftWithAWarning) {
  const Machine machine = moving_machine(Family::point);
  EXPECT_THAT(other_warnings(machine.infer(counts, 9, {3})), IsEmpty());
  EXPECT_THAT(other_warnings(machine.infer(counts, 9, {4})),
              ElementsAre(doubted(Doubt::outside_prior, AllOf(HasSubstr("log_rate"), HasSubstr("[0.2, 7]")))));
}

// At the prior's end an answer is the Gaussian's part inside, and its draws are inside.
TEST(PriorEnd, TruncatesAnswers) {
  const Machine machine = moving_machine(Family::gaussian);
  const Posterior whole = machine.infer(counts, 9, {.iterations = 4, .truncated = false}),
                  posterior = machine.infer(counts, 9, {.iterations = 4});
  EXPECT_TRUE(posterior.truncated);
  EXPECT_FALSE(whole.truncated);
  EXPECT_EQ(posterior.standard.mean, whole.standard.mean);
  // N(m, s²) below its end b, in units of s: mean −φ/Φ, square 1 − b φ/Φ.
  const double m = whole.parameters[0].mean, s = whole.parameters[0].deviation, b = (7 - m) / s;
  EXPECT_NEAR(b, -1.98, 0.01);
  const double ratio = std::exp(-b * b / 2) / std::sqrt(2 * std::numbers::pi) / normal_cdf(b);
  EXPECT_NEAR(posterior.parameters[0].mean, m - s * ratio, 1e-9);
  EXPECT_NEAR(posterior.parameters[0].deviation, s * std::sqrt(1 - b * ratio - ratio * ratio), 1e-9);
  EXPECT_NEAR(posterior.parameters[0].lower, m + s * normal_quantile(0.025 * normal_cdf(b)), 1e-8);
  EXPECT_NEAR(posterior.parameters[0].upper, m + s * normal_quantile(0.975 * normal_cdf(b)), 1e-8);
  for (const double theta : machine.sample(posterior, 1000)) EXPECT_LE(theta, 7);
  const std::vector<double> beyond = machine.sample(whole, 1000);
  EXPECT_GT(std::ranges::count_if(beyond, [](double theta) { return theta > 7; }), 900);
}

}  // namespace
}  // namespace alfi
