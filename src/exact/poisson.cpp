// Poisson counts with theta = log lambda, uniform.
//
// With S = sum of the R counts, the posterior is proportional to exp(theta S - R e^theta) on the prior's interval. Its
// logarithm is concave with its mode at log(S / R), the maximum-likelihood value, or at the nearer end of the interval.
// Counted from that anchor, theta = anchor + u, it is S u - R e^anchor (e^u - 1), which loses no digits to the size of
// S or theta.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alfi/error.hpp"
#include "src/exact/exact.hpp"
#include "src/numerics/quadrature.hpp"

namespace alfi {
namespace {

class ExactPoisson final : public ExactInference {
 public:
  explicit ExactPoisson(const ParameterInfo& log_rate) : lower_(log_rate.low), upper_(log_rate.high) {}

  std::vector<double> maximum_likelihood(std::span<const float> x) const override {
    return {std::log(sum_of(x) / static_cast<double>(x.size()))};
  }

  Exact infer(std::span<const float> x) const override {
    const double sum = sum_of(x), count = static_cast<double>(x.size());
    const double most_likely = std::log(sum / count);
    const double anchor = std::clamp(most_likely, lower_, upper_);
    const double expected = count * std::exp(anchor);
    const auto log_density = [&](double u) { return sum * u - expected * std::expm1(u); };
    const auto keep = [&](double u) { return log_density(u) > -negligible_drop; };
    WeightedMoments moments;
    rule_.over(reach(lower_ - anchor, keep), reach(upper_ - anchor, keep),
               [&](double u, double weight) { moments.add(weight * std::exp(log_density(u)), u); });
    return {{most_likely}, {anchor + moments.mean()}, {moments.deviation()}};
  }

 private:
  static double sum_of(std::span<const float> x) {
    if (x.empty()) throw InputError("x: no observations (poisson needs at least 1)");
    double sum = 0;
    for (const float k : x) {
      if (!(k >= 0 && std::isfinite(k) && std::floor(k) == k)) {
        throw InputError(fmt::format("x: {} is no count (poisson allows 0, 1, 2, ...)", k));
      }
      sum += static_cast<double>(k);
    }
    return sum;
  }

  // A Gaussian cut at +-9.5 deviations, the hardest case, is integrated to 1e-13 by 64 nodes.
  GaussLegendre rule_{64};
  double lower_, upper_;  // of the prior
};

}  // namespace

std::unique_ptr<ExactInference> make_exact_poisson(const ParameterInfo& log_rate) {
  return std::make_unique<ExactPoisson>(log_rate);
}

}  // namespace alfi
