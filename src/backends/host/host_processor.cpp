#include "src/backends/host/host_processor.hpp"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "src/backends/host/host_sampling.hpp"
#include "src/backends/host/host_update.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/instruction_set.hpp"

namespace alfi {
namespace {

template <class Array>
void resize(Array& array, std::int64_t size) {
  array.resize(static_cast<std::size_t>(size));
}

}  // namespace

int thread_count(int configured) {
  return configured > 0 ? configured : std::max(1, tbb::this_task_arena::max_concurrency());
}

int allowed_threads(int wanted) {
  return std::min(wanted,
                  static_cast<int>(tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism)));
}

void HostProcessor::Worker::prepare(const Shape& shape) {
  const auto fit = [&shape](LaneMemory<float>& memory, std::int64_t size, auto carve) {
    if (memory.size() < static_cast<std::size_t>(size)) resize(memory, size);
    Carver<float> carver(memory.data());
    return carve(shape, carver);
  };
  tile = fit(memory, tile_size(shape, located_size(shape)),
             [](const Shape& s, Carver<float>& carver) { return carve_tile(s, carver, located_size(s)); });
  block = fit(block_memory, block_size(shape),
              [](const Shape& s, Carver<float>& carver) { return carve_block(s, carver); });
  tile.input = &input;
}

namespace {

/// Allows this process as many threads as that; without waiting it has what it has.
std::optional<tbb::global_control> most_threads(int threads, int waiting) {
  constexpr auto parallelism = tbb::global_control::max_allowed_parallelism;
  const auto wanted = static_cast<std::size_t>(threads + waiting);
  if (waiting == 0 || wanted <= tbb::global_control::active_value(parallelism)) return std::nullopt;
  return std::optional<tbb::global_control>(std::in_place, parallelism, wanted);
}

}  // namespace

HostProcessor::HostProcessor(int threads, int waiting)
    : kernels_(host_kernels()),
      threads_(thread_count(threads)),
      waiting_(waiting),
      more_threads_(most_threads(threads_, waiting)),
      arena_(allowed_threads(threads_ + waiting)),
      lookup_(kernels_, [this](const Shape& shape, int count, const auto& body) {
        arena_.execute([&] {
          tbb::parallel_for(0, count, [&](int number) {
            Worker& worker = workers_.local();
            worker.prepare(shape);
            body(number, worker.block);
          });
        });
      }) {}

Room HostProcessor::room(const Shape& shape, int episodes) const {
  const Layout layout = make_layout(shape);
  const double workers =
      (threads_ + waiting_) * static_cast<double>(tile_size(shape, located_size(shape)) + block_size(shape));
  const GradientSums sums = gradient_sums(layout, blocks_of(tile_lanes, episodes));
  const int table = largest_table();
  const double lookup =
      shape.X == 1 ? static_cast<double>(sums.count) *
                         static_cast<double>(sums_size(shape.pooling, table, most_places(table), whole_groups(shape.C)))
                   : 0;
  const double gradients = static_cast<double>(sums.all()) + lookup;
  constexpr double copies = 8;  // of the weights: training's, and a checkpoint's
  return {sizeof(float) * (workers + gradients + copies * layout.size),
          static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE))};
}

template <class Body>
void HostProcessor::each_tile(const TilePass& pass, Body body) {
  arena_.execute([&] {
    tbb::parallel_for(0, blocks_of(tile_lanes, pass.episodes), [&](int i) {
      heed_stop();
      Worker& worker = workers_.local();
      worker.prepare(pass.settings.shape);
      worker.tile.number = i;
      if (pass.fill) pass.fill(worker.tile);
      body(worker);
      const int first = i * tile_lanes;
      pass.sink({worker.tile, first, std::min(tile_lanes, pass.episodes - first)});
    });
  });
}

bool HostProcessor::looks_up(const TilePass& pass) {
  const EpisodeSettings<float>& settings = pass.settings;
  if (settings.encoder != Encoder::table && settings.encoder != Encoder::segments) return false;
  if (lookup_.build(settings)) return true;
  notice_ = fmt::format(
      "engine.encoder: the encoder has more than {} linear pieces, or a weight that is not finite; its codes are "
      "computed, as with dense, where that is so",
      most_segments);
  return false;
}

void HostProcessor::rollout(const TilePass& pass) {
  const bool looked_up = looks_up(pass);
  each_tile(pass, [&](Worker& worker) {
    if (looked_up)
      kernels_.rollout_looked_up(lookup_.settings(), pass.step_of(worker.tile.number), pass.draws, worker.tile,
                                 worker.block, lookup_.encoder());
    else
      kernels_.rollout(pass.settings, pass.step_of(worker.tile.number), pass.draws, worker.tile, worker.block);
  });
}

void HostProcessor::draw_problems(const TilePass& pass) {
  each_tile(pass, [&](Worker& worker) { kernels_.draw_problem(pass.settings, pass.steps.front(), worker.tile); });
}

void HostProcessor::simulate(Sample sample, const std::function<void(std::span<const float>)>& sink) {
  draw_sample_on_host(arena_, sample, sink);
}

template <class Finish>
Optimizer<float> HostProcessor::add_gradients(const TilePass& pass, Finish finish) {
  const Layout& layout = pass.settings.layout;
  const int tiles = blocks_of(tile_lanes, pass.episodes);
  const GradientSums sums = gradient_sums(layout, tiles);
  const StepInput& step = pass.steps.front();
  const bool looked_up = looks_up(pass);
  resize(partials_, sums.all());
  if (looked_up) lookup_.begin_sums(sums.count);
  arena_.execute([&] {
    tbb::parallel_for(0, sums.count, [&](int p) {
      float* const rest = partials_.data() + sums.rest(p);
      std::fill_n(rest + sums.encoder_size, sums.size - sums.encoder_size, 0.0F);
      if (looked_up)
        lookup_.clear(p);
      else
        std::fill_n(partials_.data() + sums.encoder(p, 0), sums.pieces * sums.encoder_size, 0.0F);
      Worker& worker = workers_.local();
      worker.prepare(pass.settings.shape);
      for (int i = p; i < tiles; i += gradient_partials) {
        heed_stop();
        worker.tile.number = i;
        if (pass.fill) pass.fill(worker.tile);
        if (looked_up)
          kernels_.rollout_looked_up(lookup_.settings(), step, pass.draws, worker.tile, worker.block,
                                     lookup_.encoder());
        else
          kernels_.rollout(pass.settings, step, pass.draws, worker.tile, worker.block);
        kernels_.rollout_gradient(pass.settings, step, worker.tile, worker.block, rest);
        if (looked_up)
          lookup_.add(worker.tile, p);
        else
          for (int piece = 0; piece < sums.pieces; ++piece)
            kernels_.bulk_gradient(pass.settings, worker.tile, worker.block, piece, sums.pieces,
                                   partials_.data() + sums.encoder(p, piece));
        finish(worker.tile);
      }
    });
  });
  const int encoder_sums = looked_up ? lookup_.finish(sums.count, partials_.data()) : sums.count * sums.pieces;
  const int encoder_groups = sums.encoder_size / tile_lanes, groups = sums.size / tile_lanes;
  resize(squares_, groups);
  Optimizer<float> optimizer{};
  optimizer.groups = groups;
  optimizer.partials[0] = {.data = partials_.data(), .count = encoder_sums, .first_group = 0, .groups = encoder_groups};
  optimizer.partials[1] = {.data = partials_.data() + sums.rest_begin(),
                           .count = sums.count,
                           .first_group = encoder_groups,
                           .groups = groups - encoder_groups};
  optimizer.squares = squares_.data();
  return optimizer;
}

std::vector<float> HostProcessor::differentiate(const TilePass& pass) {
  const Optimizer<float> optimizer = add_gradients(pass, [&](const Tile<float>& tile) {
    const int first = tile.number * tile_lanes;
    pass.sink({tile, first, std::min(tile_lanes, pass.episodes - first)});
  });
  const Layout& layout = pass.settings.layout;
  kernels_.sum_partials(optimizer);
  std::vector<float> gradient(optimizer.partials[0].data, optimizer.partials[0].data + layout.encoder_size());
  gradient.insert(gradient.end(), optimizer.partials[1].data,
                  optimizer.partials[1].data + layout.size - layout.encoder_size());
  return gradient;
}

void HostProcessor::begin(const TrainingPlan& plan, TrainingState state) {
  plan_ = plan;
  state_ = std::move(state);
  finished_.clear();
}

void HostProcessor::submit(std::span<const TrainingStep> steps) {
  std::vector<StepOutput> outputs;
  for (const TrainingStep& step : steps) outputs.push_back(this->step(step));
  finished_.push_back(std::move(outputs));
}

std::vector<StepOutput> HostProcessor::collect() {
  std::vector<StepOutput> outputs = std::move(finished_.front());
  finished_.pop_front();
  return outputs;
}

StepOutput HostProcessor::step(const TrainingStep& step) {
  EpisodeSettings<float> settings = plan_.settings;
  settings.weights = state_.weights.data();
  const int tiles = blocks_of(tile_lanes, plan_.episodes);
  resize(losses_, std::int64_t{tiles} * tile_lanes);
  resize(clamped_, std::int64_t{tiles} * tile_lanes);
  resize(left_out_, std::int64_t{tiles} * tile_lanes);
  const BatchReport<float> report{.loss = losses_.data(),
                                  .clamped = clamped_.data(),
                                  .left_out = left_out_.data(),
                                  .loss_sums = nullptr,
                                  .clamped_sums = nullptr,
                                  .left_out_sums = nullptr};
  const TilePass pass{.settings = settings,
                      .steps = {&step.input, 1},
                      .draws = {.problem = true, .start = true, .proposals = true},
                      .episodes = plan_.episodes,
                      .fill = {},
                      .sink = {}};
  const Optimizer<float> optimizer =
      add_gradients(pass, [&](const Tile<float>& tile) { kernels_.report(settings.shape, tile, report); });
  return update_on_host(kernels_, optimizer, {plan_.episodes, plan_.clip_norm, plan_.average_decay}, step.rate, report,
                        state_);
}

double HostProcessor::spin(std::int64_t rounds) {
  std::atomic<double> operations = 0;
  const auto body = [&] { operations += kernels_.spin(rounds); };
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < threads_; ++i) others.emplace_back(body);
    body();
  }
  return operations;
}

}  // namespace alfi
