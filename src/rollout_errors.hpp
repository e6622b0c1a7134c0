// How far a machine's rollouts end from the truth.
#pragma once

#include <span>

#include "src/engine.hpp"

namespace alfi {

struct RolloutErrors {
  double loss;   ///< mean over episodes of the plain loss, weighted over the iterations as in training
  double error;  ///< mean over episodes of ‖θ* − μ_T‖₂, standardised
};

RolloutErrors rollout_errors(Engine& engine, const Episodes& episodes, int iterations, std::span<const float> weights);

}  // namespace alfi
