// Learners, which a training trains: the engine of a machine that infers, or of one that minimises.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "src/backends/processor.hpp"
#include "src/model/episodes.hpp"

namespace alfi {

/// Means over episodes.
struct Validation {
  double loss;   ///< the plain loss, weighted over the iterations as in training
  double error;  ///< ‖θ* − μ_T‖₂, standardised; of a machine that minimises, what it comes to: f(θ_T)
};

class Learner {
 public:
  virtual ~Learner() = default;

  /// Continues training from this state; nothing submitted before counts any more.
  virtual void begin(TrainingState state) = 0;
  /// Meta-steps after those submitted before: rollout, gradients, update.
  virtual void submit(std::span<const MetaStep> steps) = 0;
  /// Asks `stop` within the steps and validations from now on: where it returns true, submit or validate is left
  /// unfinished and throws Abandoned; the state stays that before it. A device does not ask.
  virtual void stop_when(std::function<bool()> stop) = 0;
  /// Returns what the steps of the oldest submission not yet collected came to.
  virtual std::vector<StepOutput> collect() = 0;
  /// Waits for all steps submitted and returns the state after them.
  virtual const TrainingState& state() = 0;
  /// Returns how steps are best submitted.
  virtual Pipeline pipeline() const = 0;

  /// Measures how good these weights are, with training's iterations.
  virtual Validation validate(const Episodes& episodes, std::span<const float> weights) = 0;

  /// Threads it computes on where the cost of a meta-step is known (src/engine/cost.hpp); else 0.
  virtual int threads_of_known_cost() const = 0;

  /// Throws RunError that names parameters at which most observations are no numbers, with these weights.
  virtual void refuse_failures(std::span<const float> /*weights*/) {}

  /// Returns what users should know of how it is computed; mostly nothing.
  virtual const std::string& notice() const = 0;
};

}  // namespace alfi
