#include "src/minimisation/classic_optimizers.hpp"

#include <fmt/format.h>

namespace alfi {

std::string name_of(OptimizerKind method) {
  return method == OptimizerKind::descent    ? "gradient descent"
         : method == OptimizerKind::momentum ? "momentum"
                                             : "Adam";
}

std::string settings_of(const ClassicOptimizer& o) {
  std::string text = fmt::format("rate {:.3g}", o.rate);
  if (o.method == OptimizerKind::momentum) text += fmt::format(", momentum {:g}", o.beta1);
  if (o.method == OptimizerKind::adam) text += fmt::format(", betas {:g} and {:g}", o.beta1, o.beta2);
  return text;
}

Quadratics::Quadratics(const HostKernels& kernels, const QuadraticTile<float>& tile, int dimensions, int iterations)
    : kernels_(kernels),
      dimensions_(dimensions),
      iterations_(iterations),
      matrix_(tile.matrix, tile.matrix + dimensions * dimensions * tile_lanes),
      target_(tile.target, tile.target + dimensions * tile_lanes),
      state_(3 * target_.size()),
      theta_(static_cast<std::size_t>(iterations + 1) * target_.size()),
      loss_(static_cast<std::size_t>((iterations + 1) * tile_lanes)) {}

void Quadratics::minimise(const ClassicOptimizer& optimizer) {
  kernels_.descend(optimizer, {dimensions_, iterations_, matrix_.data(), target_.data(), state_.data(), theta_.data(),
                               loss_.data()});
}

}  // namespace alfi
