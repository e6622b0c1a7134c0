// The optimizers of kernels/minimise/classic_optimizers.hpp at work, and how they are named.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/launch/host_kernels.hpp"

namespace alfi {

/// Returns names for people: "gradient descent", "rate 0.01".
std::string name_of(OptimizerKind method);
std::string settings_of(const ClassicOptimizer& optimizer);

/// A tile's quadratics in double, for one optimizer after the other.
class Quadratics {
 public:
  Quadratics(const HostKernels& kernels, const QuadraticTile<float>& tile, int dimensions, int iterations);

  /// Minimises from θ = 0.
  void minimise(const ClassicOptimizer& optimizer);

  // Results of the optimizer that was last at work.
  std::span<const double> loss() const { return loss_; }    ///< f(θ_t) (T + 1, 16)
  std::span<const double> theta() const { return theta_; }  ///< (T + 1, D, 16)

 private:
  const HostKernels& kernels_;
  int dimensions_, iterations_;
  std::vector<double> matrix_, target_, state_, theta_, loss_;
};

}  // namespace alfi
