#include "src/host_engine.hpp"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <thread>

#include "alfi/error.hpp"
#include "src/instruction_set.hpp"
#include "src/iteration_weights.hpp"
#include "src/simulators.hpp"

namespace alfi {

TrainingState initial_state(const Layout& layout, std::uint64_t seed) {
  TrainingState state;
  state.weights = state.average = initial_weights(layout, seed);
  state.first_moment.assign(state.weights.size(), 0.0F);
  state.second_moment.assign(state.weights.size(), 0.0F);
  return state;
}

void HostEngine::Worker::prepare(const Shape& shape) {
  const auto fit = [&shape](std::vector<float>& memory, auto carve) {
    Carver<float> counting(nullptr);
    carve(shape, counting);
    const auto size = static_cast<std::size_t>(counting.used());
    if (memory.size() < size) memory.resize(size);
    Carver<float> carver(memory.data());
    return carve(shape, carver);
  };
  tile = fit(memory, carve_tile<float>);
  block = fit(block_memory, carve_block<float>);
  tile.input = &input;
}

namespace {

Loss plain(Loss loss) { return loss == Loss::beta_normal ? Loss::normal : loss; }

StepInput step_input(const Episodes& episodes, double beta) {
  const auto key = [&episodes](Purpose purpose, std::uint64_t step) {
    return stream_key(episodes.seed, episodes.phase, purpose, step);
  };
  // Fixed problems are the same at every step.
  const std::uint64_t step = episodes.step, problem = episodes.problems > 0 ? 0 : step;
  return {{key(Purpose::truth, problem), key(Purpose::real_count, problem), key(Purpose::real_set, problem),
           key(Purpose::start, step), key(Purpose::propose, step), key(Purpose::observe, step)},
          step * static_cast<std::uint64_t>(episodes.count),
          beta};
}

int tile_count(int episodes) { return (episodes + tile_lanes - 1) / tile_lanes; }

/// Of the update after so many.
UpdateFactors update_factors(std::int64_t updates, double ema) {
  const auto k = static_cast<double>(updates + 1);
  // Early on the average looks back only over the steps there have been, so that it soon forgets the initial weights.
  const double decay = std::min(ema, k / (k + 9));
  return {static_cast<float>(1 / (1 - std::pow(adam_beta1, k))), static_cast<float>(1 / (1 - std::pow(adam_beta2, k))),
          static_cast<float>(decay)};
}

double tile_floats(const Shape& shape) {
  Carver<float> counting(nullptr);
  carve_tile(shape, counting);
  return static_cast<double>(counting.used());
}

int thread_count(int configured) {
  return configured > 0 ? configured : std::max(1, tbb::this_task_arena::max_concurrency());
}

void check_memory(const Configuration& configuration, int threads) {
  for (const int iterations : {configuration.episode.iterations, configuration.evaluation.iterations})
    if (iterations > 0 && tile_floats(shape_of(configuration, iterations)) > std::numeric_limits<std::int32_t>::max())
      throw InputError(fmt::format(
          "episode.iterations × thetas × observations = {} × {} × {}, real_observations = {}: 16 episodes would take "
          "{:.1f} GiB; at most 8 GiB are addressed",
          iterations, configuration.episode.thetas, configuration.episode.observations,
          configuration.episode.real_observations.max, tile_floats(shape_of(configuration, iterations)) * 4 / 0x1p30));
  const double needed = static_cast<double>(engine_bytes(configuration, threads));
  const double available = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (needed > available)
    throw InputError(
        fmt::format("the sizes of this configuration need {:.2f} GiB on {} threads; this machine has {:.2f} GiB. Fewer "
                    "episode.iterations, thetas, observations, real_observations, narrower networks or fewer "
                    "engine.threads need less",
                    needed / 0x1p30, threads, available / 0x1p30));
}

}  // namespace

void require_built(const Configuration::Engine& engine) {
  if (engine.backend == Backend::cuda)
    throw RunError("engine.backend = cuda was not built; auto and cpu run on the processor");
  if (engine.precision != Precision::fp32)
    throw RunError("engine.precision = tf32x3 and bf16 were not built; fp32 is there");
  if (engine.encoder == Encoder::table || engine.encoder == Encoder::segments)
    throw RunError("engine.encoder = table and segments were not built; auto and dense are there");
}

std::size_t engine_bytes(const Configuration& configuration, int threads) {
  const int iterations = std::max(configuration.episode.iterations, configuration.evaluation.iterations);
  const Shape shape = shape_of(configuration, iterations);
  Carver<float> block(nullptr);
  carve_block(shape, block);
  const Layout layout = make_layout(shape);
  const int tiles = tile_count(configuration.training.meta_batch), partials = std::min(tiles, gradient_partials);
  const double floats = threads * (tile_floats(shape) + static_cast<double>(block.used())) +
                        static_cast<double>(partials + 8) * layout.size +
                        static_cast<double>(partials) * gradient_pieces(tiles) * layout.encoder_size();
  return static_cast<std::size_t>(floats * sizeof(float));
}

HostEngine::HostEngine(const Configuration& configuration, Normalisation normalisation)
    : configuration_(configuration),
      normalisation_(std::move(normalisation)),
      layout_(make_layout(shape_of(configuration, configuration.episode.iterations))),
      counts_(real_counts(configuration)),
      simulator_(simulator_number(configuration.simulator.name)),
      kernels_(host_kernels()),
      threads_(thread_count(configuration.engine.threads)),
      arena_(threads_) {
  check_memory(configuration, threads_);
}

EpisodeSettings<float> HostEngine::settings(const Shape& shape, const Episodes& episodes, Loss loss,
                                            const float* weights, const std::vector<float>& iteration_weight) const {
  const Configuration& c = configuration_;
  const double log_sigma = std::log(c.proposal.sigma);
  return {
      simulator_,
      {episodes.count, static_cast<std::uint32_t>(episodes.problems), episodes.seed, c.episode.real_observations.min,
       c.episode.real_observations.max, counts_.above.data(), counts_.input.data()},
      shape,
      layout_,
      weights,
      iteration_weight.data(),
      {c.simulator.transform, normalisation_.mean.data(), normalisation_.scale.data()},
      c.training.weights,
      c.proposal.start,
      log_sigma,
      {loss, c.proposal.family, log_sigma},
      {c.networks.rim.update, c.networks.rim.bound}};
}

StepResult HostEngine::train(const Episodes& episodes, double rate, double beta, TrainingState& state) {
  const Shape shape = shape_of(configuration_, configuration_.episode.iterations);
  const StepInput step = step_input(episodes, beta);
  std::vector<float> iteration_weight;
  for (const double w : iteration_weights(configuration_.training.weights, shape.T))
    iteration_weight.push_back(static_cast<float>(w));
  const EpisodeSettings<float> settings =
      this->settings(shape, episodes, configuration_.training.loss, state.weights.data(), iteration_weight);

  const int tiles = tile_count(episodes.count), pieces = gradient_pieces(tiles);
  const int partial_count = std::min(tiles, gradient_partials);
  const int encoder_size = layout_.encoder_size(), others_size = layout_.size - encoder_size;
  const auto resize = [](auto& array, std::int64_t size) { array.resize(static_cast<std::size_t>(size)); };
  resize(partials_, std::int64_t{partial_count} * (pieces * encoder_size + others_size));
  float* const encoder_partials = partials_.data();
  float* const other_partials = encoder_partials + std::ptrdiff_t{partial_count} * pieces * encoder_size;
  resize(squares_, layout_.size / tile_lanes);
  resize(losses_, std::int64_t{tiles} * tile_lanes);
  resize(clamped_, std::int64_t{tiles} * tile_lanes);
  double lane_loss[tile_lanes];
  std::int64_t lane_clamped[tile_lanes];
  const BatchReport<float> report{losses_.data(), clamped_.data(), lane_loss, lane_clamped};

  arena_.execute([&] {
    tbb::parallel_for(0, partial_count, [&](int p) {
      float* const encoder_gradient = encoder_partials + std::ptrdiff_t{p} * pieces * encoder_size;
      float* const gradient = other_partials + std::ptrdiff_t{p} * others_size;
      std::fill_n(encoder_gradient, std::ptrdiff_t{pieces} * encoder_size, 0.0F);
      std::fill_n(gradient, others_size, 0.0F);
      Worker& worker = workers_.local();
      worker.prepare(shape);
      for (int i = p; i < tiles; i += gradient_partials) {
        worker.tile.number = i;
        kernels_.rollout(settings, step, Draws{true, true, true}, worker.tile, worker.block);
        kernels_.rollout_gradient(settings, step, worker.tile, worker.block, gradient - encoder_size);
        for (int piece = 0; piece < pieces; ++piece)
          kernels_.bulk_gradient(settings, worker.tile, worker.block, piece, pieces,
                                 encoder_gradient + std::ptrdiff_t{piece} * encoder_size);
        kernels_.report(shape, worker.tile, report);
      }
    });
  });

  UpdateCounts counts{state.updates, state.skipped};
  const UpdateFactors factors = update_factors(state.updates, configuration_.training.ema);
  float norm = 0;
  StepOutput output{};
  const int encoder_groups = encoder_size / tile_lanes, groups = layout_.size / tile_lanes;
  kernels_.update({groups,
                   state.weights.data(),
                   state.first_moment.data(),
                   state.second_moment.data(),
                   state.average.data(),
                   {{encoder_partials, partial_count * pieces, 0, encoder_groups},
                    {other_partials, partial_count, encoder_groups, groups - encoder_groups}},
                   squares_.data(),
                   &norm,
                   &counts,
                   &factors,
                   state.updates,
                   static_cast<float>(configuration_.training.clip_norm)},
                  static_cast<float>(rate), report, episodes.count, output);
  const bool applied = counts.applied > state.updates;
  state.updates = counts.applied;
  state.skipped = counts.skipped;
  return {output.loss, output.gradient_norm, applied, output.clamped};
}

void HostEngine::rollout(const Episodes& episodes, int iterations, std::span<const float> weights,
                         const std::function<void(const FinishedTile&)>& sink) {
  const Shape shape = shape_of(configuration_, iterations);
  const StepInput step = step_input(episodes, 0);
  std::vector<float> iteration_weight;
  for (const double w : iteration_weights(configuration_.training.weights, shape.T))
    iteration_weight.push_back(static_cast<float>(w));
  const EpisodeSettings<float> settings =
      this->settings(shape, episodes, plain(configuration_.training.loss), weights.data(), iteration_weight);
  each_tile(
      episodes, shape,
      [&](Worker& worker) {
        kernels_.rollout(settings, step, Draws{true, true, true}, worker.tile, worker.block);
      },
      sink);
}

void HostEngine::draw_problems(const Episodes& episodes, Transform transform,
                               const std::function<void(const FinishedTile&)>& sink) {
  const Shape shape = shape_of(configuration_, 1);
  const StepInput step = step_input(episodes, 0);
  EpisodeSettings<float> settings = this->settings(shape, episodes, Loss::normal, nullptr, {});
  const std::vector<float> zeros(static_cast<std::size_t>(shape.X), 0.0F),
      ones(static_cast<std::size_t>(shape.X), 1.0F);
  settings.units = {transform, zeros.data(), ones.data()};
  each_tile(
      episodes, shape, [&](Worker& worker) { kernels_.draw_problem(settings, step, worker.tile); }, sink);
}

void HostEngine::infer(const GivenProblem& problem, int iterations, std::span<const float> weights, std::uint64_t seed,
                       const std::function<void(const FinishedTile&)>& sink) {
  Shape shape = shape_of(configuration_, iterations);
  shape.R = problem.count;
  const Episodes episode{Phase::inference, 0, 1, 0, seed};
  std::vector<float> iteration_weight(static_cast<std::size_t>(iterations), 0.0F);
  const EpisodeSettings<float> settings =
      this->settings(shape, episode, plain(configuration_.training.loss), weights.data(), iteration_weight);
  Worker worker;
  worker.prepare(shape);
  TileInput<float>& input = *worker.tile.input;
  input = {};
  input.real_rows = problem.count;
  for (int lane = 0; lane < tile_lanes; ++lane) {
    input.count[lane] = static_cast<float>(problem.count);
    input.count_input[lane] = count_input(configuration_, problem.count);
    for (int d = 0; d < shape.D; ++d) worker.tile.truth[d * tile_lanes + lane] = 0.0F;
    for (int r = 0; r < problem.count; ++r)
      for (int k = 0; k < shape.X; ++k)
        *worker.tile.real.at(k, r * tile_lanes + lane) = problem.x[static_cast<std::size_t>(r * shape.X + k)];
  }
  kernels_.rollout(settings, step_input(episode, 0), Draws{false, true, true}, worker.tile, worker.block);
  sink({worker.tile, 0, 1});
}

void HostEngine::each_tile(const Episodes& episodes, const Shape& shape, const std::function<void(Worker&)>& body,
                           const std::function<void(const FinishedTile&)>& sink) {
  arena_.execute([&] {
    tbb::parallel_for(0, tile_count(episodes.count), [&](int i) {
      Worker& worker = workers_.local();
      worker.prepare(shape);
      const int first = i * tile_lanes;
      worker.tile.number = i;
      body(worker);
      sink({worker.tile, first, std::min(tile_lanes, episodes.count - first)});
    });
  });
}

void HostEngine::on_all_threads(const std::function<void()>& body) {
  std::vector<std::jthread> others;
  for (int i = 1; i < threads_; ++i) others.emplace_back(body);
  body();
}

std::int64_t clamped_draws(const Shape& shape, const Tile<float>& tile, int episodes) {
  std::int64_t count = 0;
  for (int i = 0; i < shape.T * shape.M; ++i)
    for (int lane = 0; lane < episodes; ++lane) count += tile.clamped[i * tile_lanes + lane] != 0.0F ? 1 : 0;
  return count;
}

Normalisation pilot_normalisation(const Configuration& configuration) {
  // 4096 draws of the prior with 64 observations each; the seed is fixed so that a configuration has one normalisation.
  constexpr int problems = 4096, observations = 64;
  constexpr std::uint64_t pilot_seed = 0x616C6669;
  Configuration pilot = configuration;
  pilot.episode.real_observations = {observations, observations};
  const Shape shape = shape_of(pilot, 1);
  const auto X = static_cast<std::size_t>(shape.X);
  Normalisation identity{std::vector<float>(X, 0.0F), std::vector<float>(X, 1.0F)};
  HostEngine engine(pilot, identity);
  std::vector<std::vector<double>> sums(problems / tile_lanes, std::vector<double>(2 * X, 0.0));
  engine.draw_problems({Phase::simulation, 0, problems, 0, pilot_seed}, pilot.simulator.transform,
                       [&](const FinishedTile& finished) {
                         std::vector<double>& sum = sums[static_cast<std::size_t>(finished.first / tile_lanes)];
                         for (int k = 0; k < shape.X; ++k)
                           for (int row = 0; row < observations * tile_lanes; ++row) {
                             const double value = *finished.tile.real.at(k, row);
                             sum[static_cast<std::size_t>(2 * k)] += value;
                             sum[static_cast<std::size_t>(2 * k + 1)] += value * value;
                           }
                       });
  Normalisation normalisation;
  const double n = static_cast<double>(problems) * observations;
  for (std::size_t k = 0; k < X; ++k) {
    double total = 0, squares = 0;
    for (const auto& sum : sums) {
      total += sum[2 * k];
      squares += sum[2 * k + 1];
    }
    const double mean = total / n;
    normalisation.mean.push_back(static_cast<float>(mean));
    normalisation.scale.push_back(static_cast<float>(1 / std::sqrt((squares - n * mean * mean) / (n - 1))));
  }
  return normalisation;
}

}  // namespace alfi
