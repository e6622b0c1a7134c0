// Training on a CUDA device: a meta-step in a graph, launched a window at a time.
#include <algorithm>
#include <utility>

#include "src/backends/cuda/cuda_processor.hpp"
#include "src/backends/cuda/processor_memory.hpp"
#include "src/backends/update_factors.hpp"

namespace alfi::cuda {
namespace {

/// Returns the number of meta-steps in a window: enough to hide the host's part, few enough for a quick stop.
int window_steps(int episodes) { return std::clamp(65536 / episodes, 1, 16); }

}  // namespace

void CudaProcessor::put_step(const Batch& batch, const Launcher& launcher) {
  const LaunchPlan& plan = batch.plan;
  DeviceWork work = batch.work;
  require(runtime_->clear(batch.partials.data(), batch.partials.bytes(), stream_.get()), "clearing the gradient");
  for (int first = 0; first < plan.tiles; first += plan.slots) {
    work.first_tile = first;
    work.tile_count = batch.chunk_size(first);
    launcher.chunk(work, batch.observations());
  }
  const int update_blocks = blocks_of(groups_per_block, work.optimizer.groups);
  launcher.kernel(DeviceKernel::sum_partials, update_blocks, work);
  launcher.kernel(DeviceKernel::gradient_norm, 1, work);
  launcher.kernel(DeviceKernel::apply_update, update_blocks, work);
  launcher.kernel(DeviceKernel::conclude, 1, work);
}

Graph CudaProcessor::capture_step(const Batch& batch) {
  Launcher launcher(*runtime_, stream_, products_, batch.plan, batch.own_simulator());
  if (batch.wide.size() > 0) {
    Launcher rehearsal = launcher;
    rehearsal.rehearse();
    require(runtime_->clear(batch.wide.data(), batch.wide.bytes(), stream_.get()), "clearing the hidden layers");
    put_step(batch, rehearsal);
  }
  GraphHandle graph = nullptr;
  require(runtime_->capture(
              stream_.get(), [&] { put_step(batch, launcher); }, graph),
          "capturing a meta-step");
  return {*runtime_, graph};
}

void CudaProcessor::take_windows(Training& t) {
  const std::int64_t lanes = std::int64_t{t.batch.plan.tiles} * tile_lanes;
  t.losses = DeviceArray<float>(*runtime_, lanes);
  t.clamped = DeviceArray<std::int32_t>(*runtime_, lanes);
  t.left_out = DeviceArray<std::int32_t>(*runtime_, lanes);
  t.loss_sums = DeviceArray<double>(*runtime_, sum_places);
  t.clamped_sums = DeviceArray<std::int64_t>(*runtime_, sum_places);
  t.left_out_sums = DeviceArray<std::int64_t>(*runtime_, sum_places);
  t.first_update = DeviceArray<std::int64_t>(*runtime_, 1);
  // A window's updates begin somewhere between the last collected and the last submitted.
  const int factors = windows * t.steps;
  t.factors = DeviceArray<UpdateFactors>(*runtime_, factors);
  t.batch.step_inputs = DeviceArray<StepInput>(*runtime_, windows * t.steps);
  t.rates = DeviceArray<float>(*runtime_, windows * t.steps);
  t.outputs = DeviceArray<StepOutput>(*runtime_, windows * t.steps);
  // Kernels write numbers, and not what is between them.
  require(runtime_->clear(t.outputs.data(), t.outputs.bytes(), stream_.get()), "clearing the metrics");
  for (Training::Window& window : t.ring) {
    window.inputs = PinnedArray<StepInput>(*runtime_, t.steps);
    window.rates = PinnedArray<float>(*runtime_, t.steps);
    window.position = PinnedArray<int>(*runtime_, 1);
    window.first_update = PinnedArray<std::int64_t>(*runtime_, 1);
    window.factors = PinnedArray<UpdateFactors>(*runtime_, factors);
    window.outputs = PinnedArray<StepOutput>(*runtime_, t.steps);
    window.done = make_event(*runtime_);
  }
}

void CudaProcessor::connect(Training& t) {
  DeviceWork& work = t.batch.work;
  work.draws = {.problem = true, .start = true, .proposals = true};
  work.inputs = t.batch.step_inputs.data();
  work.rates = t.rates.data();
  work.outputs = t.outputs.data();
  work.report = {.loss = t.losses.data(),
                 .clamped = t.clamped.data(),
                 .left_out = t.left_out.data(),
                 .loss_sums = t.loss_sums.data(),
                 .clamped_sums = t.clamped_sums.data(),
                 .left_out_sums = t.left_out_sums.data()};
  Optimizer<float>& optimizer = work.optimizer;
  optimizer.weights = t.batch.weights.data();
  optimizer.first_moment = t.first_moment.data();
  optimizer.second_moment = t.second_moment.data();
  optimizer.average = t.average.data();
  optimizer.counts = t.counts.data();
  optimizer.factors = t.factors.data();
  optimizer.first_update = t.first_update.data();
  optimizer.clip_norm = static_cast<float>(t.plan.clip_norm);
}

void CudaProcessor::begin(const TrainingPlan& plan, TrainingState state) {
  require(runtime_->synchronize(stream_.get()), "waiting for the last training");
  training_.reset();
  auto training = std::make_unique<Training>();
  const Drained drained(*runtime_, stream_);
  Training& t = *training;
  t.plan = plan;
  t.state = std::move(state);
  t.collected = {t.state.updates, t.state.skipped};
  t.steps = window_steps(plan.episodes);

  EpisodeSettings<float> settings = plan.settings;
  settings.weights = t.state.weights.data();
  prepare(t.batch, settings, plan.episodes, true);
  const std::int64_t size = settings.layout.size;
  t.first_moment = on_device(t.state.first_moment.data(), size, "the first moment");
  t.second_moment = on_device(t.state.second_moment.data(), size, "the second moment");
  t.average = on_device(t.state.average.data(), size, "the average of the weights");
  t.counts = on_device(&t.collected, 1, "the numbers of updates");
  take_windows(t);
  connect(t);
  t.graph = capture_step(t.batch);
  training_ = std::move(training);
}

Pipeline CudaProcessor::pipeline() const { return {training_ ? training_->steps : 1, windows}; }

void CudaProcessor::submit(std::span<const TrainingStep> steps) {
  Training& t = *training_;
  Training::Window& window = t.ring[static_cast<std::size_t>(t.next_window)];
  const int count = static_cast<int>(steps.size()), at = t.next_window * t.steps;
  for (int i = 0; i < count; ++i) {
    window.inputs.data()[i] = steps[static_cast<std::size_t>(i)].input;
    window.rates.data()[i] = steps[static_cast<std::size_t>(i)].rate;
  }
  *window.position.data() = at;
  *window.first_update.data() = t.collected.applied;
  for (int i = 0; i < window.factors.size(); ++i)
    window.factors.data()[i] = update_factors(t.collected.applied + i, t.plan.average_decay);

  const StreamHandle stream = stream_.get();
  const auto upload = [&](auto& device, int first, const auto& host, int size) {
    require(runtime_->copy_to_device(device.data() + first, host.data(),
                                     static_cast<std::size_t>(size) * sizeof(*host.data()), stream),
            "copying a window's steps to the device");
  };
  upload(t.batch.step_inputs, at, window.inputs, count);
  upload(t.rates, at, window.rates, count);
  upload(t.batch.position, 0, window.position, 1);
  upload(t.first_update, 0, window.first_update, 1);
  upload(t.factors, 0, window.factors, static_cast<int>(window.factors.size()));
  for (int i = 0; i < count; ++i) require(runtime_->launch_graph(t.graph.get(), stream), "launching a meta-step");
  require(runtime_->copy_to_host(window.outputs.data(), t.outputs.data() + at,
                                 static_cast<std::size_t>(count) * sizeof(StepOutput), stream),
          "copying the metrics to the host");
  require(runtime_->record(window.done.get(), stream), "marking a window's end");
  t.in_flight.push_back({t.next_window, count});
  t.next_window = (t.next_window + 1) % windows;
}

std::vector<StepOutput> CudaProcessor::collect() {
  Training& t = *training_;
  const Training::Submitted oldest = t.in_flight.front();
  const Training::Window& window = t.ring[static_cast<std::size_t>(oldest.window)];
  require(runtime_->synchronize_event(window.done.get()), "running a meta-step");
  if (t.batch.hosted) t.batch.hosted->rethrow();
  t.in_flight.pop_front();
  std::vector<StepOutput> outputs(window.outputs.data(), window.outputs.data() + oldest.steps);
  for (const StepOutput& output : outputs) ++(output.applied() ? t.collected.applied : t.collected.skipped);
  return outputs;
}

const TrainingState& CudaProcessor::state() {
  Training& t = *training_;
  UpdateCounts counts{};
  const auto download = [&](void* to, const void* from, std::size_t bytes) {
    require(runtime_->copy_to_host(to, from, bytes, stream_.get()), "copying the weights to the host");
  };
  const Optimizer<float>& optimizer = t.batch.work.optimizer;
  const std::size_t bytes = t.state.weights.size() * sizeof(float);
  download(t.state.weights.data(), optimizer.weights, bytes);
  download(t.state.first_moment.data(), optimizer.first_moment, bytes);
  download(t.state.second_moment.data(), optimizer.second_moment, bytes);
  download(t.state.average.data(), optimizer.average, bytes);
  download(&counts, optimizer.counts, sizeof counts);
  require(runtime_->synchronize(stream_.get()), "waiting for the weights");
  t.state.updates = counts.applied;
  t.state.skipped = counts.skipped;
  return t.state;
}

}  // namespace alfi::cuda
