#include "src/exact/exact.hpp"

#include <algorithm>
#include <utility>

#include "src/simulators/simulators.hpp"

namespace alfi {

namespace {

/// Exact inference under other priors than it knows: maximum likelihood alone.
class WithoutPosterior final : public ExactInference {
 public:
  explicit WithoutPosterior(std::unique_ptr<ExactInference> inference) : inference_(std::move(inference)) {}

  Exact infer(std::span<const float> x) const override { return {maximum_likelihood(x), {}, {}}; }
  std::vector<double> maximum_likelihood(std::span<const float> x) const override {
    return inference_->maximum_likelihood(x);
  }

 private:
  std::unique_ptr<ExactInference> inference_;
};

std::unique_ptr<ExactInference> make_exact(const SimulatorInfo& simulator) {
  const std::string& name = simulator.name;
  const auto own = [&](std::size_t d) { return find_simulator(name).parameters[d]; };
  if (name == "poisson") return make_exact_poisson(own(0));
  if (name == "gaussian") return make_exact_gaussian(own(0), own(1));
  if (name == "weinberg") return make_exact_weinberg();
  if (name == "multi_distribution") return make_exact_multi_distribution();
  if (name == "linear_regression")
    return make_exact_linear_regression(static_cast<int>(simulator.parameters.size()) - 1);
  if (name == "gaussian_linear") return make_exact_gaussian_linear(static_cast<int>(simulator.parameters.size()));
  return nullptr;
}

}  // namespace

std::unique_ptr<ExactInference> make_exact_inference(const SimulatorInfo& simulator) {
  if (!is_built_in(simulator.number))  // whatever its name
    return host_simulator(simulator.number)->log_likelihood != nullptr ? make_exact_by_likelihood(simulator) : nullptr;
  const auto& parameters = simulator.parameters;
  if (std::ranges::all_of(parameters, [](const ParameterInfo& p) { return p.prior == Prior::uniform; })) {
    if (simulator.name == "poisson") return make_exact_poisson(parameters[0]);
    if (simulator.name == "gaussian") return make_exact_gaussian(parameters[0], parameters[1]);
  }
  std::unique_ptr<ExactInference> inference = make_exact(simulator);
  if (inference && !simulator.own_priors) return std::make_unique<WithoutPosterior>(std::move(inference));
  return inference;
}

}  // namespace alfi
