#include "src/minimisation/quadratic_engine.hpp"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "alfi/error.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/backends/host/host_update.hpp"
#include "src/model/iteration_weights.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/instruction_set.hpp"

namespace alfi {
namespace {

/// Stands for the number of real observations, of which a quadratic has none.
constexpr float no_count = 0;

}  // namespace

QuadraticEngine::QuadraticEngine(const Plan& plan)
    : plan_(plan),
      dimensions_(dimensions_of(plan.configuration.simulator)),
      kernels_(host_kernels()),
      threads_(thread_count(plan.configuration.engine.threads)),
      arena_(allowed_threads(threads_)) {
  for (const int iterations : {plan.shape.T, plan.configuration.evaluation.iterations})
    if (iterations > 0) require_room(iterations);
}

void QuadraticEngine::require_room(int iterations) const {
  const double tile = static_cast<double>(quadratic_tile_size(plan_.shape_over(iterations), dimensions_));
  if (tile > most_tile_size)
    throw InputError(
        fmt::format("episode.iterations × dimensions = {} × {}: 16 episodes would take {:.1f} GiB; at most 8 GiB are "
                    "addressed",
                    iterations, dimensions_, tile * sizeof(float) / 0x1p30));
  const double needed = tile * sizeof(float) * threads_;
  const double available = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (needed > available)
    throw InputError(
        fmt::format("the sizes of this configuration need {:.2f} GiB on {} threads; there are {:.2f} GiB. Fewer "
                    "episode.iterations, dimensions, a narrower networks.rim or fewer engine.threads need less",
                    needed / 0x1p30, threads_, available / 0x1p30));
}

QuadraticSettings<float> QuadraticEngine::settings(const Episodes& episodes, const std::vector<float>& iteration_weight,
                                                   const float* weights) const {
  const Configuration& c = plan_.configuration;
  return {.problems = {.episodes = episodes.count,
                       .fixed = static_cast<std::uint32_t>(episodes.problems),
                       .seed = episodes.seed,
                       .least = 1,
                       .most = 1,
                       .above = nullptr,
                       .count_input = &no_count},
          .dimensions = dimensions_,
          .shape = plan_.shape_over(static_cast<int>(iteration_weight.size())),
          .layout = plan_.layout,
          .weights = weights,
          .iteration_weight = iteration_weight.data(),
          .weights_kind = c.training.weights,
          .update = {c.networks.rim.update, c.networks.rim.bound}};
}

QuadraticTile<float> QuadraticEngine::tile_of(Worker& worker, const Shape& shape, int number) const {
  const auto size = static_cast<std::size_t>(quadratic_tile_size(shape, dimensions_));
  if (worker.memory.size() < size) worker.memory.resize(size);
  Carver<float> carver(worker.memory.data());
  QuadraticTile<float> tile = carve_quadratic_tile(shape, dimensions_, carver);
  tile.input = &worker.input;
  tile.number = number;
  return tile;
}

void QuadraticEngine::each(int count, const std::function<void(int)>& body) {
  arena_.execute([&] { tbb::parallel_for(0, count, body); });
}

void QuadraticEngine::rollout(const Episodes& episodes, int iterations, std::span<const float> weights,
                              const QuadraticSink& sink) {
  const std::vector<float> iteration_weight =
      iteration_weights<float>(plan_.configuration.training.weights, iterations);
  const QuadraticSettings<float> settings = this->settings(episodes, iteration_weight, weights.data());
  const StepInput step = step_input(episodes);
  each(blocks_of(tile_lanes, episodes.count), [&](int number) {
    if (stop_ && stop_()) throw Abandoned{};
    const QuadraticTile<float> tile = tile_of(workers_.local(), settings.shape, number);
    kernels_.draw_quadratics(settings, step, tile);
    if (!weights.empty()) kernels_.minimise_quadratics(settings, tile);
    const int first = number * tile_lanes;
    sink({tile, first, std::min(tile_lanes, episodes.count - first)});
  });
}

void QuadraticEngine::draw(const Episodes& episodes, const QuadraticSink& sink) { rollout(episodes, 1, {}, sink); }

Optimizer<float> QuadraticEngine::add_gradients(const Episodes& episodes, std::span<const float> weights,
                                                const std::function<void(const QuadraticTile<float>&)>& finish) {
  const QuadraticSettings<float> settings = this->settings(episodes, plan_.iteration_weights, weights.data());
  const StepInput step = step_input(episodes);
  const int tiles = blocks_of(tile_lanes, episodes.count);
  const GradientSums sums = gradient_sums(plan_.layout, tiles);
  partials_.assign(static_cast<std::size_t>(sums.all()), 0.0F);
  each(sums.count, [&](int p) {
    for (int number = p; number < tiles; number += gradient_partials) {
      if (stop_ && stop_()) throw Abandoned{};
      const QuadraticTile<float> tile = tile_of(workers_.local(), settings.shape, number);
      kernels_.draw_quadratics(settings, step, tile);
      kernels_.minimise_quadratics(settings, tile);
      kernels_.quadratic_gradient(settings, tile, partials_.data() + sums.rest(p));
      finish(tile);
    }
  });
  Optimizer<float> optimizer{};
  optimizer.groups = sums.size / tile_lanes;
  squares_.resize(static_cast<std::size_t>(optimizer.groups));
  optimizer.partials[1] = {partials_.data(), sums.count, 0, optimizer.groups};
  optimizer.squares = squares_.data();
  return optimizer;
}

std::vector<float> QuadraticEngine::differentiate(const Episodes& episodes, std::span<const float> weights) {
  kernels_.sum_partials(add_gradients(episodes, weights, [](const QuadraticTile<float>&) {}));
  return {partials_.begin(), partials_.begin() + plan_.layout.size};
}

Validation QuadraticEngine::validate(const Episodes& episodes, std::span<const float> weights) {
  std::vector<double> losses(static_cast<std::size_t>(episodes.count)), final_losses(losses.size());
  const int T = plan_.shape.T;
  rollout(episodes, T, weights, [&](const FinishedQuadratics& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane) {
      const auto b = static_cast<std::size_t>(finished.first + lane);
      losses[b] = finished.tile.episode_loss[lane];
      final_losses[b] = finished.tile.loss[T * tile_lanes + lane];
    }
  });
  Validation mean{0, 0};
  for (std::size_t b = 0; b < losses.size(); ++b) {
    mean.loss += losses[b] / episodes.count;
    mean.error += final_losses[b] / episodes.count;
  }
  return mean;
}

void QuadraticEngine::begin(TrainingState state) {
  state_ = std::move(state);
  finished_.clear();
}

void QuadraticEngine::submit(std::span<const MetaStep> steps) {
  std::vector<StepOutput> outputs;
  for (const MetaStep& step : steps) outputs.push_back(this->step(step));
  finished_.push_back(std::move(outputs));
}

std::vector<StepOutput> QuadraticEngine::collect() {
  std::vector<StepOutput> outputs = std::move(finished_.front());
  finished_.pop_front();
  return outputs;
}

StepOutput QuadraticEngine::step(const MetaStep& step) {
  const Configuration::Training& training = plan_.configuration.training;
  const Episodes episodes{.phase = Phase::training,
                          .step = step.number,
                          .count = training.meta_batch,
                          .problems = training.problems,
                          .seed = plan_.configuration.engine.seed};
  const auto lanes = static_cast<std::size_t>(blocks_of(tile_lanes, episodes.count) * tile_lanes);
  losses_.assign(lanes, 0.0F);
  nothing_.assign(lanes, 0);
  const Optimizer<float> optimizer = add_gradients(episodes, state_.weights, [&](const QuadraticTile<float>& tile) {
    for (int lane = 0; lane < tile_lanes; ++lane)
      if (tile.input->weight[lane] > 0)
        losses_[static_cast<std::size_t>(tile.number * tile_lanes + lane)] = tile.episode_loss[lane];
  });
  return update_on_host(kernels_, optimizer, {episodes.count, training.clip_norm, training.ema},
                        static_cast<float>(step.rate),
                        {.loss = losses_.data(),
                         .clamped = nothing_.data(),
                         .left_out = nothing_.data(),
                         .loss_sums = nullptr,
                         .clamped_sums = nullptr,
                         .left_out_sums = nullptr},
                        state_);
}

}  // namespace alfi
