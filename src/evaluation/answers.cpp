#include "src/evaluation/answers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "src/evaluation/replicates.hpp"
#include "src/exact/exact.hpp"
#include "src/model/truncated_law.hpp"
#include "src/numerics/statistics.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr int resamples = 1000;  // an interval's end is then known to a few per cent of its width
constexpr std::uint64_t bootstrap_seed = 1;
constexpr int calibration_bins = 20;

bool all_finite(std::span<const double> values) {
  return !values.empty() && std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

Measured measured(const Interval& interval) { return {interval.estimate, interval.lower, interval.upper}; }

/// The root is monotone, so an interval's ends go where its ends went.
Measured root(const Measured& m) { return {std::sqrt(m.value), std::sqrt(m.lower), std::sqrt(m.upper)}; }

double square(double x) { return x * x; }

Measured root_mean_square(SampleStatistics& statistics, const Answers& answers, const std::vector<double>& estimate,
                          std::size_t d) {
  std::vector<double> squares;
  for (std::size_t i = d; i < estimate.size(); i += static_cast<std::size_t>(answers.parameters))
    squares.push_back(square(answers.truth[i] - estimate[i]));
  return root(measured_mean(statistics, squares));
}

/// Returns the Gaussian nearest to the exact posterior, of all or of those without correlations; standardised by the
/// prior.
ProposalLaw nearest_gaussian(const Exact& exact, const Plan& plan) {
  ProposalLaw law;
  const std::size_t D = plan.simulator.parameters.size();
  for (std::size_t d = 0; d < D; ++d) {
    const ParameterInfo& prior = plan.simulator.parameters[d];
    law.mean.push_back((exact.posterior_mean[d] - prior.mean()) / prior.deviation());
    law.deviation.push_back(exact.posterior_deviation[d] / prior.deviation());
  }
  law.correlation = exact.posterior_correlation;
  if (!exact.on_scale.mean.empty()) {
    law.mean = exact.on_scale.mean;
    law.deviation = exact.on_scale.deviation;
    law.correlation = exact.on_scale.correlation;
  }
  return couples(plan.shape.family) && !law.correlation.empty() ? law : uncoupled_law(law.mean, law.deviation);
}

}  // namespace

Answers::Answers(int episodes, int parameters)
    : parameters(parameters),
      truth(static_cast<std::size_t>(episodes) * static_cast<std::size_t>(parameters), nan),
      alfi(truth),
      alfi_deviation(truth),
      alfi_lower(truth),
      alfi_upper(truth),
      alfi_place(truth),
      alfi_loss(static_cast<std::size_t>(episodes), nan),
      mle(truth),
      posterior(truth),
      posterior_place(truth),
      posterior_loss(alfi_loss) {}

int keep_alfi(const TileAnswers& tile, int T, Answers& answers) {
  int not_finite = 0;
  for (int i = 0; i < tile.problems(); ++i) {
    const TruncatedLaw law = tile.answer(i, T);
    const std::size_t first = answers.at(tile.first() + i, 0), D = law.mean().size();
    for (std::size_t d = 0; d < D; ++d) {
      answers.truth[first + d] = tile.truth(i, static_cast<int>(d));
      answers.alfi[first + d] = law.mean()[d];
      answers.alfi_deviation[first + d] = law.deviation()[d];
      answers.alfi_lower[first + d] = law.quantile(d, 0.025);
      answers.alfi_upper[first + d] = law.quantile(d, 0.975);
      answers.alfi_place[first + d] = law.probability(d, answers.truth[first + d]);
    }
    answers.alfi_loss[static_cast<std::size_t>(tile.first() + i)] =
        law.loss(std::span(answers.truth).subspan(first, D));
    not_finite += is_finite(tile.family(), law.normal()) ? 0 : 1;
  }
  return not_finite;
}

void keep_exact(const Exact& exact, const Plan& plan, int b, Answers& answers) {
  const std::size_t first = answers.at(b, 0), D = plan.simulator.parameters.size();
  // Answers are compared on the machine's scale, on which moments of θ say nothing where it is not linear.
  if (std::ranges::any_of(plan.simulator.parameters, works_on_scores) && exact.on_scale.maximum_likelihood.empty())
    return;
  const std::vector<double>& of_scale = exact.on_scale.maximum_likelihood;
  for (std::size_t d = 0; d < exact.maximum_likelihood.size(); ++d) {
    const ParameterInfo& prior = plan.simulator.parameters[d];
    // An estimator is judged, which has to say something: where there is no maximum, the end that it lies beyond.
    const double most_likely = std::isfinite(exact.maximum_likelihood[d]) ? exact.maximum_likelihood[d] : prior.low;
    answers.mle[first + d] = of_scale.empty() ? (most_likely - prior.mean()) / prior.deviation() : of_scale[d];
  }
  if (exact.posterior_mean.empty()) return;
  const TruncatedLaw law(nearest_gaussian(exact, plan), prior_ranges(plan.simulator));
  for (std::size_t d = 0; d < D; ++d) {
    answers.posterior[first + d] = law.normal().mean[d];
    answers.posterior_place[first + d] = law.probability(d, answers.truth[first + d]);
  }
  answers.posterior_loss[static_cast<std::size_t>(b)] = law.loss(std::span(answers.truth).subspan(first, D));
}

std::vector<double> distances(const Answers& answers, const std::vector<double>& estimate) {
  std::vector<double> result;
  const auto D = static_cast<std::size_t>(answers.parameters);
  for (std::size_t i = 0; i < estimate.size(); i += D) {
    double squares = 0;
    for (std::size_t d = i; d < i + D; ++d) squares += square(answers.truth[d] - estimate[d]);
    result.push_back(std::sqrt(squares));
  }
  return result;
}

std::vector<double> places(SampleStatistics& statistics, const Answers& answers, const std::vector<double>& place,
                           std::size_t d) {
  std::vector<double> u;
  for (std::size_t i = d; i < place.size(); i += static_cast<std::size_t>(answers.parameters)) u.push_back(place[i]);
  if (!all_finite(u)) return {};
  statistics.sort(u);
  return u;
}

Measured measured_mean(SampleStatistics& statistics, const std::vector<double>& values) {
  if (!all_finite(values)) return {nan, nan, nan};
  return measured(bootstrap_mean(statistics, values, resamples, bootstrap_seed));
}

Measured measured_ratio(SampleStatistics& statistics, const std::vector<double>& numerator,
                        const std::vector<double>& denominator) {
  if (!all_finite(numerator) || !all_finite(denominator)) return {nan, nan, nan};
  return measured(bootstrap_ratio(statistics, numerator, denominator, resamples, bootstrap_seed));
}

void summarise(SampleStatistics& statistics, const Answers& answers, Evaluation& evaluation) {
  const auto D = static_cast<std::size_t>(answers.parameters);
  const std::vector<double> alfi = distances(answers, answers.alfi), mle = distances(answers, answers.mle),
                            posterior = distances(answers, answers.posterior);
  const auto mean = [&](const std::vector<double>& values) { return measured_mean(statistics, values); };
  const auto rmse = [&](const std::vector<double>& estimate, std::size_t d) {
    return root_mean_square(statistics, answers, estimate, d);
  };
  evaluation.error = {mean(alfi), mean(mle), mean(posterior)};
  evaluation.error_over_mle = measured_ratio(statistics, alfi, mle);
  evaluation.error_over_posterior = measured_ratio(statistics, alfi, posterior);
  for (std::size_t d = 0; d < D; ++d)
    evaluation.rmse.push_back({rmse(answers.alfi, d), rmse(answers.mle, d), rmse(answers.posterior, d)});

  const std::vector<double>&loss = answers.alfi_loss, &floor = answers.posterior_loss;
  std::vector<double> gap;
  for (std::size_t b = 0; b < loss.size(); ++b) gap.push_back(loss[b] - floor[b]);
  evaluation.loss = mean(loss);
  evaluation.loss_floor = mean(floor);
  evaluation.loss_gap = mean(gap);

  std::vector<std::vector<double>> u, best;
  for (std::size_t d = 0; d < D; ++d) {
    u.push_back(places(statistics, answers, answers.alfi_place, d));
    best.push_back(places(statistics, answers, answers.posterior_place, d));
  }
  for (const int percent : {50, 80, 90, 95}) {
    Coverage covered{percent, 0, {}, {}};
    for (const auto& place : u) {
      covered.per_parameter.push_back(coverage(place, percent / 100.0));
      covered.all += covered.per_parameter.back() / static_cast<double>(D);
    }
    for (const auto& place : best) covered.best_gaussian.push_back(coverage(place, percent / 100.0));
    evaluation.coverage.push_back(covered);
  }
  double least = 1;
  for (const auto& place : u) {
    const double p = uniformity_p_value(place, calibration_bins);
    evaluation.sbc_p_per_parameter.push_back(p);
    least = std::isnan(p) ? p : std::isnan(least) ? least : std::min(least, p);
  }
  evaluation.sbc_p = std::isnan(least) ? nan : std::min(1.0, least * static_cast<double>(D));
}

}  // namespace alfi
