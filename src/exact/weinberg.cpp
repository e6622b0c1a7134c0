// Cosines c of muon directions with theta = (E, G), beam energy E ~ U(40, 50) and Fermi constant G ~ U(0.5, 1.5).
//
// c has density max(0, 1 + c^2 + a c) / Z(a) on [-1, 1], and theta enters through a = 2 tanh((2E - 90) / 9) G only. So
// theta itself has no maximum-likelihood value, and the posterior's integrals over the box reduce to one dimension: for
// any function h of theta,
//   integral of h L over (E, G) = integral over a of L(a) w_h(a),   w_h(a) = integral over G of h dE/da,
//   E(a, G) = 45 + 4.5 artanh(a / 2G),   dE/da = (9/4) G / (G^2 - (a/2)^2),
// where G runs over the part of [0.5, 1.5] for which E(a, G) is in [40, 50]: G >= |a| / (2 tanh(10/9)).
//
// log L(a) = sum_i log(1 + c_i^2 + a c_i) - R log Z(a) is concave over the prior's |a| <= 2.42 (the sum is; Z is
// constant up to |a| = 2 and log-convex from there), so its mode and the interval that matters are found by bisection.
#include "kernels/sim/weinberg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alfi/error.hpp"
#include "src/exact/exact.hpp"
#include "src/numerics/quadrature.hpp"

namespace alfi {
namespace {

constexpr double energy_middle = 0.5 * (Weinberg::facts.law(0).low + Weinberg::facts.law(0).high);
constexpr double energy_half_range = 0.5 * (Weinberg::facts.law(0).high - Weinberg::facts.law(0).low),
                 energy_scale = 4.5;
constexpr double fermi_lower = Weinberg::facts.law(1).low, fermi_upper = Weinberg::facts.law(1).high;
constexpr double fermi_middle = 0.5 * (fermi_lower + fermi_upper);
const double tanh_edge = std::tanh(energy_half_range / energy_scale);
const double kink = 2 * tanh_edge * fermi_lower;  // beyond it, no longer every G of the prior can give a
const double largest_a = 2 * tanh_edge * fermi_upper;

/// Z(a) and its derivative. Where |a| > 2, 1 + c^2 + a c is negative between -1 (for a > 0) and the root of smaller
/// size, and that part is cut.
struct Normalisation {
  double value, slope;

  explicit Normalisation(double a) {
    const double size = std::abs(a);
    const double root = size <= 2 ? -1 : 0.5 * (-size + std::sqrt(size * size - 4));
    const auto primitive = [&](double c) { return c * (1 + c * (0.5 * size + c / 3)); };
    value = primitive(1) - primitive(root);
    slope = std::copysign(0.5 * (1 - root * root), a);
  }
};

/// The log likelihood of one data set as a function of a.
class LogLikelihood {
 public:
  explicit LogLikelihood(std::span<const float> x) : lower_(-largest_a), upper_(largest_a), count_(x.size()) {
    cosines_.reserve(x.size() + chunk);
    for (const float value : x) {
      const double c = static_cast<double>(value);
      if (!(std::abs(c) <= 1)) {
        throw InputError(fmt::format("x: {} is no cosine (weinberg allows -1 to 1)", value));
      }
      cosines_.push_back(c);
      // 1 + c^2 + a c > 0 bounds a; the bound is 2 or more in size, so the interval is never empty.
      if (c > 0) lower_ = std::max(lower_, -(1 + c * c) / c);
      if (c < 0) upper_ = std::min(upper_, -(1 + c * c) / c);
    }
    cosines_.resize((x.size() + chunk - 1) / chunk * chunk, 0.0);  // c = 0 has density 1: it adds nothing
  }

  double lower() const { return lower_; }
  double upper() const { return upper_; }

  /// Logarithms of products of `chunk` factors, each in (1e-17, 4.5), cannot leave the range of a double.
  double at(double a) const {
    double sum = 0;
    for (std::size_t i = 0; i < cosines_.size(); i += chunk) {
      double product = 1;
      for (std::size_t j = i; j < i + chunk; ++j) product *= factor(cosines_[j], a);
      sum += std::log(product);
    }
    return sum - static_cast<double>(count_) * std::log(Normalisation(a).value);
  }

  /// Finds where it is largest, to about 1e-9: the anchor of the search for the interval that matters.
  double mode() const {
    double low = lower_, high = upper_;
    for (int halvings = 0; halvings < 32; ++halvings) {
      const double middle = 0.5 * (low + high);
      (slope(middle) > 0 ? low : high) = middle;
    }
    return 0.5 * (low + high);
  }

 private:
  static constexpr std::size_t chunk = 16;

  static double factor(double c, double a) { return std::max(0.0, 1 + c * (c + a)); }

  double slope(double a) const {
    double sum = 0;
    for (const double c : cosines_) sum += c / factor(c, a);
    const Normalisation z(a);
    return sum - static_cast<double>(count_) * z.slope / z.value;
  }

  std::vector<double> cosines_;
  double lower_, upper_;
  std::size_t count_;
};

class ExactWeinberg final : public ExactInference {
 public:
  std::vector<double> maximum_likelihood(std::span<const float> x) const override {
    (void)log_likelihood_of(x);  // for its errors; θ itself has no maximum
    return {};
  }

  Exact infer(std::span<const float> x) const override {
    const LogLikelihood log_likelihood = log_likelihood_of(x);
    const double mode = log_likelihood.mode(), top = log_likelihood.at(mode);
    const auto keep = [&](double step) { return log_likelihood.at(mode + step) > top - negligible_drop; };
    const double lower = mode + reach(log_likelihood.lower() - mode, keep);
    const double upper = mode + reach(log_likelihood.upper() - mode, keep);

    // The integrand is smooth between these: Z changes its form at |a| = 2, the bound on G at the kink.
    std::vector<double> edges{lower};
    for (const double edge : {-2.0, -kink, kink, 2.0}) {
      if (lower < edge && edge < upper) edges.push_back(edge);
    }
    edges.push_back(upper);

    WeightedMoments energy, fermi;  // counted from the prior's middle
    double products = 0;
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      rule_over_a_.over(edges[i], edges[i + 1], [&](double a, double a_weight) {
        const double likelihood = a_weight * std::exp(log_likelihood.at(a) - top);
        const double half = 0.5 * a;
        rule_over_g_.over(std::max(fermi_lower, std::abs(half) / tanh_edge), fermi_upper,
                          [&](double g, double g_weight) {
                            const double weight = likelihood * g_weight * g / (g * g - half * half);
                            const double e = energy_scale * std::atanh(half / g);
                            energy.add(weight, e);
                            fermi.add(weight, g - fermi_middle);
                            products += weight * e * (g - fermi_middle);
                          });
      });
    }
    const double r = correlation(energy, fermi, products);
    return {{},
            {energy_middle + energy.mean(), fermi_middle + fermi.mean()},
            {energy.deviation(), fermi.deviation()},
            {1, r, r, 1}};
  }

 private:
  static LogLikelihood log_likelihood_of(std::span<const float> x) {
    if (x.empty()) throw InputError("x: no observations (weinberg needs at least 1)");
    return LogLikelihood(x);
  }

  // Over a, the likelihood is at most a Gaussian cut at +-9.5 deviations (64 nodes: 1e-13), with the mild end point of
  // Z's (|a| - 2)^(3/2) (64 nodes: 1e-8). Over G, the integrand's pole at G = |a| / 2 keeps 0.098 away from an interval
  // of length 1, so 24 nodes give 1.85^-48 = 1e-13.
  GaussLegendre rule_over_a_{64}, rule_over_g_{24};
};

}  // namespace

std::unique_ptr<ExactInference> make_exact_weinberg() { return std::make_unique<ExactWeinberg>(); }

}  // namespace alfi
