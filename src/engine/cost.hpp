// Cost of work on the CPU, on paper: the one account by which the encoder is chosen and a training's duration is
// told before it starts.
//
// A cost is in *peak operations*, the operations that a core could have done in that time with nothing but fma: seconds
// are cost / core_speed(). So it carries over to another clock, and roughly to another processor.
// docs/design/cost_model.md has the formula; scripts/cost_model.sh compares it with measurements.
#pragma once

#include <cstdint>

#include "src/model/plan.hpp"

namespace alfi {

/// Counts the floating-point operations of one episode's share of a meta-step: 2 a multiplication and addition of a
/// linear layer, nothing else (biases, activations, pooling, random numbers and the update are not counted). With w = Σ
/// in·out over a network's layers and w' the same without the first layer:
///
///   encoder     forward 2w, recomputed 2w, dW 2w, dX 2w'     for each of T·M·N + R observations
///   aggregator  forward 2w, recomputed 2w, dW 2w, dX 2w''    for each of T·M drawn parameters
///               forward 2v, dW 2v, dX 2v                     once
///   RIM         forward 2w, dW 2w, dX 2w                     for each of T iterations
///
/// (The encoder's input has no gradient; of the aggregator's, codes and s2 alone have one: w'' is w without the others'
/// part. v is the real code's part, which is not in w: it is the same for all parameters. The RIM's activations are
/// kept.) Where codes are looked up, most of the encoder's operations are not done: they are counted all the same.
double meta_step_flops(const Shape& shape);

/// The cost of a part of a meta-step.
struct Cost {
  double tile;    ///< of each tile, which is one thread's
  double shared;  ///< once, shared out between the threads
  double alone;   ///< once, by one thread while the others wait
  int meetings;   ///< times that threads are woken to share work and waited for

  /// Returns the time until all threads are done.
  double until_done(int tiles, int threads) const;
};

/// Returns the encoder's part, forward and backward, its codes computed by `encoder`, which is not automatic. `table`:
/// numbers in the table.
Cost encoder_cost(const Shape& shape, Encoder encoder, int table, int tiles);

/// Returns R of an episode on average.
int mean_real_observations(const Plan& plan);

/// Returns the cost of a meta-step of this many episodes. `simulation` is what a user's simulator takes of an episode;
/// of alfi's own the price is known.
double meta_step_cost(const Plan& plan, int episodes, int threads, double simulation = 0);

/// Operations a second of one core with nothing but fma, measured now: the best of some rounds, 15 ms together.
double measured_core_peak();

/// Returns the cost that a core gets done in a second, which is its peak with AVX-512; 0 where it is unknown, without
/// AVX2.
double core_speed(double core_peak);

/// Returns the seconds from step `first` to the end of a training, validations and checkpoints included, at step 0 that
/// of the untrained weights, on cores of that speed. `simulator_seconds` are those of a core that a user's simulator
/// takes of an episode.
double training_seconds(const Plan& plan, std::int64_t first, int threads, double core_speed,
                        double simulator_seconds = 0);

}  // namespace alfi
