#include "src/machine/fit_check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unsupported/Eigen/SpecialFunctions>

#include "src/backends/host/host_processor.hpp"
#include "src/engine/failures.hpp"
#include "src/machine/fit.hpp"
#include "src/model/draws.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Sets simulated at the answer for maximum likelihood, each as dear as that of the data.
constexpr int likelihood_sets = 16;

/// Returns how many problems are encoded: their observations are about as many as an answer simulates.
int encoded_problems(const Plan& plan) {
  const Shape& shape = plan.shape;
  const CountRange& counts = plan.configuration.episode.real_observations;
  const std::int64_t rows = std::int64_t{shape.T} * shape.M * shape.N * tile_lanes;
  return static_cast<int>(std::clamp<std::int64_t>(2 * rows / (counts.min + counts.max), 192, 384));
}

/// Draws problems as training does, with numbers of their own.
std::vector<float> codes_of_training(Engine& engine, std::span<const float> weights) {
  const Plan& plan = engine.plan();
  return engine.encode(
      {.phase = Phase::inference, .step = 1, .count = encoded_problems(plan), .seed = plan.configuration.engine.seed},
      weights);
}

/// Returns the probability that Student's t with `freedom` degrees lies beyond ±t.
double beyond_t(double t, double freedom) {
  return Eigen::numext::betainc(freedom / 2, 0.5, freedom / (freedom + t * t));
}

/// Returns the least of p-values over their shares; what is NaN was not compared.
double least(std::initializer_list<std::pair<double, double>> values_and_shares) {
  double least = nan;
  for (const auto& [p, share] : values_and_shares)
    if (!std::isnan(p)) least = std::fmin(least, std::min(1.0, p / share));
  return least;
}

}  // namespace

FitCheck::FitCheck(const Plan& plan, const Normalisation& normalisation, std::span<const float> weights)
    : plan_(plan),
      normalisation_(normalisation),
      weights_(weights),
      host_(plan_, normalisation,
            std::make_unique<HostProcessor>(plan.configuration.engine.threads, waiting_threads(plan.number))),
      codes_(codes_of_training(host_, weights), plan.shape.CP()),
      exact_(make_exact_inference(plan.simulator)) {}

std::vector<double> FitCheck::code_distances(std::span<const GivenProblem> problems) {
  const std::vector<float> codes = host_.encode(problems, weights_);
  const auto CP = static_cast<std::size_t>(plan_.shape.CP());
  std::vector<double> distances;
  for (std::size_t i = 0; i < problems.size(); ++i)
    distances.push_back(codes_.of(std::span(codes).subspan(i * CP, CP)));
  return distances;
}

double FitCheck::likelihood_p(const TruncatedLaw& answer, const GivenProblem& problem) const {
  if (!exact_) return nan;
  const std::vector<double> real = exact_->maximum_likelihood(problem.x);
  const std::size_t D = real.size();
  if (D == 0) return nan;
  const std::vector<double> draws =
      draw(answer, stream_key(problem.seed, Phase::inference, Purpose::truth, 2), likelihood_sets);
  std::vector<std::vector<double>> simulated;
  std::vector<float> x(problem.x.size());
  for (std::size_t i = 0; i < likelihood_sets; ++i) {
    std::vector<double> theta(draws.begin() + static_cast<std::ptrdiff_t>(i * D),
                              draws.begin() + static_cast<std::ptrdiff_t>((i + 1) * D));
    for (std::size_t d = 0; d < D; ++d) theta[d] = natural_of(plan_.simulator.parameters[d], theta[d]);
    if (!std::ranges::all_of(theta, [](double value) { return std::isfinite(value); })) return nan;
    simulate_into(plan_.simulator, theta, stream_key(problem.seed, Phase::inference, Purpose::observe, 2 + i),
                  problem.count, x.data());
    std::vector<float> numbers = x;
    keep_numbers(numbers, plan_.shape.X);
    if (numbers.empty()) return nan;
    simulated.push_back(exact_->maximum_likelihood(numbers));
    if (simulated.back().size() != D) return nan;
  }
  double p = nan;
  for (std::size_t d = 0; d < D; ++d) {
    double mean = 0, squares = 0;
    for (const auto& of : simulated) mean += of[d] / likelihood_sets;
    for (const auto& of : simulated) squares += (of[d] - mean) * (of[d] - mean) / (likelihood_sets - 1);
    const double t = (real[d] - mean) / std::sqrt(squares * (1 + 1.0 / likelihood_sets));
    if (std::isfinite(t)) p = std::fmin(p, beyond_t(t, likelihood_sets - 1) * static_cast<double>(D));
  }
  return std::min(p, 1.0);
}

Fit FitCheck::of(const TruncatedLaw& answer, const GivenProblem& problem, double code_distance) const {
  const PredictiveCheck predictive = check_prediction(plan_, normalisation_, answer, problem.x, problem.seed);
  const double code_p = codes_.probability(code_distance);
  const double likelihood = std::isnan(predictive.ranks.p) ? nan : likelihood_p(answer, problem);
  return {.p = least({{predictive.ranks.p, predictive_share}, {code_p, code_share}, {likelihood, likelihood_share}}),
          .predictive_p = predictive.ranks.p,
          .energy_p = predictive.ranks.energy_p,
          .shape_p = predictive.ranks.shape_p,
          .spread_p = predictive.ranks.spread_p,
          .extremes_p = predictive.ranks.extremes_p,
          .energy_distance = predictive.energy_distance,
          .simulated_distances = predictive.simulated_distances,
          .code_p = code_p,
          .code_distance = code_distance,
          .likelihood_p = likelihood};
}

}  // namespace alfi
