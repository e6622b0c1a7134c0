// The engine: a configuration's episodes, on a processor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "alfi/configuration.hpp"
#include "src/model.hpp"
#include "src/processor.hpp"
#include "src/real_counts.hpp"

namespace alfi {

/// Which episodes: they name their random numbers.
struct Episodes {
  Phase phase;
  std::uint64_t step;
  int count;
  int problems = 0;  ///< > 0: the step's episodes are drawn from this many fixed problems
  std::uint64_t seed = 0;
};

/// Real observations given from outside for one episode: (count, X), transformed and standardised.
struct GivenProblem {
  std::span<const float> x;
  int count;
};

/// A meta-step of training: its number, which names its episodes, the learning rate, and beta of loss beta_normal.
struct MetaStep {
  std::uint64_t number;
  double rate, beta;
};

using TileSink = std::function<void(const FinishedTile&)>;

class Engine {
 public:
  /// On the processor the configuration names. Throws InputError where the buffers would not fit into memory, with the
  /// bytes they need, RunError where the configuration asks for what was not built or is not there.
  Engine(const Configuration& configuration, Normalisation normalisation);
  Engine(const Configuration& configuration, Normalisation normalisation, std::unique_ptr<Processor> processor);

  /// Training goes on from this state; nothing submitted before counts any more.
  void begin(TrainingState state);
  /// Meta-steps after those submitted before: rollout, gradients, update.
  void submit(std::span<const MetaStep> steps);
  /// What the steps of the oldest submission not yet collected came to.
  std::vector<StepOutput> collect() { return processor_->collect(); }
  /// After all steps submitted.
  const TrainingState& state() { return processor_->state(); }

  /// Forward only, T iterations, on plain loss; `sink` is called for every tile, from any thread.
  void rollout(const Episodes& episodes, int iterations, std::span<const float> weights, const TileSink& sink);

  /// The same, every episode starting from this ψ₀ (P).
  void rollout_from(std::span<const float> start, const Episodes& episodes, int iterations,
                    std::span<const float> weights, const TileSink& sink);

  /// The same on given observations, one episode.
  void infer(const GivenProblem& problem, int iterations, std::span<const float> weights, std::uint64_t seed,
             const TileSink& sink);

  /// Problems alone: θ* and the real observations, transformed as told but not standardised, in the tile's truth, real.
  void draw_problems(const Episodes& episodes, Transform transform, const TileSink& sink);

  const Layout& layout() const { return layout_; }
  int parameters() const { return shape_of(configuration_, 1).D; }
  Processor& processor() { return *processor_; }

 private:
  void require_room(int iterations) const;
  EpisodeSettings<float> settings(const Shape& shape, const Episodes& episodes, Loss loss, const float* weights,
                                  const std::vector<float>& iteration_weight, bool given = false) const;

  Configuration configuration_;
  Normalisation normalisation_;
  Layout layout_;
  RealCounts counts_;
  int simulator_;
  std::vector<float> iteration_weight_;  ///< of training
  std::unique_ptr<Processor> processor_;
};

/// Parameters of the first `episodes` lanes that were drawn outside the simulator's domain.
std::int64_t clamped_draws(const Shape& shape, const Tile<float>& tile, int episodes);

/// Mean and deviation of the transformed observations over the prior, of a pilot simulation with a fixed seed: a
/// configuration has the same normalisation everywhere. It is drawn by the CPU.
Normalisation pilot_normalisation(const Configuration& configuration, SampleStatistics& statistics = host_statistics());

}  // namespace alfi
