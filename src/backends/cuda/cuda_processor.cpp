#include "src/backends/cuda/cuda_processor.hpp"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <utility>

#include "alfi/error.hpp"
#include "src/backends/cuda/device_sampling.hpp"
#include "src/backends/cuda/processor_memory.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/backends/host/host_sampling.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::cuda {
namespace {

/// Blocks of pure multiply-adds a multiprocessor gets: with their chains enough to hide what one multiply-add takes,
/// and no more than any device runs at once.
constexpr int spin_blocks = 2;

}  // namespace

CudaProcessor::CudaProcessor(std::unique_ptr<Runtime> runtime, Precision precision, int threads)
    : runtime_(std::move(runtime)),
      precision_(precision),
      arena_(threads > 0 ? allowed_threads(threads) : tbb::task_arena::automatic),
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

LibraryHandle CudaProcessor::library_of(int simulator) {
  const char* const code = device_code(simulator);
  if (code == nullptr) return nullptr;
  Library& library = libraries_[simulator];
  if (library.get() == nullptr) {
    LibraryHandle handle = nullptr;
    const Status status = runtime_->load(code, handle);
    if (!status.ok())
      throw RunError(fmt::format(
          "CUDA: loading the simulator's kernels failed: {}. Compiled with NVCC set to nothing it has none, and "
          "the host simulates between alfi's",
          status.text));
    library = Library(*runtime_, handle);
  }
  return library.get();
}

void CudaProcessor::prepare(Batch& batch, const EpisodeSettings<float>& settings, int episodes, bool gradients) {
  batch.library = library_of(settings.simulator);
  const bool hosted = !is_built_in(settings.simulator) && batch.library == nullptr;
  batch.plan = plan_launches(settings.shape, episodes, gradients, precision_, properties_, free_memory(), hosted);
  const LaunchPlan& plan = batch.plan;
  DeviceWork& work = batch.work;
  work.gradients = gradients;
  work.tile_count = plan.slots;
  work.episodes = episodes;
  work.blocks = plan.blocks;
  work.kept = plan.kept;
  work.shares = plan.shares;
  take_settings(batch, settings);
  take_tiles(batch);
  if (hosted)
    batch.hosted = std::make_unique<HostSimulation>(
        *runtime_, stream_, arena_, settings,
        TilesOfDevice{batch.tiles_of_device.data(), batch.inputs.data(), plan.slots, plan.tile_size});
  if (plan.encoder == EncoderKernels::cublas) take_products(batch);
  batch.position = DeviceArray<int>(*runtime_, 1);
  require(runtime_->clear(batch.position.data(), batch.position.bytes(), stream_.get()), "clearing the position");
  work.position = batch.position.data();
  if (gradients) take_gradient(batch);
}

void CudaProcessor::take_settings(Batch& batch, const EpisodeSettings<float>& settings) {
  const Shape& shape = settings.shape;
  const ProblemRule& problems = settings.problems;
  const bool drawn = problems.above != nullptr || problems.count_input != nullptr;
  const int counts = problems.most - problems.least;
  if (settings.weights != nullptr) batch.weights = on_device(settings.weights, settings.layout.size, "the weights");
  batch.iteration_weight = on_device(settings.iteration_weight, shape.T, "the iterations' weights");
  if (settings.parameters != nullptr) take_parameters(batch, settings);
  batch.mean = on_device(settings.units.mean, shape.X, "the observations' mean");
  batch.scale = on_device(settings.units.scale, shape.X, "the observations' scale");
  if (drawn) batch.above = on_device(problems.above, counts, "the numbers of observations");
  if (drawn) batch.count_input = on_device(problems.count_input, counts + 1, "the numbers of observations");

  EpisodeSettings<float>& copied = batch.work.settings;
  copied = settings;
  copied.weights = batch.weights.data();
  copied.iteration_weight = batch.iteration_weight.data();
  copied.parameters = batch.parameters.data();
  copied.units.mean = batch.mean.data();
  copied.units.scale = batch.scale.data();
  copied.problems.above = batch.above.data();
  copied.problems.count_input = batch.count_input.data();
}

void CudaProcessor::take_parameters(Batch& batch, const EpisodeSettings<float>& settings) {
  std::vector<ParameterUnits> units(settings.parameters, settings.parameters + settings.shape.D);
  std::vector<float> maps;
  for (const ParameterUnits& of : units)
    if (of.map.nodes_of != nullptr) maps.insert(maps.end(), of.map.nodes_of, of.map.nodes_of + 2 * ParameterMap::nodes);
  batch.maps = on_device(maps.data(), static_cast<std::int64_t>(maps.size()), "the parameters' maps");
  const float* next = batch.maps.data();
  for (ParameterUnits& of : units)
    if (of.map.nodes_of != nullptr) of.map.nodes_of = std::exchange(next, next + 2 * ParameterMap::nodes);
  batch.parameters = on_device(units.data(), settings.shape.D, "the parameters' units");
}

void CudaProcessor::take_tiles(Batch& batch) {
  const LaunchPlan& plan = batch.plan;
  const Shape& shape = batch.work.settings.shape;
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
  batch.work.tiles = batch.tiles.data();
  batch.work.codes = batch.codes.data();
  batch.work.fast = batch.fast.data();
}

void CudaProcessor::take_products(Batch& batch) {
  const Shape& shape = batch.work.settings.shape;
  batch.wide = DeviceArray<float>(*runtime_, batch.plan.slots * wide_size(shape));
  batch.work.wide = batch.wide.data();
  const std::vector<float> ones(static_cast<std::size_t>(wide_observations(shape)) * tile_lanes, 1.0F);
  batch.ones = on_device(ones.data(), static_cast<std::int64_t>(ones.size()), "ones");
  if (products_.get() == nullptr) {
    workspace_ = DeviceArray<std::byte>(*runtime_, products_workspace);
    products_ = make_products(*runtime_, stream_, workspace_.data(), workspace_.bytes());
  }
  // Observations beyond those of a tile's real set are multiplied by slopes of 0: they must be numbers.
  require(runtime_->clear(batch.tile_memory.data(), batch.tile_memory.bytes(), stream_.get()), "clearing the tiles");
}

void CudaProcessor::take_gradient(Batch& batch) {
  const GradientSums& sums = batch.plan.sums;
  const int groups = sums.size / tile_lanes, encoder_groups = sums.encoder_size / tile_lanes;
  batch.partials = DeviceArray<float>(*runtime_, sums.all());
  batch.squares = DeviceArray<float>(*runtime_, groups);
  batch.norm = DeviceArray<float>(*runtime_, 1);
  DeviceWork& work = batch.work;
  work.sums = sums;
  work.partials = batch.partials.data();
  work.groups_per_block = groups_per_block;
  Optimizer<float>& optimizer = work.optimizer;
  optimizer.groups = groups;
  optimizer.partials[0] = {
      .data = work.partials, .count = sums.count * sums.pieces, .first_group = 0, .groups = encoder_groups};
  optimizer.partials[1] = {.data = work.partials + sums.rest_begin(),
                           .count = sums.count,
                           .first_group = encoder_groups,
                           .groups = groups - encoder_groups};
  optimizer.squares = batch.squares.data();
  optimizer.norm = batch.norm.data();
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
  if (batch.hosted) batch.hosted->rethrow();
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
  batch.step_inputs = on_device(pass.steps.data(), 1, "the step's keys");
  DeviceWork& work = batch.work;
  work.inputs = batch.step_inputs.data();
  work.draws = pass.draws;
  for (int first = 0; first < batch.plan.tiles; first += batch.plan.slots) {
    work.first_tile = first;
    work.tile_count = batch.chunk_size(first);
    if (pass.fill) fill(pass, batch, first);
    put(batch, Launcher(*runtime_, stream_, products_, batch.plan, batch.own_simulator()));
    hand_over(pass, batch, first, size);
  }
}

void CudaProcessor::rollout(const TilePass& pass) {
  if (pass.steps.size() > 1) {  // a kernel has one step for all tiles
    for (std::size_t i = 0; i < pass.steps.size(); ++i) rollout_alone(pass, static_cast<int>(i));
    return;
  }
  run(pass, results_size(pass.settings.shape),
      [](const Batch& batch, const Launcher& launcher) { launcher.chunk(batch.work, batch.observations()); });
}

void CudaProcessor::rollout_alone(const TilePass& pass, int number) {
  const int first = number * tile_lanes;
  const auto numbered = [number](Tile<float> tile) {
    tile.number = number;
    return tile;
  };
  TilePass alone = pass;
  alone.steps = pass.steps.subspan(static_cast<std::size_t>(number), 1);
  alone.episodes = std::min(tile_lanes, pass.episodes - first);
  if (pass.fill) alone.fill = [&](const Tile<float>& tile) { pass.fill(numbered(tile)); };
  alone.sink = [&](const FinishedTile& finished) { pass.sink({numbered(finished.tile), first, finished.episodes}); };
  rollout(alone);
}

void CudaProcessor::draw_problems(const TilePass& pass) {
  run(pass, problem_size(pass.settings.shape), [&](const Batch& batch, const Launcher& launcher) {
    // A problem comes behind the results, which nothing writes here.
    if (batch.work.first_tile == 0)
      require(runtime_->clear(batch.tile_memory.data(), batch.tile_memory.bytes(), stream_.get()),
              "clearing the tiles");
    launcher.kernel(DeviceKernel::begin, std::min(batch.plan.blocks, batch.work.tile_count), batch.work);
    if (batch.hosted) batch.hosted->put_problems(batch.work);
  });
}

void CudaProcessor::simulate(Sample sample, const std::function<void(std::span<const float>)>& sink) {
  const LibraryHandle library = library_of(sample.simulator);
  if (!is_built_in(sample.simulator) && library == nullptr) return draw_sample_on_host(arena_, sample, sink);
  draw_sample_on_device(*runtime_, stream_, properties_.multiprocessors, library, sample, sink);
}

std::vector<float> CudaProcessor::differentiate(const TilePass& pass) {
  Batch batch;
  const Drained drained(*runtime_, stream_);
  prepare(batch, pass.settings, pass.episodes, true);
  const LaunchPlan& plan = batch.plan;
  batch.step_inputs = on_device(pass.steps.data(), 1, "the step's keys");
  DeviceWork& work = batch.work;
  work.inputs = batch.step_inputs.data();
  work.draws = pass.draws;
  const Launcher launcher(*runtime_, stream_, products_, plan, batch.own_simulator());
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

double CudaProcessor::spin(std::int64_t rounds) {
  const int blocks = spin_blocks * properties_.multiprocessors;
  if (spin_sums_.size() == 0) spin_sums_ = DeviceArray<float>(*runtime_, std::int64_t{blocks} * device_threads);
  DeviceWork work{};
  work.spin = {rounds, spin_sums_.data()};
  Launcher(*runtime_, stream_, {}, LaunchPlan{}, {}).kernel(DeviceKernel::spin, blocks, work);
  require(runtime_->synchronize(stream_.get()), "waiting for multiply-adds");
  return Spin::operations_per_round * blocks * static_cast<double>(rounds);
}

}  // namespace alfi::cuda
