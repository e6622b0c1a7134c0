// Episodes of a pass or a meta-step.
#pragma once

#include <cstdint>

#include "kernels/episode/problem.hpp"

namespace alfi {

/// Number of episodes a training is validated on.
inline constexpr int validation_episodes = 512;

/// Choice of episodes, which names their random numbers.
struct Episodes {
  Phase phase;
  std::uint64_t step;
  int count;
  int problems = 0;  ///< > 0: the step's episodes are drawn from this many fixed problems
  std::uint64_t seed = 0;
  int replicates = 1;  ///< episodes of each problem, side by side: `count` is that many times the number of problems
};

/// A meta-step of training: its number, which names its episodes, the learning rate, and beta of loss beta_normal.
struct MetaStep {
  std::uint64_t number;
  double rate, beta;
};

/// Returns what the kernels are told of episodes.
StepInput step_input(const Episodes& episodes, double beta = 0);

}  // namespace alfi
