// The best settings of an optimizer, by the mean of f(θ_T) on problems that no machine is evaluated on.
#pragma once

#include <cstdint>
#include <functional>

#include "src/minimisation/classic_optimizers.hpp"
#include "src/minimisation/quadratic_engine.hpp"

namespace alfi {

/// Rounds over more and more problems, each with the best part of the settings before: whatever fails on one problem of
/// thousands does not come through. `progress`, where given, gets the part that is done.
ClassicOptimizer tune(OptimizerKind method, QuadraticEngine& engine, int iterations, std::uint64_t seed,
                      const std::function<void(double)>& progress = {});

}  // namespace alfi
