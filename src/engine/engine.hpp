// The engine: a configuration's episodes, on a processor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "alfi/configuration.hpp"
#include "src/backends/processor.hpp"
#include "src/engine/learner.hpp"
#include "src/model/episodes.hpp"
#include "src/model/model.hpp"
#include "src/model/real_counts.hpp"

namespace alfi {

/// Real observations given from outside for one problem: (count, X), transformed and standardised.
struct GivenProblem {
  std::span<const float> x;
  int count;
};

using TileSink = std::function<void(const FinishedTile&)>;

class Engine final : public Learner {
 public:
  /// On the processor the configuration names. Throws InputError where the buffers would not fit into memory, with the
  /// bytes they need, RunError where the configuration asks for what was not built or is not there.
  Engine(const Configuration& configuration, Normalisation normalisation);
  Engine(const Configuration& configuration, Normalisation normalisation, std::unique_ptr<Processor> processor);

  void begin(TrainingState state) override;
  void submit(std::span<const MetaStep> steps) override;
  std::vector<StepOutput> collect() override { return processor_->collect(); }
  const TrainingState& state() override { return processor_->state(); }
  Pipeline pipeline() const override { return processor_->pipeline(); }
  Validation validate(const Episodes& episodes, std::span<const float> weights) override;
  int threads_of_known_cost() const override {
    return processor_->backend() == Backend::cpu ? processor_->threads() : 0;
  }
  const std::string& notice() const override { return processor_->notice(); }

  /// Forward only, T iterations, on plain loss; `sink` is called for every tile, from any thread.
  void rollout(const Episodes& episodes, int iterations, std::span<const float> weights, const TileSink& sink);

  /// The same, every episode starting from this ψ₀ (P).
  void rollout_from(std::span<const float> start, const Episodes& episodes, int iterations,
                    std::span<const float> weights, const TileSink& sink);

  /// Rolls out `replicates` episodes of one given problem; `seed` names their random numbers.
  void infer(const GivenProblem& problem, int replicates, int iterations, std::span<const float> weights,
             std::uint64_t seed, const TileSink& sink);

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
