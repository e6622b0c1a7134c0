#include "src/model/iteration_weights.hpp"

#include <cmath>

namespace alfi {

template <>
std::vector<double> iteration_weights<double>(Weights weights, int T) {
  std::vector<double> w(static_cast<std::size_t>(T), 0.0);
  if (weights == Weights::constant) {
    w.assign(w.size(), 1.0 / T);
  } else if (weights == Weights::last || (weights == Weights::exp && T == 1)) {
    w.back() = 1.0;
  } else if (weights == Weights::exp) {
    double total = 0;
    for (std::size_t t = 0; t < w.size(); ++t) total += w[t] = std::expm1(3.0 * static_cast<double>(t) / (T - 1));
    for (double& value : w) value /= total;
  }
  return w;
}

template <>
std::vector<float> iteration_weights<float>(Weights weights, int T) {
  const std::vector<double> w = iteration_weights<double>(weights, T);
  return {w.begin(), w.end()};
}

}  // namespace alfi
