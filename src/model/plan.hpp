// Plan: what follows from a configuration, derived once, where a training, an inference or an evaluation begins, and
// handed down from there.
#pragma once

#include <memory>
#include <vector>

#include "alfi/configuration.hpp"
#include "alfi/simulators.hpp"
#include "kernels/shape.hpp"
#include "kernels/sim/parameter_units.hpp"
#include "src/model/real_counts.hpp"

namespace alfi {

struct Plan {
  /// Derives the plan of a valid configuration. A configuration may stand where a plan is asked for.
  Plan(const Configuration& configuration);  // NOLINT(google-explicit-constructor)

  /// Returns this plan with other settings of the machine it runs on and of its evaluation: nothing is derived of them.
  Plan with(const Configuration::Engine& engine, const Configuration::Evaluation& evaluation) const;

  /// Throws InputError where it minimises: what needs observations cannot be done.
  void require_simulator() const;

  /// Returns the shape of a rollout of this many iterations, which an evaluation may choose.
  Shape shape_over(int iterations) const;

  Configuration configuration;
  bool minimises;           ///< it has an objective to minimise, not a simulator to infer the parameters of
  SimulatorInfo simulator;  ///< without a name and parameters where it minimises
  std::shared_ptr<const std::vector<std::vector<float>>> maps;  ///< (D), empty where a parameter has none
  std::vector<ParameterUnits> parameters;                       ///< (D) of the simulator
  int number;   ///< the simulator's in the kernels' list; `recorded` where it minimises
  Shape shape;  ///< of training's episodes, R the most; of one coordinate's machine where it minimises
  Layout layout;
  RealCounts counts;
  std::vector<float> iteration_weights;  ///< (T) of training's losses
};

}  // namespace alfi
