#include "src/numerics/quadrature.hpp"

#include <numbers>

namespace alfi {

// Nodes are the roots of the Legendre polynomial P_n, by Newton's method from the Chebyshev-like guess of
// Abramowitz and Stegun 22.16.6; weights 2 / ((1 - x^2) P_n'(x)^2), ibid. 25.4.29.
GaussLegendre::GaussLegendre(std::size_t n) : nodes_(n), weights_(n) {
  const double degree = static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) {
    double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (degree + 0.5));
    double slope = 0;
    // Newton doubles the digits: the guess has at least two, so six steps are one more than needed.
    for (int step = 0; step < 6; ++step) {
      double previous = 1, value = x;  // P_0, P_1
      for (std::size_t k = 2; k <= n; ++k) {
        const double order = static_cast<double>(k);
        const double next = ((2 * order - 1) * x * value - (order - 1) * previous) / order;
        previous = value;
        value = next;
      }
      slope = degree * (x * value - previous) / (x * x - 1);
      x -= value / slope;
    }
    nodes_[i] = x;
    weights_[i] = 2 / ((1 - x * x) * slope * slope);
  }
}

}  // namespace alfi
