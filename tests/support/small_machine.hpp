// Machines of a few weights, for tests of what is done with a trained one.
#pragma once

#include <filesystem>
#include <string>

#include "src/engine/engine.hpp"
#include "src/model/checkpoint.hpp"

namespace alfi::test {

inline Configuration small_configuration(const std::string& simulator, Transform transform = Transform::none) {
  Configuration c;
  c.simulator = {simulator, {}, transform};
  c.episode = {.iterations = 3, .thetas = 2, .observations = 3, .real_observations = {5, 20}};
  c.networks.encoder = {16, 8, Pooling::moments};  // narrower, and random ReLUs may all be off
  c.networks.aggregator = {16, 8};
  c.networks.rim.hidden = 16;
  c.networks.rim.state = 12;
  c.training.meta_batch = 8;
  c.training.warmup_steps = 1;
  c.evaluation.episodes = 40;
  c.evaluation.replicates = 1;  // an answer is a rollout's last ψ, to the bit
  c.engine.threads = 1;
  c.engine.encoder = Encoder::dense;  // given observations are looked up otherwise than simulated ones
  validate(c);
  return c;
}

/// Makes a machine of random weights, with other ones in the moving average, which is what a machine uses. It looks at
/// the real observations alone, not at those it simulates, so that its answer does not depend on random numbers.
inline Checkpoint small_checkpoint(const Configuration& configuration) {
  const Plan plan = configuration;
  const Shape& shape = plan.shape;
  const Layout& layout = plan.layout;
  Checkpoint checkpoint{
      .plan = plan, .normalisation = pilot_normalisation(plan), .state = initial_state(layout, 1), .step = 7};
  TrainingState& state = checkpoint.state;
  state.average = initial_weights(layout, 2);
  const Linear& first = layout.aggregator[0];
  for (int row = 0; row < first.out; ++row)
    for (int column = shape.CP(); column < first.in; ++column)
      state.average[static_cast<std::size_t>(first.weight + row * first.in + column)] = 0;
  return checkpoint;
}

inline std::filesystem::path write_small_machine(const std::filesystem::path& folder, const Checkpoint& checkpoint) {
  const std::filesystem::path file = folder / "small.safetensors";
  write_checkpoint(file, checkpoint);
  return file;
}

}  // namespace alfi::test
