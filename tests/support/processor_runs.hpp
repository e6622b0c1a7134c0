// Results a processor gets of a configuration, as numbers to compare with another processor's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/engine/engine.hpp"

namespace alfi::test {

Engine engine_on(const Configuration& configuration, std::unique_ptr<Processor> processor);

/// Returns step `number` of the trainings here.
MetaStep meta_step(int number);

/// The state and outputs of some steps, submitted as a trainer does.
struct Trained {
  TrainingState state;
  std::vector<double> losses, norms;
  std::int64_t clamped = 0, left_out = 0;
  bool operator==(const Trained&) const = default;
};
Trained train_steps(const Configuration& configuration, std::unique_ptr<Processor> processor, int steps = 3);

/// By episode: what a rollout answers, and θ* with the real observations.
using Numbers = std::vector<std::vector<float>>;
Numbers rollout_of(const Configuration& configuration, std::unique_ptr<Processor> processor, int episodes,
                   int replicates = 1);
Numbers problems_of(const Configuration& configuration, std::unique_ptr<Processor> processor, int episodes);

/// Simulates parameters that are at this place between the prior's ends, 0 and 1.
std::vector<float> sample_of(const std::string& simulator, std::int64_t count, Processor& processor,
                             double place = 0.5);

/// Returns ψ after each iteration of an inference, of each of its 16 replicates.
std::vector<float> inference_of(const Configuration& configuration, std::unique_ptr<Processor> processor);

}  // namespace alfi::test
