// Separable natural evolution strategies: Wierstra, Schaul, Glasmachers, Sun, Peters, Schmidhuber 2014, "Natural
// evolution strategies", J. Mach. Learn. Res. 15, 949 (algorithm 6, constants of its table 1).
//
// A generation draws s_k ~ N(0, I), z_k = μ + σ s_k, and orders the z_k by their loss. With utilities u of the ranks
//   μ ← μ + η_μ σ Σ u_k s_k,   σ ← σ exp(η_σ/2 Σ u_k (s_k² − 1)).
#pragma once

#include <span>
#include <vector>

#include "src/baselines/random.hpp"

namespace alfi::baselines {

/// Returns u of the ranks, the best one first: max(0, log(n/2 + 1) − log k), divided by their sum, minus 1/n. Their sum
/// is 0.
std::vector<double> utilities(int population);

class SeparableNes {
 public:
  /// Begins at μ = 0, σ = 1.
  explicit SeparableNes(int D);

  /// Returns 4 + ⌊3 log D⌋.
  static int population(int D);
  /// Draws the next generation (population, D).
  const std::vector<double>& ask(Random& random);
  /// Takes the population's losses (population), the less the better.
  void tell(std::span<const double> losses);

  const std::vector<double>& mean() const { return mean_; }
  const std::vector<double>& deviation() const { return deviation_; }

 private:
  std::vector<double> utilities_, mean_, deviation_, noise_, generation_;
};

}  // namespace alfi::baselines
