#include "src/numerics/truncated_normal.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "src/numerics/statistics.hpp"

namespace alfi {
namespace {

/// Φ of what lies below is no number of full precision any more.
constexpr double underflow = -37;

/// Returns log Φ(z), from Φ's expansion where z is far below 0 (Abramowitz and Stegun 26.2.12).
double log_cdf(double z) {
  if (z > underflow) return std::log(normal_cdf(z));
  return -z * z / 2 - std::log(-z) - 0.5 * std::log(2 * std::numbers::pi) + std::log1p(-1 / (z * z));
}

}  // namespace

double log_normal_probability(double low, double high) {
  if (low > 0) return log_normal_probability(-high, -low);
  if (high > underflow) return std::log(normal_cdf(high) - normal_cdf(low));
  const double top = log_cdf(high);
  return std::isinf(low) ? top : top + std::log(-std::expm1(log_cdf(low) - top));
}

double truncated_normal_quantile(double low, double high, double p, double q) {
  if (low > 0) return -truncated_normal_quantile(-high, -low, q, p);
  double z = 0;
  if (high > underflow)
    z = normal_quantile(normal_cdf(low) + (normal_cdf(high) - normal_cdf(low)) * p);
  else
    z = high - std::log(p) / high;  // the law is an exponential one there, to 1/high²
  return std::clamp(z, low, high);
}

}  // namespace alfi
