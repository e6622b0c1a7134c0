#include "src/cuda/cuda_processor.hpp"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "alfi/error.hpp"
#include "src/cuda/device_sampling.hpp"
#include "src/update_factors.hpp"

namespace alfi::cuda {
namespace {

/// Windows in flight: one at work while the host looks at the other.
constexpr int windows = 2;
/// Meta-steps of a window: so many that the host's part does not show, so few that a stop is quick.
int window_steps(int episodes) { return std::clamp(65536 / episodes, 1, 16); }
/// Blocks of the update's launches take so many groups of weights each.
constexpr int groups_per_block = device_threads / tile_lanes;
/// Blocks of pure multiply-adds a multiprocessor gets: with their chains enough to hide what one multiply-add takes,
/// and no more than any device runs at once.
constexpr int spin_blocks = 2;

}  // namespace

/// A batch's memory on the device, and the work its kernels are given.
struct CudaProcessor::Batch {
  LaunchPlan plan;
  DeviceWork work{};
  std::vector<Tile<float>> tiles_of_device;  // as `tiles`, for the host to know their arrays

  DeviceArray<float> weights, iteration_weight, mean, scale, count_input;
  DeviceArray<std::uint32_t> above;
  DeviceArray<float> tile_memory, codes, fast;
  DeviceArray<float> wide, ones;  // of an encoder's products
  DeviceArray<Tile<float>> tiles;
  DeviceArray<TileInput<float>> inputs;
  DeviceArray<float> partials, squares, norm;
  DeviceArray<StepInput> step_inputs;
  DeviceArray<int> position;
  PinnedArray<float> results;  // of a chunk's tiles, for the host
  PinnedArray<TileInput<float>> result_inputs;

  int chunk_size(int first) const { return std::min(plan.slots, plan.tiles - first); }
  Launcher::Observations observations() const {
    return {tiles_of_device.front().x, tiles_of_device.front().real, ones.data()};
  }
};

struct CudaProcessor::Training {
  TrainingPlan plan;
  Batch batch;
  TrainingState state;  // of the host, behind the device's
  int steps;            // of a window, at most
  DeviceArray<float> first_moment, second_moment, average, losses;
  DeviceArray<std::int32_t> clamped;
  DeviceArray<double> loss_sums;
  DeviceArray<std::int64_t> clamped_sums, first_update;
  DeviceArray<UpdateCounts> counts;
  DeviceArray<UpdateFactors> factors;
  DeviceArray<float> rates;
  DeviceArray<StepOutput> outputs;

  /// What the host writes for a window and reads of it; one for each in flight.
  struct Window {
    PinnedArray<StepInput> inputs;
    PinnedArray<float> rates;
    PinnedArray<int> position;
    PinnedArray<std::int64_t> first_update;
    PinnedArray<UpdateFactors> factors;
    PinnedArray<StepOutput> outputs;
    Event done;
  };
  std::array<Window, windows> ring;
  struct Submitted {
    int window, steps;
  };
  std::deque<Submitted> in_flight;
  int next_window = 0;
  UpdateCounts collected{};  // counts after the steps collected so far
  Graph graph;               // of one step
};

CudaProcessor::CudaProcessor(std::unique_ptr<Runtime> runtime, Precision precision, int threads)
    : runtime_(std::move(runtime)),
      precision_(precision),
      arena_(threads > 0 ? threads : tbb::task_arena::automatic),
      stream_(make_stream(*runtime_)),
      statistics_(*runtime_) {
  require(runtime_->properties(properties_), "asking for the device's properties");
}

CudaProcessor::~CudaProcessor() {
  // Nothing may be given back that a kernel still uses.
  (void)runtime_->synchronize(stream_.get());
}

int CudaProcessor::threads() const { return arena_.max_concurrency(); }

std::int64_t CudaProcessor::free_memory() const {
  DeviceMemory memory{};
  require(runtime_->memory(memory), "asking for the free memory");
  return memory.free + static_cast<std::int64_t>(workspace_.bytes());
}

Room CudaProcessor::room(const Shape& shape, int episodes) const {
  const std::int64_t free = free_memory();
  (void)plan_launches(shape, episodes, true, precision_, properties_, free);
  return {static_cast<double>(least_bytes(shape, episodes, true, precision_, properties_)), static_cast<double>(free)};
}

template <class T>
DeviceArray<T> CudaProcessor::on_device(const T* host, std::int64_t size, const char* what) {
  DeviceArray<T> array(*runtime_, size);
  if (size > 0)
    require(runtime_->copy_to_device(array.data(), host, array.bytes(), stream_.get()),
            fmt::format("copying {} to the device", what));
  return array;
}

void CudaProcessor::prepare(Batch& batch, const EpisodeSettings<float>& settings, int episodes, bool gradients) {
  const Shape& shape = settings.shape;
  batch.plan = plan_launches(shape, episodes, gradients, precision_, properties_, free_memory());
  const LaunchPlan& plan = batch.plan;
  const Layout& layout = settings.layout;

  const ProblemRule& problems = settings.problems;
  const bool drawn = problems.above != nullptr || problems.count_input != nullptr;
  const int counts = problems.most - problems.least;
  if (settings.weights != nullptr) batch.weights = on_device(settings.weights, layout.size, "the weights");
  batch.iteration_weight = on_device(settings.iteration_weight, shape.T, "the iterations' weights");
  batch.mean = on_device(settings.units.mean, shape.X, "the observations' mean");
  batch.scale = on_device(settings.units.scale, shape.X, "the observations' scale");
  if (drawn) batch.above = on_device(problems.above, counts, "the numbers of observations");
  if (drawn) batch.count_input = on_device(problems.count_input, counts + 1, "the numbers of observations");

  batch.tile_memory = DeviceArray<float>(*runtime_, plan.slots * plan.tile_size);
  batch.inputs = DeviceArray<TileInput<float>>(*runtime_, plan.slots);
  for (int slot = 0; slot < plan.slots; ++slot) {
    Carver<float> carver(batch.tile_memory.data() + slot * plan.tile_size);
    batch.tiles_of_device.push_back(carve_tile(shape, carver));
    batch.tiles_of_device.back().input = batch.inputs.data() + slot;
  }
  batch.tiles = on_device(batch.tiles_of_device.data(), plan.slots, "the tiles' places");
  if (plan.split) batch.codes = DeviceArray<float>(*runtime_, plan.slots * code_size(shape));
  if (plan.variant.activations == Activations::global)
    batch.fast = DeviceArray<float>(*runtime_, plan.aggregator_block_size * plan.blocks);
  if (plan.encoder == EncoderKernels::cublas) {
    batch.wide = DeviceArray<float>(*runtime_, plan.slots * wide_size(shape));
    const std::vector<float> ones(static_cast<std::size_t>(wide_observations(shape)) * tile_lanes, 1.0F);
    batch.ones = on_device(ones.data(), static_cast<std::int64_t>(ones.size()), "ones");
    if (products_.get() == nullptr) {
      workspace_ = DeviceArray<std::byte>(*runtime_, products_workspace);
      products_ = make_products(*runtime_, stream_, workspace_.data(), workspace_.bytes());
    }
    // Observations beyond those of a tile's real set are multiplied by slopes of 0: they must be numbers.
    require(runtime_->clear(batch.tile_memory.data(), batch.tile_memory.bytes(), stream_.get()), "clearing the tiles");
  }
  batch.position = DeviceArray<int>(*runtime_, 1);
  require(runtime_->clear(batch.position.data(), batch.position.bytes(), stream_.get()), "clearing the position");

  DeviceWork& work = batch.work;
  work.settings = settings;
  work.settings.weights = batch.weights.data();
  work.settings.iteration_weight = batch.iteration_weight.data();
  work.settings.units.mean = batch.mean.data();
  work.settings.units.scale = batch.scale.data();
  work.settings.problems.above = batch.above.data();
  work.settings.problems.count_input = batch.count_input.data();
  work.position = batch.position.data();
  work.tiles = batch.tiles.data();
  work.tile_count = plan.slots;
  work.kept = plan.kept;
  work.episodes = episodes;
  work.blocks = plan.blocks;
  work.fast = batch.fast.data();
  work.wide = batch.wide.data();
  work.shares = plan.shares;
  work.codes = batch.codes.data();
  work.gradients = gradients;
  if (gradients) {
    const int groups = layout.size / tile_lanes, encoder_groups = layout.encoder_size() / tile_lanes;
    batch.partials = DeviceArray<float>(*runtime_, plan.sums.all());
    batch.squares = DeviceArray<float>(*runtime_, groups);
    batch.norm = DeviceArray<float>(*runtime_, 1);
    work.sums = plan.sums;
    work.partials = batch.partials.data();
    work.groups_per_block = groups_per_block;
    Optimizer<float>& optimizer = work.optimizer;
    optimizer.groups = groups;
    optimizer.partials[0] = {work.partials, plan.sums.count * plan.sums.pieces, 0, encoder_groups};
    optimizer.partials[1] = {work.partials + plan.sums.rest_begin(), plan.sums.count, encoder_groups,
                             groups - encoder_groups};
    optimizer.squares = batch.squares.data();
    optimizer.norm = batch.norm.data();
  }
}

void CudaProcessor::fill(const TilePass& pass, Batch& batch, int first) {
  const LaunchPlan& plan = batch.plan;
  const int count = batch.chunk_size(first);
  std::vector<float> memory(static_cast<std::size_t>(plan.tile_size * count), 0.0F);
  std::vector<TileInput<float>> inputs(static_cast<std::size_t>(count));
  arena_.execute([&] {
    tbb::parallel_for(0, count, [&](int slot) {
      Carver<float> carver(memory.data() + slot * plan.tile_size);
      Tile<float> tile = carve_tile(pass.settings.shape, carver);
      tile.number = first + slot;
      tile.input = &inputs[static_cast<std::size_t>(slot)];
      pass.fill(tile);
    });
  });
  require(
      runtime_->copy_to_device(batch.tile_memory.data(), memory.data(), memory.size() * sizeof(float), stream_.get()),
      "copying tiles to the device");
  require(runtime_->copy_to_device(batch.inputs.data(), inputs.data(), inputs.size() * sizeof(TileInput<float>),
                                   stream_.get()),
          "copying tiles to the device");
}

void CudaProcessor::hand_over(const TilePass& pass, Batch& batch, int first, std::int64_t size) {
  const int count = batch.chunk_size(first);
  PinnedArray<float>& memory = batch.results;
  PinnedArray<TileInput<float>>& inputs = batch.result_inputs;
  if (memory.size() == 0) memory = PinnedArray<float>(*runtime_, size * batch.plan.slots);
  if (inputs.size() == 0) inputs = PinnedArray<TileInput<float>>(*runtime_, batch.plan.slots);
  require(runtime_->copy_rows_to_host(
              memory.data(), batch.tile_memory.data(), static_cast<std::size_t>(batch.plan.tile_size) * sizeof(float),
              static_cast<std::size_t>(size) * sizeof(float), static_cast<std::size_t>(count), stream_.get()),
          "copying tiles to the host");
  require(runtime_->copy_to_host(inputs.data(), batch.inputs.data(),
                                 static_cast<std::size_t>(count) * sizeof(TileInput<float>), stream_.get()),
          "copying tiles to the host");
  require(runtime_->synchronize(stream_.get()), "waiting for the tiles");
  arena_.execute([&] {
    tbb::parallel_for(0, count, [&](int slot) {
      Carver<float> carver(memory.data() + slot * size, size);
      Tile<float> tile = carve_tile(pass.settings.shape, carver);
      tile.number = first + slot;
      tile.input = inputs.data() + slot;
      const int episode = tile.number * tile_lanes;
      pass.sink({tile, episode, std::min(tile_lanes, pass.episodes - episode)});
    });
  });
}

template <class Put>
void CudaProcessor::run(const TilePass& pass, std::int64_t size, Put put) {
  Batch batch;
  const Drained drained(*runtime_, stream_);
  prepare(batch, pass.settings, pass.episodes, false);
  batch.step_inputs = on_device(&pass.step, 1, "the step's keys");
  DeviceWork& work = batch.work;
  work.inputs = batch.step_inputs.data();
  work.draws = pass.draws;
  for (int first = 0; first < batch.plan.tiles; first += batch.plan.slots) {
    work.first_tile = first;
    work.tile_count = batch.chunk_size(first);
    if (pass.fill) fill(pass, batch, first);
    put(batch, Launcher(*runtime_, stream_, products_, batch.plan));
    hand_over(pass, batch, first, size);
  }
}

void CudaProcessor::rollout(const TilePass& pass) {
  run(pass, results_size(pass.settings.shape),
      [](const Batch& batch, const Launcher& launcher) { launcher.chunk(batch.work, batch.observations()); });
}

void CudaProcessor::draw_problems(const TilePass& pass) {
  run(pass, problem_size(pass.settings.shape), [&](const Batch& batch, const Launcher& launcher) {
    // A problem comes behind the results, which nothing writes here.
    if (batch.work.first_tile == 0)
      require(runtime_->clear(batch.tile_memory.data(), batch.tile_memory.bytes(), stream_.get()),
              "clearing the tiles");
    launcher.kernel(DeviceKernel::begin, std::min(batch.plan.blocks, batch.work.tile_count), batch.work);
  });
}

void CudaProcessor::simulate(Sample sample, const std::function<void(std::span<const float>)>& sink) {
  draw_sample_on_device(*runtime_, stream_, properties_.multiprocessors, sample, sink);
}

std::vector<float> CudaProcessor::differentiate(const TilePass& pass) {
  Batch batch;
  const Drained drained(*runtime_, stream_);
  prepare(batch, pass.settings, pass.episodes, true);
  const LaunchPlan& plan = batch.plan;
  batch.step_inputs = on_device(&pass.step, 1, "the step's keys");
  DeviceWork& work = batch.work;
  work.inputs = batch.step_inputs.data();
  work.draws = pass.draws;
  const Launcher launcher(*runtime_, stream_, products_, plan);
  require(runtime_->clear(batch.partials.data(), batch.partials.bytes(), stream_.get()), "clearing the gradient");
  for (int first = 0; first < plan.tiles; first += plan.slots) {
    work.first_tile = first;
    work.tile_count = batch.chunk_size(first);
    if (pass.fill) fill(pass, batch, first);
    launcher.chunk(work, batch.observations());
    hand_over(pass, batch, first, results_size(pass.settings.shape));
  }
  launcher.kernel(DeviceKernel::sum_partials, blocks_of(groups_per_block, work.optimizer.groups), work);
  const int encoder_size = plan.sums.encoder_size;
  std::vector<float> gradient(static_cast<std::size_t>(plan.sums.size));
  for (const auto& [to, from, size] :
       {std::tuple{gradient.data(), work.optimizer.partials[0].data, encoder_size},
        std::tuple{gradient.data() + encoder_size, work.optimizer.partials[1].data, plan.sums.size - encoder_size}})
    require(runtime_->copy_to_host(to, from, static_cast<std::size_t>(size) * sizeof(float), stream_.get()),
            "copying the gradient to the host");
  require(runtime_->synchronize(stream_.get()), "waiting for the gradient");
  return gradient;
}

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
  Launcher launcher(*runtime_, stream_, products_, batch.plan);
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
  const std::int64_t lanes = std::int64_t{t.batch.plan.tiles} * tile_lanes;
  t.losses = DeviceArray<float>(*runtime_, lanes);
  t.clamped = DeviceArray<std::int32_t>(*runtime_, lanes);
  t.loss_sums = DeviceArray<double>(*runtime_, sum_places);
  t.clamped_sums = DeviceArray<std::int64_t>(*runtime_, sum_places);
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

  DeviceWork& work = t.batch.work;
  work.draws = {true, true, true};
  work.inputs = t.batch.step_inputs.data();
  work.rates = t.rates.data();
  work.outputs = t.outputs.data();
  work.report = {t.losses.data(), t.clamped.data(), t.loss_sums.data(), t.clamped_sums.data()};
  Optimizer<float>& optimizer = work.optimizer;
  optimizer.weights = t.batch.weights.data();
  optimizer.first_moment = t.first_moment.data();
  optimizer.second_moment = t.second_moment.data();
  optimizer.average = t.average.data();
  optimizer.counts = t.counts.data();
  optimizer.factors = t.factors.data();
  optimizer.first_update = t.first_update.data();
  optimizer.clip_norm = static_cast<float>(plan.clip_norm);

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

double CudaProcessor::spin(std::int64_t rounds) {
  const int blocks = spin_blocks * properties_.multiprocessors;
  if (spin_sums_.size() == 0) spin_sums_ = DeviceArray<float>(*runtime_, std::int64_t{blocks} * device_threads);
  DeviceWork work{};
  work.spin = {rounds, spin_sums_.data()};
  Launcher(*runtime_, stream_, {}, LaunchPlan{}).kernel(DeviceKernel::spin, blocks, work);
  require(runtime_->synchronize(stream_.get()), "waiting for multiply-adds");
  return Spin::operations_per_round * blocks * static_cast<double>(rounds);
}

}  // namespace alfi::cuda
