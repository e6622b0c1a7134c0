// Exact inference by a simulator's own log likelihood.
//
// All is done over the priors' normal scores z, where the prior is N(0, 1) in each direction: log posterior = log
// L(θ(z)) − |z|²/2. It is maximised by Nelder and Mead's simplex. The posterior's moments are nested integrals, which
// follow a posterior that is bent: one of three parameters, of which data know two, is a thin sheet.
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "alfi/error.hpp"
#include "src/exact/exact.hpp"
#include "src/numerics/nested_integral.hpp"
#include "src/numerics/simplex.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double most_score = 6.9;  // within the map's reach
constexpr int most_integrated_parameters = 3;

/// Moments of weighted vectors.
struct Cloud {
  double weight = 0;
  VectorXd sum;
  MatrixXd squares;

  /// Counts vectors from an origin near them, whose digits squares would lose.
  explicit Cloud(const VectorXd& origin)
      : sum(VectorXd::Zero(origin.size())), squares(MatrixXd::Zero(origin.size(), origin.size())), origin_(origin) {}
  void add(double w, const VectorXd& v) {
    const VectorXd offset = v - origin_;
    weight += w;
    sum += w * offset;
    squares += w * offset * offset.transpose();
  }
  VectorXd mean() const { return origin_ + sum / weight; }
  MatrixXd covariance() const { return squares / weight - sum * sum.transpose() / (weight * weight); }

 private:
  VectorXd origin_;
};

std::vector<double> values(const VectorXd& v) { return {v.data(), v.data() + v.size()}; }

/// Returns the score from which on a maximum is taken for one beyond the prior's end: 1e-4 of a bounded prior lies
/// there, over which a likelihood hardly changes any more.
double end_score(const ParameterInfo& p) {
  return p.prior != Prior::normal && std::isfinite(p.low) && std::isfinite(p.high) ? 3.7 : 6;
}

class ExactByLikelihood final : public ExactInference {
 public:
  explicit ExactByLikelihood(const SimulatorInfo& simulator)
      : simulator_(simulator), functions_(*host_simulator(simulator.number)) {
    SimulatorInfo on_scores = simulator;
    for (ParameterInfo& p : on_scores.parameters) p.space = Space::normal;
    maps_ = maps_of(on_scores);
    units_ = units_of(on_scores, *maps_);
    scaled_ = std::ranges::any_of(simulator.parameters, works_on_scores);
  }

  Exact infer(std::span<const float> x) const override {
    const VectorFunction posterior = log_posterior(x);
    const VectorXd mode = mode_of(posterior);
    Exact exact = most_likely(x, mode);
    if (mode.size() <= most_integrated_parameters && std::isfinite(posterior(mode)))
      keep_posterior(posterior, mode, exact);
    return exact;
  }

  std::vector<double> maximum_likelihood(std::span<const float> x) const override {
    const VectorXd z = most_likely_score(x, mode_of(log_posterior(x)));
    std::vector<double> theta = values(natural(z));
    for (Eigen::Index d = 0; d < z.size(); ++d)
      if (std::abs(z(d)) > end_score(simulator_.parameters[static_cast<std::size_t>(d)]))
        theta[static_cast<std::size_t>(d)] = std::numeric_limits<double>::quiet_NaN();
    return theta;
  }

 private:
  VectorFunction log_posterior(std::span<const float> x) const {
    if (x.empty()) throw InputError("x: no observations");
    return [this, x](const VectorXd& z) { return log_likelihood(x, z) - z.squaredNorm() / 2; };
  }

  /// Finds the highest of the maxima near the prior's median and one deviation from it.
  VectorXd mode_of(const VectorFunction& posterior) const {
    const auto D = static_cast<Eigen::Index>(units_.size());
    VectorXd mode = VectorXd::Zero(D);
    double highest = -std::numeric_limits<double>::infinity();
    for (Eigen::Index start = 0; start <= 2 * D; ++start) {
      VectorXd z = VectorXd::Zero(D);
      if (start > 0) z((start - 1) / 2) = start % 2 == 1 ? 1 : -1;
      z = maximised(posterior, z, 0.5);
      if (const double value = posterior(z); value > highest) {
        highest = value;
        mode = z;
      }
    }
    return mode;
  }

  /// Finds maximum likelihood from the mode.
  VectorXd most_likely_score(std::span<const float> x, const VectorXd& mode) const {
    return maximised([&](const VectorXd& at) { return log_likelihood(x, at); }, mode, 0.1);
  }

  Exact most_likely(std::span<const float> x, const VectorXd& mode) const {
    const VectorXd z = most_likely_score(x, mode), theta = natural(z);
    Exact exact;
    exact.maximum_likelihood = values(theta);
    if (scaled_) exact.on_scale.maximum_likelihood = values(standard(z, theta));
    return exact;
  }

  VectorXd natural(const VectorXd& z) const {
    VectorXd theta(z.size());
    for (Eigen::Index d = 0; d < z.size(); ++d)
      theta(d) = static_cast<double>(natural_of<float>(units_[static_cast<std::size_t>(d)], static_cast<float>(z(d))));
    return theta;
  }
  /// Returns θ on the scale a machine works on.
  VectorXd standard(const VectorXd& z, const VectorXd& theta) const {
    VectorXd s(z.size());
    for (Eigen::Index d = 0; d < z.size(); ++d) {
      const ParameterInfo& p = simulator_.parameters[static_cast<std::size_t>(d)];
      s(d) = works_on_scores(p) ? z(d) : (theta(d) - p.mean()) / p.deviation();
    }
    return s;
  }

  double log_likelihood(std::span<const float> x, const VectorXd& z) const {
    if (z.lpNorm<Eigen::Infinity>() > most_score) return -std::numeric_limits<double>::infinity();
    const VectorXd theta = natural(z);
    const double value = functions_.log_likelihood(functions_.context, theta.data(), x.data(),
                                                   static_cast<int>(x.size()) / simulator_.observations.dimension);
    return std::isnan(value) ? -std::numeric_limits<double>::infinity() : value;
  }

  /// Keeps the posterior's moments.
  void keep_posterior(const VectorFunction& posterior, const VectorXd& mode, Exact& exact) const {
    const VectorXd origin = natural(mode);
    Cloud of_theta(origin), on_scale(standard(mode, origin));
    integrate_nested(posterior, mode, [&](const VectorXd& z, double weight) {
      const VectorXd theta = natural(z);
      of_theta.add(weight, theta);
      on_scale.add(weight, standard(z, theta));
    });
    keep_moments(of_theta, exact.posterior_mean, exact.posterior_deviation, exact.posterior_correlation);
    if (scaled_) keep_moments(on_scale, exact.on_scale.mean, exact.on_scale.deviation, exact.on_scale.correlation);
  }

  static void keep_moments(const Cloud& cloud, std::vector<double>& mean, std::vector<double>& deviation,
                           std::vector<double>& correlation) {
    const MatrixXd covariance = cloud.covariance();
    const VectorXd deviations = covariance.diagonal().cwiseMax(0).cwiseSqrt();
    mean = values(cloud.mean());
    deviation = values(deviations);
    for (Eigen::Index i = 0; i < deviations.size(); ++i)
      for (Eigen::Index j = 0; j < deviations.size(); ++j)
        correlation.push_back(i == j ? 1 : covariance(i, j) / (deviations(i) * deviations(j)));
  }

  SimulatorInfo simulator_;
  const HostSimulator& functions_;
  std::shared_ptr<const std::vector<std::vector<float>>> maps_;
  std::vector<ParameterUnits> units_;
  bool scaled_;
};

}  // namespace

std::unique_ptr<ExactInference> make_exact_by_likelihood(const SimulatorInfo& simulator) {
  return std::make_unique<ExactByLikelihood>(simulator);
}

}  // namespace alfi
