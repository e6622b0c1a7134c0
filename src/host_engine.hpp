// The CPU engine: meta-steps and rollouts over tiles of 16 episodes, on all cores.
//
// A tile lives in one worker's buffers from its first draw to its last gradient, so memory does not grow with the
// meta-batch. Gradients go to 256 logical partial sums by tile number and from there through a fixed tree, so the bits
// of a result do not depend on the number of threads.
#pragma once

#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "alfi/configuration.hpp"
#include "kernels/host_kernels.hpp"
#include "src/model.hpp"
#include "src/real_counts.hpp"

namespace alfi {

/// The weights and all that training changes about them; arrays of layout.size, in the kernels' layout.
struct TrainingState {
  std::vector<float> weights, first_moment, second_moment, average;
  std::int64_t updates = 0;  ///< applied so far
  std::int64_t skipped = 0;  ///< not applied since their gradient was not finite

  bool operator==(const TrainingState&) const = default;
};

/// Random weights of this seed, no updates yet.
TrainingState initial_state(const Layout& layout, std::uint64_t seed);

/// Which episodes: they name their random numbers.
struct Episodes {
  Phase phase;
  std::uint64_t step;
  int count;
  int problems = 0;  ///< > 0: the step's episodes are drawn from this many fixed problems
  std::uint64_t seed = 0;
};

struct StepResult {
  double loss;           ///< mean over the episodes
  double gradient_norm;  ///< before clipping
  bool applied;          ///< false: the gradient was not finite and nothing changed
  std::int64_t clamped_draws;
};

/// One finished tile of a rollout, valid during the call. Only the first `episodes` lanes count; the tile's first
/// episode has number `first`.
struct FinishedTile {
  const Tile<float>& tile;
  int first, episodes;
};

/// Real observations given from outside for one episode: (count, X), transformed and standardised.
struct GivenProblem {
  std::span<const float> x;
  int count;
};

class HostEngine {
 public:
  /// Throws InputError where the buffers would not fit into memory, with the bytes they need.
  HostEngine(const Configuration& configuration, Normalisation normalisation);

  /// One meta-step: rollout, gradients, update of the state. `beta` is of loss beta_normal, `rate` the learning rate.
  StepResult train(const Episodes& episodes, double rate, double beta, TrainingState& state);

  /// Forward only, T iterations, on plain loss; `sink` is called for every tile, from any thread.
  void rollout(const Episodes& episodes, int iterations, std::span<const float> weights,
               const std::function<void(const FinishedTile&)>& sink);

  /// The same on given observations, one episode.
  void infer(const GivenProblem& problem, int iterations, std::span<const float> weights, std::uint64_t seed,
             const std::function<void(const FinishedTile&)>& sink);

  /// Problems alone: θ* and the real observations, transformed as told but not standardised, in the tile's truth, real.
  void draw_problems(const Episodes& episodes, Transform transform,
                     const std::function<void(const FinishedTile&)>& sink);

  const Layout& layout() const { return layout_; }
  const Normalisation& normalisation() const { return normalisation_; }
  int parameters() const { return shape_of(configuration_, 1).D; }
  int threads() const { return threads_; }
  const HostKernels& kernels() const { return kernels_; }

  /// Calls body() on every thread at once; for calibration.
  void on_all_threads(const std::function<void()>& body);

 private:
  /// One thread's memory. It is cut up anew for every tile, so a rollout of other sizes can use it too.
  struct Worker {
    std::vector<float> memory, block_memory;
    TileInput<float> input;
    Tile<float> tile;
    BlockMemory<float> block;
    void prepare(const Shape& shape);
  };

  EpisodeSettings<float> settings(const Shape& shape, const Episodes& episodes, Loss loss, const float* weights,
                                  const std::vector<float>& iteration_weight) const;
  void each_tile(const Episodes& episodes, const Shape& shape, const std::function<void(Worker&)>& body,
                 const std::function<void(const FinishedTile&)>& sink);

  Configuration configuration_;
  Normalisation normalisation_;
  Layout layout_;
  RealCounts counts_;
  int simulator_;
  const HostKernels& kernels_;
  int threads_;
  tbb::task_arena arena_;
  tbb::enumerable_thread_specific<Worker> workers_;
  std::vector<float> partials_, squares_, losses_;
  std::vector<std::int32_t> clamped_;
};

/// Parameters of the first `episodes` lanes that were drawn outside the simulator's domain.
std::int64_t clamped_draws(const Shape& shape, const Tile<float>& tile, int episodes);

/// Mean and deviation of the transformed observations over the prior: a pilot simulation with a fixed seed.
Normalisation pilot_normalisation(const Configuration& configuration);

/// Throws RunError where a configuration asks for a backend, precision or encoder that is not there.
void require_built(const Configuration::Engine& engine);

/// Bytes an engine of this configuration needs for its buffers on `threads` threads.
std::size_t engine_bytes(const Configuration& configuration, int threads);

}  // namespace alfi
