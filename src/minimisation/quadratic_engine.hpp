// The engine of a machine that minimises: meta-training and rollouts on random quadratics, on this machine's cores.
//
// A tile lives, here too, in one worker's buffers, gradients go to 256 logical partial sums by tile
// number and from there through a fixed tree: the bits do not depend on the number of threads.
#pragma once

#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/task_arena.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernels/launch/host_kernels.hpp"
#include "src/engine/learner.hpp"
#include "src/model/plan.hpp"
#include "src/system/lane_memory.hpp"

namespace alfi {

/// One finished tile, valid during the call. Only the first `episodes` lanes count; the first has number `first`.
struct FinishedQuadratics {
  const QuadraticTile<float>& tile;
  int first, episodes;
};
/// Gets every tile, from any thread.
using QuadraticSink = std::function<void(const FinishedQuadratics&)>;

class QuadraticEngine final : public Learner {
 public:
  /// Throws InputError where the buffers would not fit into memory, with the bytes they need.
  explicit QuadraticEngine(const Plan& plan);

  void begin(TrainingState state) override;
  void submit(std::span<const MetaStep> steps) override;
  void stop_when(std::function<bool()> stop) override { stop_ = std::move(stop); }
  std::vector<StepOutput> collect() override;
  const TrainingState& state() override { return state_; }
  Pipeline pipeline() const override { return {1, 1}; }
  Validation validate(const Episodes& episodes, std::span<const float> weights) override;
  int threads_of_known_cost() const override { return 0; }
  const std::string& notice() const override { return notice_; }

  /// Runs T iterations forward.
  void rollout(const Episodes& episodes, int iterations, std::span<const float> weights, const QuadraticSink& sink);
  /// Draws W and y alone.
  void draw(const Episodes& episodes, const QuadraticSink& sink);
  /// Runs forward and backward with training's iterations and returns the batch's gradient (layout.size).
  std::vector<float> differentiate(const Episodes& episodes, std::span<const float> weights);

  const Layout& layout() const { return plan_.layout; }
  int dimensions() const { return dimensions_; }
  /// Calls body(number) for each number below count, on all threads.
  void each(int count, const std::function<void(int)>& body);

 private:
  struct Worker {
    LaneMemory<float> memory;
    TileInput<float> input;
  };

  void require_room(int iterations) const;
  QuadraticSettings<float> settings(const Episodes& episodes, const std::vector<float>& iteration_weight,
                                    const float* weights) const;
  QuadraticTile<float> tile_of(Worker& worker, const Shape& shape, int number) const;
  /// Runs forward and backward for all tiles, into the partial sums; `finish` gets every tile.
  Optimizer<float> add_gradients(const Episodes& episodes, std::span<const float> weights,
                                 const std::function<void(const QuadraticTile<float>&)>& finish);
  StepOutput step(const MetaStep& step);

  Plan plan_;
  std::function<bool()> stop_;
  int dimensions_;
  const HostKernels& kernels_;
  int threads_;
  tbb::task_arena arena_;
  tbb::enumerable_thread_specific<Worker> workers_;
  std::vector<float> partials_, squares_, losses_;
  std::vector<std::int32_t> nothing_;  ///< no draw is clamped, no observation left out
  TrainingState state_;
  std::deque<std::vector<StepOutput>> finished_;
  const std::string notice_;
};

}  // namespace alfi
