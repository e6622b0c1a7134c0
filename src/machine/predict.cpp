// Draws from an answer, and observations simulated at them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "alfi/error.hpp"
#include "alfi/machine.hpp"
#include "kernels/choice_facts.hpp"
#include "src/machine/estimates.hpp"
#include "src/model/checkpoint.hpp"
#include "src/model/draws.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {

std::vector<double> Machine::sample(const Posterior& posterior, int draws) const {
  if (draws < 1) throw InputError(fmt::format("draws = {} must be at least 1", draws));
  if (!has_density(configuration().proposal.family))
    throw InputError(
        "proposal.family = point: its answer is an estimate without a law, and nothing can be drawn from "
        "it; machines of the other families have one");
  // An inference draws no θ*, so this name is free.
  const SimulatorInfo& simulator = checkpoint_->plan.simulator;
  std::vector<double> theta =
      draw(law_of(posterior, simulator), stream_key(posterior.seed, Phase::inference, Purpose::truth, 0), draws);
  const std::size_t D = simulator.parameters.size();
  for (std::size_t i = 0; i < theta.size(); ++i) theta[i] = natural_of(simulator.parameters[i % D], theta[i]);
  return theta;
}

std::vector<float> Machine::predict(const Posterior& posterior, int draws, int count) const {
  if (count < 1) throw InputError(fmt::format("count = {} must be at least 1", count));
  const std::vector<double> theta = sample(posterior, draws);
  const SimulatorInfo& simulator = checkpoint_->plan.simulator;
  const std::size_t D = simulator.parameters.size();
  const std::size_t size = static_cast<std::size_t>(count) * static_cast<std::size_t>(simulator.observations.dimension);
  std::vector<float> x(static_cast<std::size_t>(draws) * size, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < static_cast<std::size_t>(draws); ++i) {
    const std::span<const double> at = std::span(theta).subspan(i * D, D);
    if (std::all_of(at.begin(), at.end(), [](double value) { return std::isfinite(value); }))
      simulate_into(simulator, at, stream_key(posterior.seed, Phase::inference, Purpose::real_set, i), count,
                    x.data() + i * size);
  }
  return x;
}

}  // namespace alfi
