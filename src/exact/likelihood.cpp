// Exact inference by a simulator's own log likelihood.
//
// All is done over the priors' normal scores z, where the prior is N(0, 1) in each direction: log posterior = log
// L(θ(z)) − |z|²/2. It is maximised by Nelder and Mead's simplex. The posterior's moments are sums over a grid that is
// laid where the posterior is, by its own mean and covariance, again and again (Naylor and Smith 1982, "Applications of
// a method for the efficient computation of posterior distributions").
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "alfi/error.hpp"
#include "src/exact/exact.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Function = std::function<double(const VectorXd&)>;

constexpr double most_score = 6.9;  // within the map's reach
constexpr int most_parameters_of_grid = 3;
constexpr double grid_reach = 8;  // deviations; a tail may be the prior's, far longer than the posterior is wide

/// Finds a maximum near `start` (Nelder and Mead 1965, "A simplex method for function minimization").
VectorXd maximised(const Function& f, const VectorXd& start, double size) {
  const Eigen::Index D = start.size();
  std::vector<std::pair<double, VectorXd>> simplex{{f(start), start}};
  for (Eigen::Index d = 0; d < D; ++d) {
    VectorXd corner = start;
    corner(d) += corner(d) > 0 ? -size : size;
    simplex.emplace_back(f(corner), corner);
  }
  const auto higher = [](const auto& a, const auto& b) { return a.first > b.first; };
  for (int step = 0; step < 400 * D; ++step) {
    std::sort(simplex.begin(), simplex.end(), higher);
    if ((simplex.back().second - simplex.front().second).lpNorm<Eigen::Infinity>() < 1e-7) break;
    VectorXd middle = VectorXd::Zero(D);
    for (Eigen::Index i = 0; i < D; ++i) middle += simplex[static_cast<std::size_t>(i)].second / static_cast<double>(D);
    auto& [worst, corner] = simplex.back();
    const auto at = [&](double factor) {
      const VectorXd z = middle + factor * (corner - middle);
      return std::pair{f(z), z};
    };
    auto tried = at(-1);
    if (tried.first > simplex.front().first) {
      auto further = at(-2);
      simplex.back() = further.first > tried.first ? further : tried;
    } else if (tried.first > simplex[static_cast<std::size_t>(D) - 1].first) {
      simplex.back() = tried;
    } else if (auto nearer = at(tried.first > worst ? -0.5 : 0.5); nearer.first > std::max(worst, tried.first)) {
      simplex.back() = nearer;
    } else {
      for (std::size_t i = 1; i < simplex.size(); ++i) {
        simplex[i].second = simplex[0].second + 0.5 * (simplex[i].second - simplex[0].second);
        simplex[i].first = f(simplex[i].second);
      }
    }
  }
  return std::min_element(simplex.begin(), simplex.end(), higher)->second;
}

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
    const Function posterior = log_posterior(x);
    const VectorXd mode = mode_of(posterior);
    Exact exact = most_likely(x, mode);
    if (mode.size() <= most_parameters_of_grid && std::isfinite(posterior(mode)))
      keep_posterior(posterior, mode, exact);
    return exact;
  }

  std::vector<double> maximum_likelihood(std::span<const float> x) const override {
    return most_likely(x, mode_of(log_posterior(x))).maximum_likelihood;
  }

 private:
  Function log_posterior(std::span<const float> x) const {
    if (x.empty()) throw InputError("x: no observations");
    return [this, x](const VectorXd& z) { return log_likelihood(x, z) - z.squaredNorm() / 2; };
  }

  /// Finds the highest of the maxima near the prior's median and one deviation from it.
  VectorXd mode_of(const Function& posterior) const {
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

  /// Keeps maximum likelihood, searched for from the mode.
  Exact most_likely(std::span<const float> x, const VectorXd& mode) const {
    const VectorXd z = maximised([&](const VectorXd& at) { return log_likelihood(x, at); }, mode, 0.1);
    const VectorXd theta = natural(z);
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

  /// Lays a grid at the mode, as wide as the posterior falls by 2, and then where its moments are.
  void keep_posterior(const Function& posterior, const VectorXd& mode, Exact& exact) const {
    const Eigen::Index D = mode.size();
    const double highest = posterior(mode);
    VectorXd centre = mode;
    MatrixXd spread = MatrixXd::Zero(D, D);
    for (Eigen::Index d = 0; d < D; ++d) {
      double ends[2];
      for (const int side : {0, 1}) {
        double inside = 0, outside = side == 0 ? -14 : 14;
        for (int step = 0; step < 60; ++step) {
          VectorXd z = mode;
          z(d) += (inside + outside) / 2;
          (posterior(z) > highest - 2 ? inside : outside) = (inside + outside) / 2;
        }
        ends[side] = inside;
      }
      centre(d) += (ends[0] + ends[1]) / 2;
      spread(d, d) = std::max((ends[1] - ends[0]) / 4, 1e-6);
    }
    constexpr int sizes[] = {257, 49, 27};
    const int size = sizes[D - 1];
    Cloud natural_cloud(centre), standard_cloud(centre);
    for (int round = 0; round < 8; ++round) {
      Cloud scores(centre);
      natural_cloud = Cloud(natural(centre));
      standard_cloud = Cloud(standard(centre, natural(centre)));
      VectorXd w(D);
      const auto visit = [&](const auto& self, Eigen::Index d) -> void {
        if (d < D) {
          for (int i = 0; i < size; ++i) {
            w(d) = grid_reach * (2.0 * i / (size - 1) - 1);
            self(self, d + 1);
          }
          return;
        }
        const VectorXd z = centre + spread * w;
        const double weight = std::exp(posterior(z) - highest);
        if (!(weight > 0)) return;
        const VectorXd theta = natural(z);
        scores.add(weight, z);
        natural_cloud.add(weight, theta);
        standard_cloud.add(weight, standard(z, theta));
      };
      visit(visit, 0);
      if (!(scores.weight > 0)) return;
      const MatrixXd covariance = scores.covariance() + 1e-14 * MatrixXd::Identity(D, D);
      const MatrixXd next = covariance.llt().matrixL();
      const double moved = spread.triangularView<Eigen::Lower>().solve(scores.mean() - centre).norm();
      const double stretched = (spread.triangularView<Eigen::Lower>().solve(next) - MatrixXd::Identity(D, D)).norm();
      if (moved < 0.02 && stretched < 0.02) break;
      centre = scores.mean();
      spread = next;
    }
    keep_moments(natural_cloud, exact.posterior_mean, exact.posterior_deviation, exact.posterior_correlation);
    if (scaled_)
      keep_moments(standard_cloud, exact.on_scale.mean, exact.on_scale.deviation, exact.on_scale.correlation);
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
