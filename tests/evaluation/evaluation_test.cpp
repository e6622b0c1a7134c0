#include "alfi/evaluation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/simulators.hpp"
#include "src/evaluation/answers.hpp"
#include "src/evaluation/replicates.hpp"
#include "src/exact/exact.hpp"
#include "src/model/truncated_law.hpp"
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

double log_normal(double x, double mean, double deviation) {
  const double z = (x - mean) / deviation;
  return -0.5 * z * z - std::log(deviation) - 0.5 * std::log(2 * std::numbers::pi);
}

/// Numbers the tests expect of an episode: recomputed from the rollout alone, its observations taken back to natural
/// units.
struct Episode {
  std::vector<double> truth, alfi, alfi_deviation;  // (D), standardised
  double loss;                                      // loss of the last iteration, as the kernels have it
  std::vector<float> x;                             // natural units
  Exact exact;
};

std::vector<Episode> episodes_of(const Checkpoint& checkpoint, int count, int T) {
  const Configuration& configuration = checkpoint.plan.configuration;
  const Normalisation& normalisation = checkpoint.normalisation;
  const SimulatorInfo simulator = find_simulator(configuration.simulator.name);
  const int D = static_cast<int>(simulator.parameters.size()), X = simulator.observations.dimension;
  const auto exact = make_exact_inference(simulator);
  Engine engine(configuration, normalisation);
  std::vector<Episode> episodes(static_cast<std::size_t>(count));
  const Episodes drawn{Phase::evaluation, 0, count, 0, configuration.engine.seed};
  engine.rollout(drawn, T, checkpoint.state.average, [&](const FinishedTile& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane) {
      Episode& episode = episodes[static_cast<std::size_t>(finished.first + lane)];
      for (int d = 0; d < D; ++d) {
        episode.truth.push_back(finished.tile.truth[d * tile_lanes + lane]);
        episode.alfi.push_back(finished.tile.psi[(T * 2 * D + d) * tile_lanes + lane]);
        episode.alfi_deviation.push_back(std::exp(double{finished.tile.psi[(T * 2 * D + D + d) * tile_lanes + lane]}));
      }
      episode.loss = finished.tile.loss[(T - 1) * tile_lanes + lane];
      for (int i = 0; i < static_cast<int>(finished.tile.input->count[lane]) * X; ++i) {
        const int r = i / X, k = i % X;
        const auto column = static_cast<std::size_t>(k);
        const double transformed =
            *finished.tile.real.at(k, r * tile_lanes + lane) / normalisation.scale[column] + normalisation.mean[column];
        // √(k + 3/8) is undone to the count exactly: its error, 1e-7 of √k, is far below a half of a count.
        const double x = configuration.simulator.transform == Transform::sqrt
                             ? std::round(transformed * transformed - 0.375)
                             : transformed;
        // A rounding may have taken it beyond what the simulator gives.
        episode.x.push_back(static_cast<float>(std::clamp(x, simulator.observations.low, simulator.observations.high)));
      }
      episode.exact = exact->infer(episode.x);
    }
  });
  return episodes;
}

/// A normal law of one parameter truncated to its prior, by closed forms; standardised. A uniform prior ends at ±√3.
struct Truncated {
  double normal_mean, deviation, a, b, log_mass, mean;

  Truncated(const ParameterInfo& prior, double normal_mean, double deviation)
      : normal_mean(normal_mean), deviation(deviation) {
    const double end = prior.prior == Prior::normal ? INFINITY : std::numbers::sqrt3;
    a = (-end - normal_mean) / deviation, b = (end - normal_mean) / deviation;
    const double mass = cdf(b) - cdf(a);
    log_mass = std::log(mass);
    mean = normal_mean + deviation * (density(a) - density(b)) / mass;
  }
  double place(double x) const { return (cdf((x - normal_mean) / deviation) - cdf(a)) / std::exp(log_mass); }
  double loss(double x) const { return log_mass - log_normal(x, normal_mean, deviation); }

 private:
  static double density(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi); }
  static double cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }
};

bool within_80_percent(double place) { return place > 0.1 && place < 0.9; }

/// Means over the episodes, straight from their definitions.
struct Expected {
  double alfi = 0, mle = 0, posterior = 0, loss = 0, floor = 0, kernel_loss = 0;  ///< kernels truncate nothing
  std::vector<double> rmse_mle, covered;
};

Expected expected_of(const std::vector<Episode>& episodes, const std::vector<ParameterInfo>& parameters) {
  Expected sum{.rmse_mle = std::vector<double>(parameters.size()), .covered = std::vector<double>(parameters.size())};
  const double n = static_cast<double>(episodes.size());
  for (const Episode& e : episodes) {
    double alfi = 0, mle = 0, posterior = 0;
    for (std::size_t d = 0; d < parameters.size(); ++d) {
      const bool normal = parameters[d].prior == Prior::normal;  // on four deviations to either side
      const double middle = 0.5 * (parameters[d].low + parameters[d].high);
      const double deviation = (parameters[d].high - parameters[d].low) / (normal ? 8 : std::sqrt(12.0));
      const double truth = middle + deviation * e.truth[d];
      const auto squared = [&](double estimate) { return std::pow((truth - estimate) / deviation, 2); };
      const Truncated answer(parameters[d], e.alfi[d], e.alfi_deviation[d]),
          best(parameters[d], (e.exact.posterior_mean[d] - middle) / deviation,
               e.exact.posterior_deviation[d] / deviation);
      alfi += squared(middle + deviation * answer.mean);
      mle += squared(e.exact.maximum_likelihood[d]);
      posterior += squared(e.exact.posterior_mean[d]);
      sum.rmse_mle[d] += squared(e.exact.maximum_likelihood[d]) / n;
      sum.loss += answer.loss(e.truth[d]) / n;
      sum.kernel_loss += answer.log_mass / n;
      sum.floor += best.loss(e.truth[d]) / n;
      sum.covered[d] += within_80_percent(answer.place(e.truth[d])) ? 1 / n : 0;
    }
    sum.alfi += std::sqrt(alfi) / n;
    sum.mle += std::sqrt(mle) / n;
    sum.posterior += std::sqrt(posterior) / n;
    sum.kernel_loss += e.loss / n;
  }
  for (double& square : sum.rmse_mle) square = std::sqrt(square);
  return sum;
}

// Compares a machine whose codes are computed with itself where they are looked up: sums of 1000 roundings apart.
TEST(Evaluation, IsTheSameWhereCodesAreLookedUp) {
  const auto evaluation = [](Encoder encoder) {
    Checkpoint checkpoint = small_checkpoint(small_configuration("poisson", Transform::sqrt));
    checkpoint.plan.configuration.engine.encoder = encoder;
    return evaluate(machine_of(checkpoint));
  };
  const Evaluation computed = evaluation(Encoder::dense);
  for (const Encoder encoder : {Encoder::table, Encoder::segments, Encoder::automatic}) {
    const Evaluation looked_up = evaluation(encoder);
    EXPECT_NEAR(looked_up.error.alfi.value, computed.error.alfi.value, 1e-4 * computed.error.alfi.value);
    EXPECT_NEAR(looked_up.loss.value, computed.loss.value, 1e-4 * std::abs(computed.loss.value));
    EXPECT_EQ(looked_up.error.mle.value, computed.error.mle.value);
  }
}

TEST(Evaluation, ComparesAllMethodsOnTheSameEpisodes) {
  for (const SimulatorInfo& simulator : simulators()) {
    SCOPED_TRACE(simulator.name);
    if (make_exact_inference(simulator) == nullptr) continue;
    const Transform transform = simulator.observations.whole ? Transform::sqrt : Transform::none;
    const Checkpoint checkpoint = small_checkpoint(small_configuration(simulator.name, transform));
    const auto& parameters = simulator.parameters;
    const std::vector<Episode> episodes = episodes_of(checkpoint, 40, 3);
    if (episodes.front().exact.maximum_likelihood.empty()) continue;  // see HasNoMaximumLikelihoodWhereItIsNotUnique
    const Expected expected = expected_of(episodes, parameters);
    const Evaluation e = evaluate(machine_of(checkpoint));
    EXPECT_EQ(e.episodes, 40);
    EXPECT_EQ(e.iterations, 3);
    EXPECT_EQ(e.step, 7);
    // Poisson's counts come back exactly, so only the order of additions differs; gaussian's come back to float's
    // precision of numbers around 10, beside parameters' deviations around 1.
    const double tolerance = transform == Transform::sqrt ? 1e-12 : 1e-5;
    EXPECT_NEAR(e.error.alfi.value, expected.alfi, 1e-9);  // a quadrature's, beside closed forms
    EXPECT_NEAR(e.error.mle.value, expected.mle, tolerance);
    EXPECT_NEAR(e.error.posterior.value, expected.posterior, tolerance);
    EXPECT_NEAR(e.error_over_mle.value, expected.alfi / expected.mle, 100 * tolerance);
    EXPECT_NEAR(e.error_over_posterior.value, expected.alfi / expected.posterior, 100 * tolerance);
    for (std::size_t d = 0; d < parameters.size(); ++d) {
      EXPECT_NEAR(e.rmse[d].mle.value, expected.rmse_mle[d], tolerance);
      EXPECT_NEAR(e.coverage[1].per_parameter[d], expected.covered[d], 1e-12);
    }
    EXPECT_NEAR(e.loss.value, expected.loss, 1e-9);
    EXPECT_NEAR(e.loss.value, expected.kernel_loss, 1e-5);  // float's, of numbers around 1
    EXPECT_NEAR(e.loss_floor.value, expected.floor, 1000 * tolerance);
    EXPECT_NEAR(e.loss_gap.value, e.loss.value - e.loss_floor.value, 1e-12);
    EXPECT_EQ(e.error_by_iteration.size(), 4u);
    EXPECT_NEAR(e.error_by_iteration.back(), expected.alfi, 1e-9);
    double at_start = 0;  // the prior's mean, 0
    for (const Episode& episode : episodes) {
      const std::vector<double>& truth = episode.truth;
      at_start += std::sqrt(std::inner_product(truth.begin(), truth.end(), truth.begin(), 0.0)) / 40;
    }
    EXPECT_NEAR(e.error_by_iteration.front(), at_start, 1e-12);
    EXPECT_LT(e.error.mle.lower, e.error.mle.value);
    EXPECT_GT(e.error.mle.upper, e.error.mle.value);
    EXPECT_EQ(e.not_finite, 0);
  }
}

TEST(Evaluation, GivesTheSameNumbersForAnyThreads) {
  const Machine machine = machine_of(small_checkpoint(small_configuration("gaussian")));
  Evaluation one = evaluate(machine, {.episodes = 100, .iterations = 0, .threads = 1}),
             two = evaluate(machine, {.episodes = 100, .iterations = 0, .threads = 2});
  one.seconds = two.seconds = 0;
  EXPECT_EQ(to_json(one), to_json(two));
}

TEST(Evaluation, MeasuresTheEnergyDistanceOfWhatIsSimulatedAtTheEstimate) {
  const Checkpoint checkpoint = small_checkpoint(small_configuration("poisson", Transform::sqrt));
  const Episode episode = episodes_of(checkpoint, 1, 3).front();
  const ParameterInfo rate = find_simulator("poisson").parameters[0];
  const int R = static_cast<int>(episode.x.size());
  // simulate() draws the first episode's numbers.
  std::vector<float> simulated =
                         simulate("poisson",
                                  {rate.mean() +
                                   rate.deviation() * Truncated(rate, episode.alfi[0], episode.alfi_deviation[0]).mean},
                                  R, 1),
                     real = episode.x;
  for (auto* const x : {&simulated, &real})
    for (float& value : *x)
      value = (std::sqrt(value + 0.375F) - checkpoint.normalisation.mean[0]) * checkpoint.normalisation.scale[0];
  const Machine machine = machine_of(checkpoint);
  EXPECT_NEAR(evaluate(machine, {.episodes = 1, .iterations = 0, .threads = 1}).energy_distance.value,
              energy_distance(host_statistics(), real, simulated, 1), 1e-12);
  const Evaluation many = evaluate(machine, {.episodes = 600, .iterations = 0, .threads = 1});
  EXPECT_EQ(many.energy_distance_episodes, 500);
  EXPECT_GT(many.energy_distance.lower, 0);  // an untrained machine's estimates are far off
}

// The answers are those of infer: combined, and truncated to the prior, in errors, losses and coverage.
TEST(Evaluation, JudgesWhatReplicatesComeTo) {
  constexpr int problems = 40, K = 4, T = 3, D = 2, P = 4;
  Checkpoint checkpoint = small_checkpoint(small_configuration("gaussian"));
  checkpoint.state.average = checkpoint.state.weights;  // looks at its simulations too
  const Configuration& configuration = checkpoint.plan.configuration;
  Engine engine(configuration, checkpoint.normalisation);
  std::vector<std::vector<ProposalLaw>> laws(problems);
  std::vector<std::vector<double>> truth(problems);
  engine.rollout({Phase::evaluation, 0, problems * K, 0, configuration.engine.seed, K}, T, checkpoint.state.average,
                 [&](const FinishedTile& finished) {
                   for (int lane = 0; lane < finished.episodes; ++lane) {
                     const auto b = static_cast<std::size_t>((finished.first + lane) / K);
                     std::vector<double> psi;
                     for (int p = 0; p < P; ++p) psi.push_back(finished.tile.psi[(T * P + p) * tile_lanes + lane]);
                     laws[b].push_back(proposal_law(Family::gaussian, 1, D, psi));
                     truth[b] = {finished.tile.truth[lane], finished.tile.truth[tile_lanes + lane]};
                   }
                 });
  double error = 0, loss = 0, covered = 0;
  bool truncated = false;
  const auto& priors = checkpoint.plan.simulator.parameters;
  for (std::size_t b = 0; b < problems; ++b) {
    const ProposalLaw law = combined(Family::gaussian, laws[b]);
    const Truncated first(priors[0], law.mean[0], law.deviation[0]), second(priors[1], law.mean[1], law.deviation[1]);
    error += std::hypot(truth[b][0] - first.mean, truth[b][1] - second.mean) / problems;
    loss += (first.loss(truth[b][0]) + second.loss(truth[b][1])) / problems;
    covered += within_80_percent(second.place(truth[b][1])) ? 1.0 / problems : 0;
    truncated = truncated || first.log_mass < -0.1;
  }
  EXPECT_TRUE(truncated);
  const Evaluation e = evaluate(machine_of(checkpoint), {.replicates = K});
  EXPECT_EQ(e.replicates, K);
  EXPECT_NEAR(e.error.alfi.value, error, 1e-9);  // a quadrature's, beside closed forms
  EXPECT_NEAR(e.error_by_iteration.back(), error, 1e-9);
  EXPECT_NEAR(e.loss.value, loss, 1e-9);
  EXPECT_NEAR(e.coverage[1].per_parameter[1], covered, 1e-12);
  EXPECT_NE(e.error.alfi.value, evaluate(machine_of(checkpoint)).error.alfi.value);
  EXPECT_EQ(e.error.mle.value, evaluate(machine_of(checkpoint)).error.mle.value);  // both judge one set of problems
}

TEST(Evaluation, HasNoMaximumLikelihoodWhereItIsNotUnique) {
  const Evaluation e = evaluate(machine_of(small_checkpoint(small_configuration("weinberg"))));
  EXPECT_TRUE(std::isnan(e.error.mle.value));
  EXPECT_TRUE(std::isnan(e.error_over_mle.value));
  EXPECT_TRUE(std::isnan(e.rmse[1].mle.value));
  EXPECT_TRUE(std::isfinite(e.error.posterior.value));
  EXPECT_TRUE(std::isfinite(e.error_over_posterior.value));
  EXPECT_TRUE(std::isfinite(e.loss_gap.value));
}

TEST(Evaluation, OfAPointHasErrorsAndNoDensity) {
  Configuration configuration = small_configuration("poisson", Transform::sqrt);
  configuration.proposal.family = Family::point;
  configuration.training.loss = Loss::l1;
  const Evaluation e = evaluate(machine_of(small_checkpoint(configuration)));
  EXPECT_TRUE(std::isfinite(e.error.alfi.value));
  EXPECT_TRUE(std::isfinite(e.loss_floor.value));
  EXPECT_TRUE(std::isnan(e.loss.value));
  EXPECT_TRUE(std::isnan(e.coverage[0].all));
  EXPECT_TRUE(std::isnan(e.sbc_p));
  EXPECT_EQ(e.not_finite, 0);
}

TEST(Evaluation, OfAFixedDeviationUsesTheConfiguredOne) {
  Configuration configuration = small_configuration("poisson", Transform::sqrt);
  configuration.proposal.family = Family::gaussian_fixed;
  configuration.proposal.sigma = 0.3;
  const Checkpoint checkpoint = small_checkpoint(configuration);
  Engine engine(configuration, checkpoint.normalisation);
  double loss = 0;
  engine.rollout({Phase::evaluation, 0, 40, 0, configuration.engine.seed}, 3, checkpoint.state.average,
                 [&](const FinishedTile& finished) {
                   for (int lane = 0; lane < finished.episodes; ++lane)
                     loss += Truncated(checkpoint.plan.simulator.parameters[0],
                                       finished.tile.psi[3 * tile_lanes + lane], 0.3)
                                 .loss(finished.tile.truth[lane]) /
                             40;
                 });
  EXPECT_NEAR(evaluate(machine_of(checkpoint)).loss.value, loss, 1e-7);  // 0.3 as a float
}

// The loss is the joint density's, as the kernels have it but for what is truncated; intervals are each parameter's
// own.
TEST(Evaluation, OfCoupledParametersHasTheirJointDensity) {
  Configuration configuration = small_configuration("weinberg");
  configuration.proposal.family = Family::gaussian_full;
  const Checkpoint checkpoint = small_checkpoint(configuration);
  Engine engine(configuration, checkpoint.normalisation);
  const std::vector<Range> ranges = prior_ranges(checkpoint.plan.simulator);
  double loss = 0, apart = 0, covered = 0;
  engine.rollout(
      {Phase::evaluation, 0, 40, 0, configuration.engine.seed}, 3, checkpoint.state.average,
      [&](const FinishedTile& finished) {
        for (int lane = 0; lane < finished.episodes; ++lane) {
          const auto psi = [&](int p) { return double{finished.tile.psi[(3 * 5 + p) * tile_lanes + lane]}; };
          const auto truth = [&](int d) { return double{finished.tile.truth[d * tile_lanes + lane]}; };
          std::vector<double> all;
          for (int p = 0; p < 5; ++p) all.push_back(psi(p));
          const TruncatedLaw law(proposal_law(Family::gaussian_full, 1, 2, all), ranges);
          const std::vector<double> both{truth(0), truth(1)};
          loss += (finished.tile.loss[2 * tile_lanes + lane] + law.loss(both) - normal_loss(law.normal(), both)) / 40;
          const double sigma = std::exp(psi(3)) * std::sqrt(1 + psi(4) * psi(4));
          apart -= (log_normal(truth(0), psi(0), std::exp(psi(2))) + log_normal(truth(1), psi(1), sigma)) / 40;
          covered += within_80_percent(law.probability(1, truth(1))) ? 1.0 / 40 : 0;
        }
      });
  const Evaluation e = evaluate(machine_of(checkpoint));
  EXPECT_NEAR(e.loss.value, loss, 1e-5);  // float's, of numbers around 1
  EXPECT_GT(std::abs(loss - apart), 1e-3) << "nothing is coupled: this test is blind";
  EXPECT_NEAR(e.coverage[1].per_parameter[1], covered, 1e-12);
}

// On the ridge of weinberg's posterior a Gaussian that leans along it is better by −½ log(1 − r²) where it is narrow.
TEST(Evaluation, OfCoupledParametersHasTheBestGaussianOfAll) {
  Configuration configuration = small_configuration("weinberg");
  configuration.episode.real_observations = {500, 500};
  configuration.evaluation.episodes = 400;
  const Evaluation apart = evaluate(machine_of(small_checkpoint(configuration)));
  configuration.proposal.family = Family::gaussian_full;
  const Evaluation coupled = evaluate(machine_of(small_checkpoint(configuration)));
  EXPECT_LT(coupled.loss_floor.upper, apart.loss_floor.lower);
  EXPECT_EQ(coupled.error.posterior.value, apart.error.posterior.value);  // both judge one set of problems
}

TEST(Evaluation, OfADivergedMachineIsNullAndLeavesTheOthersStanding) {
  Checkpoint checkpoint = small_checkpoint(small_configuration("poisson", Transform::sqrt));
  for (float& weight : checkpoint.state.average) weight = std::numeric_limits<float>::quiet_NaN();
  const Evaluation e = evaluate(machine_of(checkpoint));
  EXPECT_EQ(e.not_finite, 40);
  EXPECT_TRUE(std::isfinite(e.error.mle.value));
  const auto json = nlohmann::json::parse(to_json(e));
  for (const char* const path :
       {"/error/alfi", "/error_ratio/mle", "/rmse/alfi/0", "/loss", "/loss_gap", "/coverage/95", "/sbc_p",
        "/sbc_p_per_parameter/0", "/energy_distance", "/error_by_iteration/3"})
    EXPECT_TRUE(json.at(nlohmann::json::json_pointer(path)).is_null()) << path;
  for (const char* const path : {"/error/mle", "/error/posterior", "/rmse/mle/0", "/loss_floor"})
    EXPECT_TRUE(json.at(nlohmann::json::json_pointer(path)).is_number()) << path;
}

TEST(Evaluation, WritesItsNumbersAsJson) {
  const Evaluation e = evaluate(machine_of(small_checkpoint(small_configuration("gaussian"))));
  const auto json = nlohmann::json::parse(to_json(e));
  EXPECT_EQ(json["simulator"], "gaussian");
  EXPECT_EQ(json["parameters"], (nlohmann::json{"mean", "log_deviation"}));
  EXPECT_EQ(json["episodes"], 40);
  EXPECT_EQ(json["iterations"], 3);
  EXPECT_EQ(json["replicates"], 1);
  EXPECT_EQ(json["step"], 7);
  EXPECT_EQ(json["error"]["alfi"], e.error.alfi.value);
  EXPECT_EQ(json["error"]["mle"], e.error.mle.value);
  EXPECT_EQ(json["error"]["posterior"], e.error.posterior.value);
  EXPECT_EQ(json["error_interval"]["mle"], (nlohmann::json{e.error.mle.lower, e.error.mle.upper}));
  EXPECT_EQ(json["error_ratio"]["mle"], e.error_over_mle.value);
  EXPECT_EQ(json["error_ratio"]["posterior"], e.error_over_posterior.value);
  EXPECT_EQ(json["rmse"]["posterior"], (nlohmann::json{e.rmse[0].posterior.value, e.rmse[1].posterior.value}));
  EXPECT_EQ(json["loss"], e.loss.value);
  EXPECT_EQ(json["loss_floor"], e.loss_floor.value);
  EXPECT_EQ(json["loss_gap"], e.loss_gap.value);
  EXPECT_EQ(json["coverage"].size(), 4u);
  EXPECT_EQ(json["coverage"]["50"], e.coverage[0].all);
  EXPECT_EQ(json["coverage"]["95"], e.coverage[3].all);
  EXPECT_EQ(json["coverage_per_parameter"]["80"], e.coverage[1].per_parameter);
  EXPECT_EQ(json["coverage_of_best_gaussian"]["80"], e.coverage[1].best_gaussian);
  EXPECT_EQ(json["sbc_p"], e.sbc_p);
  EXPECT_EQ(json["energy_distance"], e.energy_distance.value);
  EXPECT_EQ(json["energy_distance_episodes"], 40);
  EXPECT_EQ(json["error_by_iteration"], e.error_by_iteration);
  EXPECT_EQ(json["clamped_draws"], e.clamped_draws);
  EXPECT_TRUE(json["seconds"].is_number());
}

TEST(Evaluation, CountsClampedDraws) {
  Configuration configuration = small_configuration("poisson", Transform::sqrt);
  configuration.networks.rim.bound = 0;  // none
  Checkpoint checkpoint = small_checkpoint(configuration);
  EXPECT_EQ(evaluate(machine_of(checkpoint)).clamped_draws, 0);
  // The first update adds about 20 prior deviations, 39, to log λ, far beyond the domain's 16; so both draws of the
  // second and third iteration of 40 episodes are moved.
  checkpoint.state.average[static_cast<std::size_t>(Plan(configuration).layout.fc4.bias)] = 20;
  EXPECT_EQ(evaluate(machine_of(checkpoint)).clamped_draws, 40 * 2 * 2);
}

TEST(Evaluation, RefusesWrongOptions) {
  const Machine machine = machine_of(small_checkpoint(small_configuration("poisson")));
  const auto refusal = [&](EvaluationOptions options) {
    return message_of<InputError>([&] { (void)evaluate(machine, options); });
  };
  EXPECT_THAT(refusal({.episodes = -1, .iterations = 0, .threads = 0}), HasSubstr("episodes = -1"));
  EXPECT_THAT(refusal({.episodes = 0, .iterations = -2, .threads = 0}), HasSubstr("iterations = -2"));
  EXPECT_THAT(refusal({.episodes = 0, .iterations = 0, .threads = -3}), HasSubstr("threads = -3"));
}

TEST(Evaluation, ReportsItsProgressUpToTheEnd) {
  std::vector<double> reports;
  EvaluationOptions options{.episodes = 40, .threads = 2, .progress = [&](double done) { reports.push_back(done); }};
  (void)evaluate(machine_of(small_checkpoint(small_configuration("poisson"))), options);
  EXPECT_EQ(reports.size(), 6u);  // three tiles, twice
  EXPECT_TRUE(std::is_sorted(reports.begin(), reports.end()));
  EXPECT_EQ(reports.back(), 1);
}

/// Fills in places and losses of independent parameters, −log N(θ*; μ, σ), for ALFI and the posterior.
void add_losses(Answers& answers, const std::vector<double>& posterior_deviation) {
  const auto place = [](double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); };
  for (std::size_t b = 0; b < answers.alfi_loss.size(); ++b) {
    answers.alfi_loss[b] = answers.posterior_loss[b] = 0;
    for (int d = 0; d < 2; ++d) {
      const std::size_t i = answers.at(static_cast<int>(b), d);
      answers.alfi_place[i] = place((answers.truth[i] - answers.alfi[i]) / answers.alfi_deviation[i]);
      answers.posterior_place[i] = place((answers.truth[i] - answers.posterior[i]) / posterior_deviation[i]);
      answers.alfi_loss[b] -= log_normal(answers.truth[i], answers.alfi[i], answers.alfi_deviation[i]);
      answers.posterior_loss[b] -= log_normal(answers.truth[i], answers.posterior[i], posterior_deviation[i]);
    }
  }
}

/// Draws truths from the exact posterior, which ALFI gives with its deviation times `factor`.
Answers drawn_answers(int episodes, double factor) {
  Answers answers(episodes, 2);
  std::vector<double> posterior_deviation(answers.truth.size());
  std::mt19937_64 generator(3);
  const auto normal = [&] {  // Box and Muller
    const double u = (static_cast<double>(generator() >> 11) + 0.5) * 0x1p-53;
    const double v = static_cast<double>(generator() >> 11) * 0x1p-53;
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  };
  for (int b = 0; b < episodes; ++b)
    for (int d = 0; d < 2; ++d) {
      const std::size_t i = answers.at(b, d);
      const double mean = normal(), deviation = std::exp(0.3 * normal() - 2);
      answers.truth[i] = mean + deviation * normal();
      answers.posterior[i] = answers.alfi[i] = answers.mle[i] = mean;
      posterior_deviation[i] = deviation;
      answers.alfi_deviation[i] = deviation * factor;
    }
  add_losses(answers, posterior_deviation);
  return answers;
}

TEST(Answers, OfTheTruePosteriorAreCalibrated) {
  constexpr int episodes = 2000;
  Evaluation e{};
  summarise(host_statistics(), drawn_answers(episodes, 1), e);
  ASSERT_EQ(e.coverage.size(), 4u);
  for (const Coverage& coverage : e.coverage) {
    const double p = coverage.percent / 100.0;
    for (const double covered : coverage.per_parameter)
      EXPECT_NEAR(covered, p, 4 * std::sqrt(p * (1 - p) / episodes));  // 4 standard errors
    EXPECT_NEAR(coverage.all, 0.5 * (coverage.per_parameter[0] + coverage.per_parameter[1]), 1e-15);
    EXPECT_EQ(coverage.best_gaussian, coverage.per_parameter);  // ALFI's Gaussians are the posterior's
  }
  EXPECT_GT(e.sbc_p, 0.001);
  EXPECT_EQ(e.sbc_p, std::min(1.0, 2 * std::min(e.sbc_p_per_parameter[0], e.sbc_p_per_parameter[1])));
  EXPECT_NEAR(e.loss_gap.value, 0, 1e-12);
  EXPECT_EQ(e.error_over_mle.value, 1);
  EXPECT_EQ(e.error_over_mle.upper, 1);  // ALFI's error is the MLE's in each pair
}

TEST(Answers, OfTooNarrowAnIntervalAreNotCalibrated) {
  Evaluation e{};
  summarise(host_statistics(), drawn_answers(2000, 0.5), e);
  // P(|z| < q/2) for the 95 % quantile q = 1.96 is 0.673.
  EXPECT_NEAR(e.coverage[3].all, 0.673, 0.03);
  EXPECT_NEAR(e.coverage[3].best_gaussian[0], 0.95, 4 * std::sqrt(0.95 * 0.05 / 2000));  // 4 standard errors
  EXPECT_LT(e.sbc_p, 1e-6);
  // ⟨log ½ + ½ z² (4 − 1)⟩ for each of two parameters; z² has mean 1 and deviation √2.
  EXPECT_NEAR(e.loss_gap.value, 2 * (std::log(0.5) + 1.5), 4 * 1.5 * std::sqrt(2.0 * 2 / 2000));
  EXPECT_LT(e.loss_gap.lower, e.loss_gap.value);
}

TEST(Answers, AreSummedUpByHand) {
  Answers answers(2, 2);
  answers.truth = {0, 0, 1, 1};
  answers.alfi = {3, 4, 1, 1};  // distances 5 and 0
  answers.alfi_deviation = {1, 1, 2, 1};
  answers.mle = {0, 1, 1, 0};        // 1 and 1
  answers.posterior = {0, 0, 1, 3};  // 0 and 2
  add_losses(answers, {1, 1, 1, 1});
  Evaluation e{};
  summarise(host_statistics(), answers, e);
  EXPECT_DOUBLE_EQ(e.error.alfi.value, 2.5);
  EXPECT_DOUBLE_EQ(e.error.mle.value, 1);
  EXPECT_DOUBLE_EQ(e.error.posterior.value, 1);
  EXPECT_DOUBLE_EQ(e.error_over_mle.value, 2.5);
  EXPECT_DOUBLE_EQ(e.error_over_posterior.value, 2.5);
  EXPECT_DOUBLE_EQ(e.rmse[0].alfi.value, std::sqrt(4.5));
  EXPECT_DOUBLE_EQ(e.rmse[1].alfi.value, std::sqrt(8.0));
  EXPECT_DOUBLE_EQ(e.rmse[1].posterior.value, std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(e.error.alfi.lower, 0);  // both resampled episodes may be the second, or the first
  EXPECT_DOUBLE_EQ(e.error.alfi.upper, 5);
  const double constant = std::log(2 * std::numbers::pi);
  EXPECT_DOUBLE_EQ(e.loss.value, constant + 0.5 * (12.5 + std::log(2.0)));
  EXPECT_DOUBLE_EQ(e.loss_floor.value, constant + 0.5 * 2);
}

TEST(Answers, ThatAreNotAllFiniteAreNaN) {
  Answers answers = drawn_answers(100, 1);
  answers.alfi[answers.at(17, 1)] = answers.alfi_loss[17] = std::numeric_limits<double>::infinity();
  Evaluation e{};
  summarise(host_statistics(), answers, e);
  EXPECT_TRUE(std::isnan(e.error.alfi.value));
  EXPECT_TRUE(std::isnan(e.error_over_mle.lower));
  EXPECT_TRUE(std::isnan(e.loss.value));
  EXPECT_TRUE(std::isfinite(e.rmse[0].alfi.value));
  EXPECT_TRUE(std::isnan(e.rmse[1].alfi.value));
  EXPECT_TRUE(std::isfinite(e.error.mle.value));
}

}  // namespace
}  // namespace alfi
