// The CPU: tiles of 16 episodes, on all cores.
//
// A tile lives in one worker's buffers from its first draw to its last gradient, so memory does not grow with the
// meta-batch. Gradients go to 256 logical partial sums by tile number and from there through a fixed tree, so the bits
// of a result do not depend on the number of threads.
#pragma once

#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <deque>
#include <optional>
#include <vector>

#include "src/backends/host/host_lookup.hpp"
#include "src/backends/processor.hpp"
#include "src/system/lane_memory.hpp"

namespace alfi {

/// Returns the threads that a configuration's engine.threads means: 0 is all there are.
int thread_count(int configured);
/// Returns as many of these threads as the process may have. An arena of more would have no more, and say so.
int allowed_threads(int wanted);

class HostProcessor final : public Processor {
 public:
  /// Computes with `threads` threads; 0: all. With `waiting` more, while some wait for a simulator that is a program.
  explicit HostProcessor(int threads, int waiting = 0);

  Backend backend() const override { return Backend::cpu; }
  std::string name() const override { return kernels_.name; }
  int threads() const override { return threads_; }
  const char* kernels(const Shape&) const override { return "fused"; }
  Room room(const Shape& shape, int episodes) const override;

  void rollout(const TilePass& pass) override;
  void draw_problems(const TilePass& pass) override;
  void simulate(Sample sample, const std::function<void(std::span<const float>)>& sink) override;
  std::vector<float> differentiate(const TilePass& pass) override;

  void begin(const TrainingPlan& plan, TrainingState state) override;
  Pipeline pipeline() const override { return {1, 1}; }
  void submit(std::span<const TrainingStep> steps) override;
  std::vector<StepOutput> collect() override;
  const TrainingState& state() override { return state_; }

  SampleStatistics& statistics() override { return host_statistics(); }
  double spin(std::int64_t rounds) override;
  const std::string& notice() const override { return notice_; }

 private:
  /// One thread's memory. It is cut up anew for every tile, so a rollout of other sizes can use it too.
  struct Worker {
    LaneMemory<float> memory, block_memory;
    TileInput<float> input;
    Tile<float> tile;
    BlockMemory<float> block;
    void prepare(const Shape& shape);
  };

  template <class Body>
  void each_tile(const TilePass& pass, Body body);
  /// Says whether the pass looks codes up; then lookup_ is ready.
  bool looks_up(const TilePass& pass);
  /// Runs forward and backward for all tiles, into the partial sums; `finish` gets every tile. Returns the update's
  /// arrays for them.
  template <class Finish>
  Optimizer<float> add_gradients(const TilePass& pass, Finish finish);
  StepOutput step(const TrainingStep& step);

  const HostKernels& kernels_;
  int threads_, waiting_;
  std::optional<tbb::global_control> more_threads_;  // than there are cores, where some wait
  tbb::task_arena arena_;
  tbb::enumerable_thread_specific<Worker> workers_;
  HostLookup lookup_;
  std::string notice_;
  LaneMemory<float> partials_;
  std::vector<float> squares_, losses_;
  std::vector<std::int32_t> clamped_, left_out_;
  TrainingPlan plan_{};
  TrainingState state_;
  std::deque<std::vector<StepOutput>> finished_;
};

}  // namespace alfi
