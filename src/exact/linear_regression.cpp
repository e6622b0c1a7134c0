// Linear regression with theta = (alpha_1, ..., alpha_p, b), alpha ~ U(0, pi/2), b ~ U(-1, 1): y = sum w_i u_i + b +
// noise of deviation 0.1, with the slopes w_i = tan(min(alpha_i, 1.57)): beyond its domain the simulator takes 1.57.
//
// In v = (w, b) the likelihood is Gaussian. With the orthogonal decomposition of the observations' matrix, (u, 1) = Q
// U,
//   log L = -|g - U v|^2 / 2,   g = Q^T y   (both divided by the noise's deviation),
// where U is upper triangular: row i knows of v_i, given those behind it, a Gaussian of mean (g_i - sum_{j > i} U_ij
// v_j) / U_ii and deviation 1 / U_ii. Maximum likelihood is v = U^-1 g, least squares, and alpha = arctan w.
//
// The posterior is integrated by importance sampling (Geweke, Hajivassiliou and Keane's simulator) on the points of a
// lattice instead of random ones: from the last to the first, each v_i is drawn from its Gaussian cut to the prior's
// interval and weighted by that Gaussian's mass there and by the prior's density of w, 1 / (1 + w^2); one known less
// well than the prior's width is drawn from the prior and weighted by its likelihood. The angles beyond 1.57 share one
// slope: they are a case of their own. Where observations are many enough to know theta, weights hardly vary, and mean
// and deviation are right to 0.003 deviations; with as few as theta has components, to about 0.03.
#include "kernels/sim/linear_regression.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "alfi/error.hpp"
#include "src/exact/exact.hpp"
#include "src/numerics/statistics.hpp"

namespace alfi {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double half_pi = LinearRegression::facts.law(0).high, offset_lower = LinearRegression::facts.law(1).low,
                 offset_upper = LinearRegression::facts.law(1).high;
constexpr double largest_angle = static_cast<double>(LinearRegression::largest_angle);
constexpr double noise = static_cast<double>(LinearRegression::noise);
const double largest_slope = std::tan(largest_angle);

/// A Gaussian's part in [low, high], where its density is counted as 1 at its mean.
class CutGaussian {
 public:
  CutGaussian(double mean, double deviation, double low, double high)
      : mirrored_(mean > high),  // so that no interval lies in the lower tail
        mean_(mirrored_ ? -mean : mean),
        deviation_(deviation),
        begin_(mirrored_ ? -high : low),
        end_(mirrored_ ? -low : high),
        low_((begin_ - mean_) / deviation),
        high_((end_ - mean_) / deviation) {
    if (tail()) {
      mass_ = -std::expm1(-low_ * (end_ - begin_) / deviation);
      log_mass_ = std::log(deviation * mass_ / low_) - 0.5 * low_ * low_;
    } else {
      below_ = cdf(low_);
      mass_ = cdf(high_) - below_;
      log_mass_ = std::log(deviation * mass_ * std::sqrt(2 * std::numbers::pi));
    }
  }

  /// About the logarithm of its mass: exact but in the tail.
  double log_mass() const { return log_mass_; }

  /// The value at quantile v of it, or in the tail of an exponential law that begins like it; log_weight += log of the
  /// density over that of the draw.
  double draw(double v, double& log_weight) const {
    log_weight += log_mass_;
    if (mirrored_) v = 1 - v;
    double value = 0;
    if (tail()) {
      const double beyond = -std::log1p(-v * mass_) / low_;
      log_weight -= 0.5 * beyond * beyond;
      value = begin_ + deviation_ * beyond;
    } else {
      value = mean_ + deviation_ * normal_quantile(below_ + v * mass_);
    }
    value = std::clamp(value, begin_, end_);  // from rounding
    return mirrored_ ? -value : value;
  }

 private:
  bool tail() const { return low_ > 4; }
  static double cdf(double z) { return 0.5 * std::erfc(-z * std::numbers::sqrt2 / 2); }

  bool mirrored_;
  double mean_, deviation_, begin_, end_;
  double low_, high_;  // the ends in deviations from the mean
  double below_ = 0, mass_, log_mass_;
};

/// Korobov's rule: point n has coordinates n factor^i / points, moved by a half, so that the points are symmetric about
/// the middle. Factors by L'Ecuyer and Lemieux 2000, "Variance reduction via lattice rules".
struct Lattice {
  std::uint32_t points, factor;
};
constexpr Lattice lattices[] = {{1021, 331}, {32749, 9515}};

/// With fewer points of equal weight than this, the next lattice is taken.
constexpr double enough_points = 250;

/// theta is a float; the variance of an angle's rounding, which near pi/2 is all that is unknown of it.
constexpr double rounding_variance = 0x1p-46 / 12;

/// Likelihood of v, which the observations know: rows of (U, g).
struct Likelihood {
  MatrixXd factor;
  VectorXd target;
};

class Sampler {
 public:
  explicit Sampler(const Likelihood& likelihood) : likelihood_(likelihood) {}

  /// theta (D) at the point (D) of the unit cube; returns the logarithm of its weight.
  double draw(const std::vector<double>& point, std::vector<double>& theta) const {
    const Eigen::Index D = likelihood_.factor.cols();
    VectorXd v(D);
    double log_weight = 0;
    for (Eigen::Index i = D - 1; i >= 0; --i) {
      const bool known = i < likelihood_.factor.rows();
      const double precision = known ? likelihood_.factor(i, i) : 0;
      double target = known ? likelihood_.target[i] : 0;
      for (Eigen::Index j = i + 1; known && j < D; ++j) target -= likelihood_.factor(i, j) * v[j];
      const auto d = static_cast<std::size_t>(i);
      if (i == D - 1)
        v[i] = theta[d] = draw_offset(precision, target, point[d], log_weight);
      else
        v[i] = draw_angle(precision, target, point[d], theta[d], log_weight);
    }
    return log_weight;
  }

 private:
  static double log_likelihood(double precision, double target, double v) {
    const double distance = precision * v - target;
    return -0.5 * distance * distance;
  }

  static double draw_offset(double precision, double target, double u, double& log_weight) {
    const double deviation = 1 / std::abs(precision);
    if (deviation < 1)
      return CutGaussian(target / precision, deviation, offset_lower, offset_upper).draw(u, log_weight);
    const double offset = offset_lower + (offset_upper - offset_lower) * u;
    log_weight += std::log(offset_upper - offset_lower) + log_likelihood(precision, target, offset);
    return offset;
  }

  /// Returns the slope.
  static double draw_angle(double precision, double target, double u, double& angle, double& log_weight) {
    const double deviation = 1 / std::abs(precision);
    const double nearest = std::isfinite(deviation) ? std::clamp(target / precision, 0.0, largest_slope) : 0;
    if (!(deviation < 0.5 * std::sqrt(1 + nearest * nearest))) {
      angle = half_pi * u;
      const double slope = std::tan(std::min(angle, largest_angle));
      log_weight += std::log(half_pi) + log_likelihood(precision, target, slope);
      return slope;
    }
    // Beyond the domain or inside, as often as is about right.
    const CutGaussian gaussian(target / precision, deviation, 0, largest_slope);
    const double log_beyond = std::log(half_pi - largest_angle) + log_likelihood(precision, target, largest_slope);
    const double log_inside = gaussian.log_mass() - std::log1p(nearest * nearest);
    const double inside = 1 / (1 + std::exp(log_beyond - log_inside));
    if (u < inside) {
      const double slope = gaussian.draw(u / inside, log_weight);
      angle = std::atan(slope);
      log_weight -= std::log(inside) + std::log1p(slope * slope);
      return slope;
    }
    const double rest = (u - inside) / (1 - inside);
    angle = largest_angle + (half_pi - largest_angle) * rest;
    log_weight += log_beyond - std::log1p(-inside);
    return largest_slope;
  }

  const Likelihood& likelihood_;
};

class ExactLinearRegression final : public ExactInference {
 public:
  explicit ExactLinearRegression(int inputs) : D_(static_cast<std::size_t>(inputs) + 1) {}

  std::vector<double> maximum_likelihood(std::span<const float> x) const override {
    return most_likely(likelihood_of(x));
  }

  Exact infer(std::span<const float> x) const override {
    const Likelihood likelihood = likelihood_of(x);
    Exact exact{most_likely(likelihood), {}, {}};
    for (const Lattice& lattice : lattices)
      if (integrate(likelihood, lattice, exact) >= enough_points) break;
    return exact;
  }

 private:
  Likelihood likelihood_of(std::span<const float> x) const {
    if (x.empty() || x.size() % D_ != 0)
      throw InputError(
          fmt::format("x: {} numbers (linear_regression needs at least one observation of {})", x.size(), D_));
    const auto rows = static_cast<Eigen::Index>(x.size() / D_), D = static_cast<Eigen::Index>(D_);
    MatrixXd a(rows, D);
    VectorXd y(rows);
    for (Eigen::Index r = 0; r < rows; ++r) {
      for (Eigen::Index k = 0; k < D; ++k) {
        const float value = x[static_cast<std::size_t>(r * D + k)];
        if (!std::isfinite(value)) throw InputError(fmt::format("x: {} is not finite", value));
        (k < D - 1 ? a(r, k) : y[r]) = static_cast<double>(value) / noise;
      }
      a(r, D - 1) = 1 / noise;
    }
    const Eigen::HouseholderQR<MatrixXd> qr(a);
    y.applyOnTheLeft(qr.householderQ().adjoint());
    const Eigen::Index known = std::min(rows, D);
    return {qr.matrixQR().topRows(known).triangularView<Eigen::Upper>(), y.head(known)};
  }

  std::vector<double> most_likely(const Likelihood& likelihood) const {
    const auto D = static_cast<Eigen::Index>(D_);
    const VectorXd diagonal = likelihood.factor.diagonal().cwiseAbs();
    if (likelihood.factor.rows() < D || !(diagonal.minCoeff() > 1e-9 * diagonal.maxCoeff())) return {};
    const VectorXd v = likelihood.factor.triangularView<Eigen::Upper>().solve(likelihood.target);
    std::vector<double> theta;
    for (Eigen::Index d = 0; d < D; ++d) theta.push_back(d < D - 1 ? std::atan(v[d]) : v[d]);
    return theta;
  }

  /// The posterior on a lattice; returns how many points of equal weight would be worth as much.
  double integrate(const Likelihood& likelihood, const Lattice& lattice, Exact& exact) const {
    const Sampler sampler(likelihood);
    std::vector<std::vector<double>> thetas(lattice.points, std::vector<double>(D_));
    std::vector<double> weights, point(D_);
    for (std::uint32_t n = 0; n < lattice.points; ++n) {
      std::uint64_t place = n;
      for (double& coordinate : point) {
        const double moved = static_cast<double>(place) / lattice.points + 0.5;
        coordinate = moved - std::floor(moved);
        place = place * lattice.factor % lattice.points;
      }
      weights.push_back(sampler.draw(point, thetas[n]));
    }
    const double top = *std::max_element(weights.begin(), weights.end());
    double sum = 0, squares = 0;
    for (double& weight : weights) {
      weight = std::exp(weight - top);
      sum += weight;
      squares += weight * weight;
    }
    exact.posterior_mean.assign(D_, 0);
    for (std::size_t n = 0; n < weights.size(); ++n)
      for (std::size_t d = 0; d < D_; ++d) exact.posterior_mean[d] += weights[n] / sum * thetas[n][d];
    const auto D = static_cast<Eigen::Index>(D_);
    MatrixXd covariance = rounding_variance * MatrixXd::Identity(D, D);
    for (std::size_t n = 0; n < weights.size(); ++n) {
      const VectorXd distance = VectorXd::Map(thetas[n].data(), D) - VectorXd::Map(exact.posterior_mean.data(), D);
      covariance.noalias() += weights[n] / sum * distance * distance.transpose();
    }
    exact.posterior_deviation.clear();
    exact.posterior_correlation.clear();
    for (Eigen::Index i = 0; i < D; ++i) {
      exact.posterior_deviation.push_back(std::sqrt(covariance(i, i)));
      for (Eigen::Index j = 0; j < D; ++j)
        exact.posterior_correlation.push_back(covariance(i, j) / std::sqrt(covariance(i, i) * covariance(j, j)));
    }
    return sum * sum / squares;
  }

  std::size_t D_;
};

}  // namespace

std::unique_ptr<ExactInference> make_exact_linear_regression(int inputs) {
  return std::make_unique<ExactLinearRegression>(inputs);
}

}  // namespace alfi
