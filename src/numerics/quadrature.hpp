// Gauss-Legendre quadrature, and the search for the part of an interval on which a log-concave density lives.
//
// Together they integrate a posterior on a bounded interval however narrow it is: find where its log density has fallen
// `negligible_drop` below the mode on either side, and spend all nodes in between.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace alfi {

/// A density this many nats below its maximum is left out: e^-45 = 3e-20 is lost in the rounding of a double sum.
inline constexpr double negligible_drop = 45;

/// The n-point rule on [-1, 1], exact for polynomials of degree 2n - 1.
class GaussLegendre {
 public:
  /// Finds n >= 1 nodes and weights.
  explicit GaussLegendre(std::size_t n);

  /// Calls visit(x, weight) for every node of the rule moved to [lower, upper].
  template <class Visit>
  void over(double lower, double upper, Visit&& visit) const {
    const double half = 0.5 * (upper - lower), middle = 0.5 * (upper + lower);
    for (std::size_t i = 0; i < nodes_.size(); ++i) visit(middle + half * nodes_[i], half * weights_[i]);
  }

 private:
  std::vector<double> nodes_, weights_;
};

/// Finds how far one can go from 0 towards `limit` (of either sign) while keep(distance) holds. keep(0) is true, and
/// keep changes at most once. The answer is `limit`, or up to 1 % too far: the caller cuts where nothing is left to
/// lose.
template <class Keep>
double reach(double limit, Keep&& keep) {
  if (keep(limit)) return limit;
  double inside = 0, outside = limit;
  while (std::abs(outside - inside) > 0.01 * std::abs(outside)) {
    const double middle = 0.5 * (inside + outside);
    (keep(middle) ? inside : outside) = middle;
    if (outside == 0) break;  // underflow: the kept part is a single point
  }
  return outside;
}

/// Sums of w, w v and w v^2 for a variable v under weights w that need not be normalised.
struct WeightedMoments {
  double weight = 0, first = 0, second = 0;

  void add(double w, double v) {
    weight += w;
    first += w * v;
    second += w * v * v;
  }
  double mean() const { return first / weight; }
  /// Returns the deviation. It is exact as long as v is counted from a point near its mean, as every caller does.
  double deviation() const { return std::sqrt(second / weight - mean() * mean()); }
};

/// Returns the correlation of two variables under one set of weights; products: the sum of w a b.
inline double correlation(const WeightedMoments& a, const WeightedMoments& b, double products) {
  return (products / a.weight - a.mean() * b.mean()) / (a.deviation() * b.deviation());
}

}  // namespace alfi
