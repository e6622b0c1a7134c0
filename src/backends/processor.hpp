// Processors, which episodes run on: this machine's cores or a CUDA device. The engine says what is to be computed; a
// processor computes it, in fp32 to equal numbers on each.
//
// A processor is used by one thread at a time. Settings and arrays handed to it lie in the host's memory and live as
// long as the call, those of a training plan until the next begin.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "alfi/choices.hpp"
#include "kernels/launch/report.hpp"
#include "kernels/sim/sample.hpp"
#include "src/model/training_state.hpp"
#include "src/numerics/sample_statistics.hpp"
#include "src/system/abandoned.hpp"

namespace alfi {

/// One finished tile, in the host's memory and valid during the call. Only the first `episodes` lanes count; the tile's
/// first episode has number `first`. Where codes were looked up its observations need not be as the network sees them.
struct FinishedTile {
  const Tile<float>& tile;
  int first, episodes;
};

/// A pass over the tiles of a batch.
struct TilePass {
  const EpisodeSettings<float>& settings;
  std::span<const StepInput> steps;  ///< one for all tiles, or in a rollout one for each
  Draws draws;
  int episodes;
  /// Fills what is not drawn, in tile and input; may be empty where everything is. Called from any thread.
  std::function<void(const Tile<float>&)> fill;
  /// Gets every tile. Called from any thread.
  std::function<void(const FinishedTile&)> sink;

  const StepInput& step_of(int tile) const { return steps[steps.size() == 1 ? 0 : static_cast<std::size_t>(tile)]; }
};

/// Facts that hold for all of a training.
struct TrainingPlan {
  EpisodeSettings<float> settings;  ///< its weights are not read
  int episodes;                     ///< B
  double clip_norm;                 ///< 0: no clipping
  double average_decay;
};

/// Inputs of one step of a training.
struct TrainingStep {
  StepInput input;
  float rate;  ///< learning rate
};

/// Numbers of steps that are best handed over at once, and of such windows ahead of the oldest collected.
struct Pipeline {
  int steps, windows;
};

/// Bytes: the least the buffers need, and what there is.
struct Room {
  double needed, available;
};

class Processor {
 public:
  virtual ~Processor() = default;

  /// Asks `stop` within the passes and meta-steps from now on: where it returns true, they throw Abandoned, and the
  /// state stays that before the step. A device does not ask.
  void stop_when(std::function<bool()> stop) { stop_ = std::move(stop); }

  virtual Backend backend() const = 0;
  /// Returns the name its users know: the instruction set's, the device's.
  virtual std::string name() const = 0;
  /// Returns the number of host threads it uses.
  virtual int threads() const = 0;

  /// Returns which kernels compute the encoder of this shape: fused with what is around it, or cublas.
  virtual const char* kernels(const Shape& shape) const = 0;

  /// Returns the room for batches of `episodes` of this shape, forward and backward. Throws RunError where a device,
  /// which others use too, has not enough left for even one tile.
  virtual Room room(const Shape& shape, int episodes) const = 0;

  /// Runs all tiles forward.
  virtual void rollout(const TilePass& pass) = 0;
  /// Problems alone: θ* and the real observations, in the tile's truth, real and input.
  virtual void draw_problems(const TilePass& pass) = 0;
  /// Draws a sample, from its first observation on and piece by piece: each piece (rows, X) is valid during its call.
  virtual void simulate(Sample sample, const std::function<void(std::span<const float>)>& sink) = 0;
  /// Runs forward and backward, and returns the batch's gradient (layout.size).
  virtual std::vector<float> differentiate(const TilePass& pass) = 0;

  /// Starts a training.
  virtual void begin(const TrainingPlan& plan, TrainingState state) = 0;
  virtual Pipeline pipeline() const = 0;
  /// Meta-steps after all that were submitted before.
  virtual void submit(std::span<const TrainingStep> steps) = 0;
  /// Waits for the steps of the oldest submission not yet collected, and returns what they came to.
  virtual std::vector<StepOutput> collect() = 0;
  /// Waits for all steps submitted and returns the state after them, valid until the next submission.
  virtual const TrainingState& state() = 0;

  /// Returns the statistics of samples in the host's memory. May be used at any time, also by a sink.
  virtual SampleStatistics& statistics() = 0;

  /// Runs `rounds` rounds of nothing but multiply-adds on all cores, and returns the number of operations; measures the
  /// peak.
  virtual double spin(std::int64_t rounds) = 0;

  /// Returns what users should know of how the passes so far were computed; mostly nothing.
  virtual const std::string& notice() const {
    static const std::string nothing;
    return nothing;
  }

 protected:
  void heed_stop() const {
    if (stop_ && stop_()) throw Abandoned{};
  }

 private:
  std::function<bool()> stop_;
};

}  // namespace alfi
