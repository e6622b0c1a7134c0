// Gaussian observations with theta = (mu, s = log sigma), both uniform.
//
// The likelihood depends on R, the mean m and the variance v = sum (x - m)^2 / R only:
//   log L = -R (s + (v + (m - mu)^2) e^-2s / 2).
// Maximum likelihood is (m, log(v) / 2). Given s, the posterior of mu is a Gaussian of deviation e^s / sqrt(R) cut to
// the prior's interval; s has no closed form. Both are integrated numerically, mu inside s, so the cut is exact.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "alfi/error.hpp"
#include "src/exact/exact.hpp"
#include "src/numerics/quadrature.hpp"

namespace alfi {
namespace {

/// Number, mean and variance of the observations, which are all that the likelihood depends on.
struct Summary {
  double count, mean = 0, variance = 0;

  explicit Summary(std::span<const float> x) : count(static_cast<double>(x.size())) {
    if (x.empty()) throw InputError("x: no observations (gaussian needs at least 1)");
    for (const float value : x) {
      if (!std::isfinite(value)) throw InputError(fmt::format("x: {} is not finite", value));
      mean += static_cast<double>(value);
    }
    mean /= count;
    for (const float value : x) variance += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
    variance /= count;
  }

  double log_deviation() const {
    return variance > 0 ? 0.5 * std::log(variance) : std::numeric_limits<double>::quiet_NaN();
  }
};

class ExactGaussian final : public ExactInference {
 public:
  ExactGaussian(const ParameterInfo& mu, const ParameterInfo& log_sigma)
      : mu_lower_(mu.low), mu_upper_(mu.high), s_lower_(log_sigma.low), s_upper_(log_sigma.high) {}

  std::vector<double> maximum_likelihood(std::span<const float> x) const override {
    const Summary summary(x);
    return {summary.mean, summary.log_deviation()};
  }

  Exact infer(std::span<const float> x) const override {
    const Summary summary(x);
    const double count = summary.count, mean = summary.mean, variance = summary.variance;
    // At the best mu inside the prior, the log likelihood as a function of s, the profile, is concave.
    const double mu_mode = std::clamp(mean, mu_lower_, mu_upper_);
    const double beyond = mean - mu_mode;
    const double scatter = variance + beyond * beyond;
    const double s_mode = scatter > 0 ? std::clamp(0.5 * std::log(scatter), s_lower_, s_upper_) : s_lower_;
    const double scaled = 0.5 * scatter * std::exp(-2 * s_mode);
    const auto profile = [&](double ds) { return -count * (ds + scaled * std::expm1(-2 * ds)); };
    // The integral over mu multiplies the profile by the width of mu's posterior: between constant (the prior's) and
    // e^2s (cut in its tail), so the marginal of s falls at most 2 (s_upper_ - s_lower_) later than the profile.
    const double drop = negligible_drop + 2 * (s_upper_ - s_lower_);
    const auto keep = [&](double ds) { return profile(ds) > -drop; };

    WeightedMoments mu, s;
    double products = 0;
    rule_.over(reach(s_lower_ - s_mode, keep), reach(s_upper_ - s_mode, keep), [&](double ds, double s_weight) {
      const double density = s_weight * std::exp(profile(ds));
      const double precision = count * std::exp(-2 * (s_mode + ds));
      const auto log_density = [&](double u) { return -0.5 * precision * u * (u - 2 * beyond); };
      const auto keep_mu = [&](double u) { return log_density(u) > -negligible_drop; };
      double given_s = 0;
      rule_.over(reach(mu_lower_ - mu_mode, keep_mu), reach(mu_upper_ - mu_mode, keep_mu),
                 [&](double u, double mu_weight) {
                   const double weight = mu_weight * std::exp(log_density(u));
                   given_s += weight;
                   products += density * weight * u * ds;
                   mu.add(density * weight, u);
                 });
      s.add(density * given_s, ds);
    });
    const double r = correlation(mu, s, products);
    return {{mean, summary.log_deviation()},
            {mu_mode + mu.mean(), s_mode + s.mean()},
            {mu.deviation(), s.deviation()},
            {1, r, r, 1}};
  }

 private:
  // A Gaussian cut at +-9.5 deviations, the hardest case, is integrated to 1e-13 by 64 nodes.
  GaussLegendre rule_{64};
  double mu_lower_, mu_upper_, s_lower_, s_upper_;  // of the priors
};

}  // namespace

std::unique_ptr<ExactInference> make_exact_gaussian(const ParameterInfo& mu, const ParameterInfo& log_sigma) {
  return std::make_unique<ExactGaussian>(mu, log_sigma);
}

}  // namespace alfi
