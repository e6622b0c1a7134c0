// The engine: a plan's episodes, on a processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "src/backends/processor.hpp"
#include "src/engine/encoder_choice.hpp"
#include "src/engine/learner.hpp"
#include "src/model/episodes.hpp"
#include "src/model/model.hpp"
#include "src/model/plan.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {

/// Real observations given from outside for one problem: (count, X) in natural units. The seed names its random
/// numbers.
struct GivenProblem {
  std::span<const float> x;
  int count;
  std::uint64_t seed;
};

using TileSink = std::function<void(const FinishedTile&)>;

class Engine final : public Learner {
 public:
  /// Takes the processor that the configuration names. Throws InputError where the buffers would not fit into memory,
  /// with the bytes they need, RunError where the configuration asks for what was not built or is not there.
  Engine(const Plan& plan, Normalisation normalisation);
  Engine(const Plan& plan, Normalisation normalisation, std::unique_ptr<Processor> processor);

  void begin(TrainingState state) override;
  void submit(std::span<const MetaStep> steps) override;
  /// Asks also while the simulator, a program, is waited for; of one engine at a time.
  void stop_when(std::function<bool()> stop) override;
  std::vector<StepOutput> collect() override { return processor_->collect(); }
  const TrainingState& state() override { return processor_->state(); }
  Pipeline pipeline() const override { return processor_->pipeline(); }
  Validation validate(const Episodes& episodes, std::span<const float> weights) override;
  int threads_of_known_cost() const override {
    const bool known = processor_->backend() == Backend::cpu && !is_called(plan_.number);
    return known ? processor_->threads() : 0;
  }
  const std::string& notice() const override { return processor_->notice(); }
  void refuse_failures(std::span<const float> weights) override;

  /// Runs T iterations forward, on plain loss; `sink` is called for every tile, from any thread.
  void rollout(const Episodes& episodes, int iterations, std::span<const float> weights, const TileSink& sink);

  /// Rolls episodes out, every one starting from this ψ₀ (P).
  void rollout_from(std::span<const float> start, const Episodes& episodes, int iterations,
                    std::span<const float> weights, const TileSink& sink);

  /// Rolls out `replicates` episodes of each given problem, at most 16. `sink` is called for every problem, from any
  /// thread, with a tile of its own, whose bits do not depend on the other problems.
  void infer(std::span<const GivenProblem> problems, int replicates, int iterations, std::span<const float> weights,
             const std::function<void(std::size_t problem, const FinishedTile&)>& sink);

  /// Returns the codes of problems' real observations (episodes, CP), without a rollout. A device hands none over.
  std::vector<float> encode(const Episodes& episodes, std::span<const float> weights);
  /// Returns the codes of given problems' observations (problems, CP). A problem's code does not depend on the others.
  std::vector<float> encode(std::span<const GivenProblem> problems, std::span<const float> weights);

  /// Draws problems alone: θ* and the real observations, by `transform` but not standardised, in the tile's truth,
  /// real.
  void draw_problems(const Episodes& episodes, Transform transform, const TileSink& sink);

  const Plan& plan() const { return plan_; }
  const Layout& layout() const { return plan_.layout; }
  Processor& processor() { return *processor_; }

 private:
  void require_room(int iterations) const;
  Episodes training_episodes(std::uint64_t step) const;
  EpisodeSettings<float> settings(const Shape& shape, const Episodes& episodes, Loss loss, const float* weights,
                                  const std::vector<float>& iteration_weight, Encoder encoder) const;
  /// Rolls drawn episodes out on plain loss; `fill` fills in what is not drawn.
  void forward(const Shape& shape, const Episodes& episodes, std::span<const float> weights, Draws draws,
               const std::function<void(const Tile<float>&)>& fill, const TileSink& sink);
  /// Encodes the real observations of these episodes.
  std::vector<float> encode(Shape shape, const Episodes& episodes, Draws draws,
                            const std::function<void(const Tile<float>&)>& fill, std::span<const float> weights);
  /// Fills lanes first … last − 1 of a tile with one problem.
  void fill_given(const GivenProblem& problem, const Tile<float>& tile, int first, int last) const;

  Plan plan_;
  Normalisation normalisation_;
  std::unique_ptr<Processor> processor_;
  std::shared_ptr<const void> simulator_stop_ = {};  ///< its end takes the stop from the simulator
};

struct CountedObservations {
  std::int64_t left_out, all;  ///< of all those that were no numbers
};
/// Counts observations of the first `episodes` lanes, real and simulated.
CountedObservations count_observations(const Shape& shape, const Tile<float>& tile, int episodes);

/// Counts parameters of the first `episodes` lanes that were drawn outside the simulator's domain.
std::int64_t clamped_draws(const Shape& shape, const Tile<float>& tile, int episodes);

/// Estimates mean and deviation of the transformed observations over the prior by a pilot simulation. Its seed is fixed
/// and the CPU draws it: a configuration has one normalisation everywhere. Throws RunError where more than half of the
/// observations are no numbers, Abandoned where `stop` returned true.
Normalisation pilot_normalisation(const Plan& plan, SampleStatistics& statistics = host_statistics(),
                                  std::function<bool()> stop = {});

}  // namespace alfi
