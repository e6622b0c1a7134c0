// The fit of observations: what it takes together, and what is said of it.
#include "src/machine/fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "src/evaluation/predictive_check.hpp"
#include "src/model/checkpoint.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::small_checkpoint;
using test::small_configuration;
using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Fit good_fit() { return {1, 0.5, 0.6, 0.7, 0.8, 0.9, 0.01, {}, 0.4, 3.5, 0.3}; }

TEST(PoorFit, NamesWhatDoesNotFit) {
  EXPECT_THAT(poor_fit(good_fit()), IsEmpty());
  Fit fit = good_fit();
  fit.p = 0.0097;
  fit.predictive_p = fit.extremes_p = 1.0 / 129;
  EXPECT_THAT(poor_fit(fit), AllOf(HasSubstr("p = 0.0097"), HasSubstr("least or largest"), Not(HasSubstr("spread")),
                                   Not(HasSubstr("code is")), Not(HasSubstr("likelihood"))));
  fit.extremes_p = 0.9;
  fit.spread_p = 1.0 / 129;
  EXPECT_THAT(poor_fit(fit), AllOf(HasSubstr("spread otherwise"), Not(HasSubstr("least or largest"))));
  fit = good_fit();
  fit.p = 1e-5;
  fit.code_p = 1e-6;
  EXPECT_THAT(poor_fit(fit), AllOf(HasSubstr("code is 3.5 deviations"), Not(HasSubstr("spread"))));
  fit.code_p = 0.5;
  fit.likelihood_p = 1e-6;
  EXPECT_THAT(poor_fit(fit), HasSubstr("maximum likelihood lies elsewhere"));
}

TEST(CombinedFit, TakesFalseAlarmsForWhatTheyAre) {
  std::vector<Posterior> posteriors(100);
  for (Posterior& posterior : posteriors) posterior.fit = good_fit();
  EXPECT_EQ(combined_fit(posteriors).p, 1);
  for (int i = 0; i < 2; ++i) posteriors[static_cast<std::size_t>(i)].fit.p = 0.0097;
  // Two or more of 100 at 1 %: 1 − .99¹⁰⁰ − .99⁹⁹.
  EXPECT_NEAR(combined_fit(posteriors).p, 2 * (1 - std::pow(0.99, 100) - std::pow(0.99, 99)), 1e-12);
  EXPECT_THAT(poor_fit_of_sets(posteriors, combined_fit(posteriors)), IsEmpty());
  for (int i = 0; i < 9; ++i) posteriors[static_cast<std::size_t>(i)].fit.p = 0.0097;
  EXPECT_LT(combined_fit(posteriors).p, 1e-4);
  EXPECT_THAT(poor_fit_of_sets(posteriors, combined_fit(posteriors)), HasSubstr("9 of the 100 sets are unlike"));
  for (Posterior& posterior : posteriors) posterior.fit = good_fit();
  posteriors[40].fit.p = 1e-9;  // one is enough where it is bad enough
  EXPECT_NEAR(combined_fit(posteriors).p, 2e-7, 1e-12);
  for (Posterior& posterior : posteriors) posterior.fit.p = std::nan("");
  EXPECT_TRUE(std::isnan(combined_fit(posteriors).p));
}

/// A machine that answers with the prior: weights of 0.
Machine machine_of(Family family) {
  Configuration configuration = small_configuration("poisson", Transform::sqrt);
  configuration.proposal.family = family;
  if (family == Family::point) configuration.training.loss = Loss::mse;
  const test::TemporaryFolder folder;
  return Machine::load(test::write_small_machine(folder.path(), small_checkpoint(configuration)));
}

TEST(Fit, IsPartOfEveryAnswer) {
  const Machine machine = machine_of(Family::gaussian);
  const std::vector<float> counts{3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
  const Posterior posterior = machine.infer(counts, 10);
  const Fit& fit = posterior.fit;
  EXPECT_EQ(fit.simulated_distances.size(), static_cast<std::size_t>(predictive_sets));
  for (const double p : {fit.predictive_p, fit.energy_p, fit.shape_p, fit.spread_p, fit.extremes_p}) {
    EXPECT_GE(p, 1.0 / (predictive_sets + 1));
    EXPECT_LE(p, 1);
  }
  EXPECT_EQ(fit.p, std::min({1.0, fit.predictive_p / 0.8, fit.code_p / 0.1, fit.likelihood_p / 0.1}));
  EXPECT_GE(fit.likelihood_p, 0);
  EXPECT_GT(fit.energy_distance, 0);
  EXPECT_THAT(machine.infer(std::vector<float>(10, 1e7F), 10).warnings,
              Contains(AllOf(Field(&Warning::doubt, Doubt::poor_fit), Field(&Warning::text, HasSubstr("unlike")))));
}

TEST(Fit, IsLeftOutWhereItIsNotWanted) {
  const Machine machine = machine_of(Family::gaussian);
  const std::vector<float> counts(10, 1e7F);
  const Posterior checked = machine.infer(counts, 10), unchecked = machine.infer(counts, 10, {.fit = false});
  EXPECT_TRUE(std::isnan(unchecked.fit.p) && std::isnan(unchecked.fit.code_p));
  EXPECT_THAT(unchecked.warnings, Not(Contains(Field(&Warning::doubt, Doubt::poor_fit))));
  EXPECT_EQ(unchecked.standard.mean, checked.standard.mean);
  EXPECT_TRUE(std::isnan(combined_fit(std::vector<Posterior>{unchecked, unchecked}).p));
}

TEST(Fit, OfAPointComparesTheCodeAlone) {
  const Fit fit = machine_of(Family::point).infer(std::vector<float>{3, 1, 4, 1, 5}, 5).fit;
  EXPECT_TRUE(std::isnan(fit.predictive_p));
  EXPECT_TRUE(std::isnan(fit.likelihood_p));
  EXPECT_FALSE(std::isnan(fit.code_p));
  EXPECT_NEAR(fit.p, std::min(1.0, fit.code_p / 0.1), 1e-12);
}

}  // namespace
}  // namespace alfi
