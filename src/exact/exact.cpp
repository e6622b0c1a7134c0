#include "src/exact/exact.hpp"

#include "src/simulators/simulators.hpp"

namespace alfi {

std::unique_ptr<ExactInference> make_exact_inference(const SimulatorInfo& simulator) {
  if (!is_built_in(simulator.number)) return nullptr;  // whatever its name
  const std::string& name = simulator.name;
  if (name == "poisson") return make_exact_poisson();
  if (name == "gaussian") return make_exact_gaussian();
  if (name == "weinberg") return make_exact_weinberg();
  if (name == "multi_distribution") return make_exact_multi_distribution();
  if (name == "linear_regression")
    return make_exact_linear_regression(static_cast<int>(simulator.parameters.size()) - 1);
  if (name == "gaussian_linear") return make_exact_gaussian_linear(static_cast<int>(simulator.parameters.size()));
  return nullptr;
}

}  // namespace alfi
