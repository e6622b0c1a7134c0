// A CUDA device: tiles in its memory, kernels on one stream, a meta-step captured in a graph.
//
// While it trains, weights, moments and statistics stay on the device. Steps are put on the stream in windows; the host
// waits only for a window it collects, by which time the next one is under way.
#pragma once

#include <oneapi/tbb/task_arena.h>

#include <map>
#include <memory>
#include <vector>

#include "src/backends/cuda/device_statistics.hpp"
#include "src/backends/cuda/launch_plan.hpp"
#include "src/backends/cuda/launcher.hpp"
#include "src/backends/cuda/resources.hpp"
#include "src/backends/processor.hpp"

namespace alfi::cuda {

class CudaProcessor final : public Processor {
 public:
  /// Takes the device of the runtime. `threads` threads of the host read results back; 0: all. Throws RunError where
  /// the device does not answer.
  CudaProcessor(std::unique_ptr<Runtime> runtime, Precision precision, int threads);
  ~CudaProcessor() override;

  Backend backend() const override { return Backend::cuda; }
  std::string name() const override { return properties_.name; }
  int threads() const override;
  const char* kernels(const Shape& shape) const override {
    return encoder_kernels(shape, precision_, properties_) == EncoderKernels::fused ? "fused" : "cublas";
  }
  Room room(const Shape& shape, int episodes) const override;

  void rollout(const TilePass& pass) override;
  void draw_problems(const TilePass& pass) override;
  void simulate(Sample sample, const std::function<void(std::span<const float>)>& sink) override;
  std::vector<float> differentiate(const TilePass& pass) override;

  void begin(const TrainingPlan& plan, TrainingState state) override;
  Pipeline pipeline() const override;
  void submit(std::span<const TrainingStep> steps) override;
  std::vector<StepOutput> collect() override;
  const TrainingState& state() override;

  SampleStatistics& statistics() override { return statistics_; }
  double spin(std::int64_t rounds) override;

 private:
  struct Batch;
  struct Training;

  /// Returns the device memory there is for a batch: what is free, and what products already have.
  std::int64_t free_memory() const;
  template <class T>
  DeviceArray<T> on_device(const T* host, std::int64_t size, const char* what);
  /// Returns the kernels of a simulator that brings its own, loaded once; null for others.
  LibraryHandle library_of(int simulator);
  /// Takes a batch's memory and puts what is in it from the beginning on the stream.
  void prepare(Batch& batch, const EpisodeSettings<float>& settings, int episodes, bool gradients);
  // Parts of prepare. Each takes memory and points the batch's work to it.
  /// Copies the settings and what they point to.
  void take_settings(Batch& batch, const EpisodeSettings<float>& settings);
  /// Copies the parameters' units and their maps.
  void take_parameters(Batch& batch, const EpisodeSettings<float>& settings);
  /// Takes the tiles of a chunk, their codes and activations.
  void take_tiles(Batch& batch);
  /// Takes what an encoder's products are computed in.
  void take_products(Batch& batch);
  /// Takes the gradient's sums, and what the update makes of them.
  void take_gradient(Batch& batch);
  /// Puts a meta-step on the stream.
  void put_step(const Batch& batch, const Launcher& launcher);
  /// Takes a training's memory for steps on their way.
  void take_windows(Training& training);
  /// Tells the kernels where a training's memory is.
  void connect(Training& training);
  /// Captures a meta-step.
  Graph capture_step(const Batch& batch);
  /// Runs one tile of a pass.
  void rollout_alone(const TilePass& pass, int number);
  /// Fills the tiles of a chunk on the host and copies them over.
  void fill(const TilePass& pass, Batch& batch, int first);
  /// Copies the first `size` numbers of every tile of a chunk to the host and hands them to the pass's sink.
  void hand_over(const TilePass& pass, Batch& batch, int first, std::int64_t size);
  /// Runs a pass without gradients chunk by chunk: put(batch) puts a chunk's kernels on the stream.
  template <class Put>
  void run(const TilePass& pass, std::int64_t size, Put put);

  std::unique_ptr<Runtime> runtime_;
  Precision precision_;
  DeviceProperties properties_;
  mutable tbb::task_arena arena_;
  Stream stream_;
  DeviceStatistics statistics_;
  DeviceArray<float> spin_sums_;
  DeviceArray<std::byte> workspace_;  // of the products, which one batch after the other computes
  Products products_;                 // made for the first batch that has any
  std::map<int, Library> libraries_;  // by the simulator's number
  std::unique_ptr<Training> training_;
};

}  // namespace alfi::cuda
