#include "src/engine/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "alfi/error.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/engine/encoder_choice.hpp"
#include "src/engine/failures.hpp"
#include "src/engine/processors.hpp"
#include "src/model/iteration_weights.hpp"
#include "src/model/standardise.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {

Engine::Engine(const Plan& plan, Normalisation normalisation)
    : Engine(plan, std::move(normalisation), make_processor(plan)) {}

Engine::Engine(const Plan& plan, Normalisation normalisation, std::unique_ptr<Processor> processor)
    : plan_(plan), normalisation_(std::move(normalisation)), processor_(std::move(processor)) {
  plan_.require_simulator();
  for (const int iterations : {plan_.shape.T, plan_.configuration.evaluation.iterations})
    if (iterations > 0) require_room(iterations);
}

void Engine::stop_when(std::function<bool()> stop) {
  // A device that calls the simulator could not undo the step that it is in.
  if (processor_->backend() == Backend::cpu) {
    const int number = plan_.number;
    simulator_stop_ = {nullptr, [number](const void*) { stop_simulator_when(number, {}); }};
    stop_simulator_when(number, stop);
  }
  processor_->stop_when(std::move(stop));
}

void Engine::require_room(int iterations) const {
  const Configuration& c = plan_.configuration;
  const Shape shape = plan_.shape_over(iterations);
  const double tile = static_cast<double>(tile_size(shape));
  if (tile > most_tile_size)
    throw InputError(fmt::format(
        "episode.iterations × thetas × observations = {} × {} × {}, real_observations = {}: 16 episodes would take "
        "{:.1f} GiB; at most 8 GiB are addressed",
        iterations, c.episode.thetas, c.episode.observations, c.episode.real_observations.max,
        tile * sizeof(float) / 0x1p30));
  const Room room = processor_->room(shape, c.training.meta_batch);
  if (room.needed > room.available)
    throw InputError(
        fmt::format("the sizes of this configuration need {:.2f} GiB on {}, {} threads; there are {:.2f} GiB. Fewer "
                    "episode.iterations, thetas, observations, real_observations, narrower networks or fewer "
                    "engine.threads need less",
                    room.needed / 0x1p30, processor_->name(), processor_->threads(), room.available / 0x1p30));
}

EpisodeSettings<float> Engine::settings(const Shape& shape, const Episodes& episodes, Loss loss, const float* weights,
                                        const std::vector<float>& iteration_weight, Encoder encoder) const {
  const Configuration& c = plan_.configuration;
  const double log_sigma = std::log(c.proposal.sigma);
  return {.simulator = plan_.number,
          .host_simulator = host_simulator(plan_.number),
          .parameters = plan_.parameters.data(),
          .may_fail = may_fail(plan_.number),
          .problems = {.episodes = episodes.count,
                       .fixed = static_cast<std::uint32_t>(episodes.problems),
                       .seed = episodes.seed,
                       .least = c.episode.real_observations.min,
                       .most = c.episode.real_observations.max,
                       .above = plan_.counts.above.data(),
                       .count_input = plan_.counts.input.data(),
                       .replicates = static_cast<std::uint32_t>(episodes.replicates)},
          .shape = shape,
          .layout = plan_.layout,
          .weights = weights,
          .iteration_weight = iteration_weight.data(),
          .units = {c.simulator.transform, normalisation_.mean.data(), normalisation_.scale.data()},
          .weights_kind = c.training.weights,
          .start = c.proposal.start,
          .start_log_sigma = log_sigma,
          .loss = {loss, c.proposal.family, log_sigma},
          .update = {c.networks.rim.update, c.networks.rim.bound},
          .encoder = encoder};
}

Episodes Engine::training_episodes(std::uint64_t step) const {
  const Configuration::Training& training = plan_.configuration.training;
  return {.phase = Phase::training,
          .step = step,
          .count = training.meta_batch,
          .problems = training.problems,
          .seed = plan_.configuration.engine.seed};
}

void Engine::begin(TrainingState state) {
  const Configuration::Training& training = plan_.configuration.training;
  const Encoder encoder = choose_encoder(plan_, plan_.shape, training.meta_batch, RealSource::simulated);
  processor_->begin({.settings = settings(plan_.shape, training_episodes(0), training.loss, nullptr,
                                          plan_.iteration_weights, encoder),
                     .episodes = training.meta_batch,
                     .clip_norm = training.clip_norm,
                     .average_decay = training.ema},
                    std::move(state));
}

void Engine::submit(std::span<const MetaStep> steps) {
  std::vector<TrainingStep> inputs;
  for (const MetaStep& step : steps)
    inputs.push_back({step_input(training_episodes(step.number), step.beta), static_cast<float>(step.rate)});
  processor_->submit(inputs);
}

void Engine::forward(const Shape& shape, const Episodes& episodes, std::span<const float> weights, Draws draws,
                     const std::function<void(const Tile<float>&)>& fill, const TileSink& sink) {
  const Configuration::Training& training = plan_.configuration.training;
  const std::vector<float> iteration_weight = iteration_weights<float>(training.weights, shape.T);
  const Encoder encoder = choose_encoder(plan_, shape, episodes.count, RealSource::simulated);
  const StepInput step = step_input(episodes);
  processor_->rollout(
      {.settings = settings(shape, episodes, plain(training.loss), weights.data(), iteration_weight, encoder),
       .steps = {&step, 1},
       .draws = draws,
       .episodes = episodes.count,
       .fill = fill,
       .sink = sink});
}

void Engine::rollout(const Episodes& episodes, int iterations, std::span<const float> weights, const TileSink& sink) {
  forward(plan_.shape_over(iterations), episodes, weights, {.problem = true, .start = true, .proposals = true}, {},
          sink);
}

void Engine::rollout_from(std::span<const float> start, const Episodes& episodes, int iterations,
                          std::span<const float> weights, const TileSink& sink) {
  const auto fill = [&](const Tile<float>& tile) {
    for (std::size_t p = 0; p < start.size(); ++p) std::fill_n(tile.psi + p * tile_lanes, tile_lanes, start[p]);
  };
  forward(plan_.shape_over(iterations), episodes, weights, {.problem = true, .start = false, .proposals = true}, fill,
          sink);
}

Validation Engine::validate(const Episodes& episodes, std::span<const float> weights) {
  std::vector<double> losses(static_cast<std::size_t>(episodes.count)), errors(losses.size());
  const int T = plan_.shape.T, D = plan_.shape.D, P = plan_.shape.P();
  rollout(episodes, T, weights, [&](const FinishedTile& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane) {
      double squares = 0;
      for (int d = 0; d < D; ++d) {
        const double distance =
            finished.tile.truth[d * tile_lanes + lane] - finished.tile.psi[(T * P + d) * tile_lanes + lane];
        squares += distance * distance;
      }
      const auto b = static_cast<std::size_t>(finished.first + lane);
      losses[b] = finished.tile.episode_loss[lane];
      errors[b] = std::sqrt(squares);
    }
  });
  Validation mean{0, 0};
  for (std::size_t b = 0; b < losses.size(); ++b) {
    mean.loss += losses[b] / episodes.count;
    mean.error += errors[b] / episodes.count;
  }
  return mean;
}

void Engine::refuse_failures(std::span<const float> weights) {
  // On the host, which hands over all of a tile.
  Engine engine(plan_, normalisation_, std::make_unique<HostProcessor>(plan_.configuration.engine.threads));
  const Shape& shape = plan_.shape;
  Failures failures(plan_.simulator.parameters);
  const Episodes few{
      .phase = Phase::validation, .step = 0, .count = 4 * tile_lanes, .seed = plan_.configuration.engine.seed};
  engine.rollout(few, shape.T, weights, [&](const FinishedTile& finished) {
    for (int i = 0; i < shape.T * shape.M; ++i)
      for (int lane = 0; lane < finished.episodes; ++lane) {
        std::vector<double> theta;
        for (int d = 0; d < shape.D; ++d)
          theta.push_back(static_cast<double>(finished.tile.theta[(i * shape.D + d) * tile_lanes + lane]));
        failures.add(theta, shape.N - static_cast<int>(finished.tile.count[i * tile_lanes + lane]), shape.N);
      }
  });
  failures.refuse_most("at the proposals");
}

void Engine::draw_problems(const Episodes& episodes, Transform transform, const TileSink& sink) {
  const Shape shape = plan_.shape_over(1);
  EpisodeSettings<float> settings =
      this->settings(shape, episodes, Loss::normal, nullptr, plan_.iteration_weights, Encoder::dense);
  const std::vector<float> zeros(static_cast<std::size_t>(shape.X), 0.0F),
      ones(static_cast<std::size_t>(shape.X), 1.0F);
  settings.units = {transform, zeros.data(), ones.data()};
  const StepInput step = step_input(episodes);
  processor_->draw_problems({.settings = settings,
                             .steps = {&step, 1},
                             .draws = {.problem = true, .start = false, .proposals = false},
                             .episodes = episodes.count,
                             .fill = {},
                             .sink = sink});
}

void Engine::fill_given(const GivenProblem& problem, const Tile<float>& tile, int first, int last) const {
  const Configuration& c = plan_.configuration;
  const int D = plan_.shape.D, X = plan_.shape.X;
  const std::vector<float> x = standardise(problem.x, c.simulator.transform, normalisation_);
  TileInput<float>& input = *tile.input;
  for (int lane = first; lane < last; ++lane) {
    input.episode[lane] = static_cast<std::uint32_t>(lane);
    input.count[lane] = static_cast<float>(problem.count);
    input.count_input[lane] = count_input(c.episode.real_observations, problem.count);
    for (int d = 0; d < D; ++d) tile.truth[d * tile_lanes + lane] = 0;
  }
  for (int r = 0; r < input.real_rows; ++r)  // those beyond the problem's do not count
    for (int k = 0; k < X; ++k)
      std::fill(tile.real.at(k, r * tile_lanes + first), tile.real.at(k, r * tile_lanes + last),
                r < problem.count ? x[static_cast<std::size_t>(r * X + k)] : 0.0F);
}

void Engine::infer(std::span<const GivenProblem> problems, int replicates, int iterations,
                   std::span<const float> weights,
                   const std::function<void(std::size_t problem, const FinishedTile&)>& sink) {
  const Configuration::Training& training = plan_.configuration.training;
  const std::vector<float> iteration_weight = iteration_weights<float>(training.weights, iterations);
  Shape shape = plan_.shape_over(iterations);
  // Bits depend on the encoder, and may not on the other problems: it is chosen as for each problem alone.
  std::map<Encoder, std::vector<std::size_t>> by_encoder;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    shape.R = problems[i].count;
    by_encoder[choose_encoder(plan_, shape, replicates, RealSource::given)].push_back(i);
  }
  for (const auto& group : by_encoder) {
    const Encoder encoder = group.first;
    const std::vector<std::size_t>& members = group.second;
    const auto problem_of = [&](const Tile<float>& tile) { return members[static_cast<std::size_t>(tile.number)]; };
    const int episodes = static_cast<int>(members.size()) * tile_lanes;
    std::vector<StepInput> steps;
    shape.R = 0;
    for (const std::size_t i : members) {
      shape.R = std::max(shape.R, problems[i].count);
      steps.push_back(
          step_input({.phase = Phase::inference, .step = 0, .count = replicates, .seed = problems[i].seed}));
    }
    processor_->rollout({.settings = settings(shape, {.phase = Phase::inference, .step = 0, .count = episodes},
                                              plain(training.loss), weights.data(), iteration_weight, encoder),
                         .steps = steps,
                         .draws = {.problem = false, .start = true, .proposals = true},
                         .episodes = episodes,
                         .fill =
                             [&](const Tile<float>& tile) {
                               const GivenProblem& problem = problems[problem_of(tile)];
                               *tile.input = {};
                               tile.input->real_rows = problem.count;
                               fill_given(problem, tile, 0, tile_lanes);
                             },
                         .sink =
                             [&](const FinishedTile& finished) {
                               sink(problem_of(finished.tile), {finished.tile, 0, replicates});
                             }});
  }
}

std::vector<float> Engine::encode(Shape shape, const Episodes& episodes, Draws draws,
                                  const std::function<void(const Tile<float>&)>& fill, std::span<const float> weights) {
  shape.T = 0;
  const std::size_t CP = static_cast<std::size_t>(shape.CP());
  std::vector<float> codes(static_cast<std::size_t>(episodes.count) * CP);
  const StepInput step = step_input(episodes);
  processor_->rollout({.settings = settings(shape, episodes, Loss::normal, weights.data(), {}, Encoder::dense),
                       .steps = {&step, 1},
                       .draws = draws,
                       .episodes = episodes.count,
                       .fill = fill,
                       .sink = [&](const FinishedTile& finished) {
                         for (int lane = 0; lane < finished.episodes; ++lane)
                           for (std::size_t c = 0; c < CP; ++c)
                             codes[static_cast<std::size_t>(finished.first + lane) * CP + c] =
                                 finished.tile.real_code[c * tile_lanes + static_cast<std::size_t>(lane)];
                       }});
  return codes;
}

std::vector<float> Engine::encode(const Episodes& episodes, std::span<const float> weights) {
  return encode(plan_.shape, episodes, {.problem = true, .start = false, .proposals = false}, {}, weights);
}

std::vector<float> Engine::encode(std::span<const GivenProblem> problems, std::span<const float> weights) {
  Shape shape = plan_.shape;
  shape.R = std::ranges::max(problems, {}, &GivenProblem::count).count;
  const auto fill = [&](const Tile<float>& tile) {
    const std::size_t first = static_cast<std::size_t>(tile.number) * tile_lanes;
    const std::span<const GivenProblem> own =
        problems.subspan(first, std::min<std::size_t>(tile_lanes, problems.size() - first));
    *tile.input = {};
    tile.input->real_rows = std::ranges::max(own, {}, &GivenProblem::count).count;
    for (int lane = 0; lane < tile_lanes; ++lane)  // those without a problem repeat the last
      fill_given(own[std::min(static_cast<std::size_t>(lane), own.size() - 1)], tile, lane, lane + 1);
  };
  return encode(shape, {.phase = Phase::inference, .step = 0, .count = static_cast<int>(problems.size())},
                {.problem = false, .start = false, .proposals = false}, fill, weights);
}

CountedObservations count_observations(const Shape& shape, const Tile<float>& tile, int episodes) {
  CountedObservations counted{0, 0};
  for (int lane = 0; lane < episodes; ++lane) {
    const TileInput<float>& input = *tile.input;
    counted.left_out += static_cast<std::int64_t>(input.left_out[lane]);
    counted.all += static_cast<std::int64_t>(input.count[lane] + input.left_out[lane]);
    for (int i = 0; i < shape.T * shape.M; ++i)
      counted.left_out += shape.N - static_cast<std::int64_t>(tile.count[i * tile_lanes + lane]);
  }
  counted.all += std::int64_t{episodes} * shape.T * shape.M * shape.N;
  return counted;
}

std::int64_t clamped_draws(const Shape& shape, const Tile<float>& tile, int episodes) {
  std::int64_t count = 0;
  for (int i = 0; i < shape.T * shape.M; ++i)
    for (int lane = 0; lane < episodes; ++lane) count += tile.clamped[i * tile_lanes + lane] != 0.0F ? 1 : 0;
  return count;
}

Normalisation pilot_normalisation(const Plan& plan, SampleStatistics& statistics, std::function<bool()> stop) {
  // 4096 draws of the prior with 64 observations each; the seed is fixed so that a configuration has one normalisation.
  constexpr int problems = 4096, observations = 64;
  constexpr std::uint64_t pilot_seed = 0x616C6669;
  Configuration pilot = plan.configuration;
  pilot.episode.real_observations = {observations, observations};
  const int X = plan.shape.X;
  const Normalisation identity{std::vector<float>(static_cast<std::size_t>(X), 0.0F),
                               std::vector<float>(static_cast<std::size_t>(X), 1.0F)};
  Engine engine(pilot, identity, std::make_unique<HostProcessor>(pilot.engine.threads, waiting_threads(plan.number)));
  engine.stop_when(std::move(stop));
  std::vector<float> x(static_cast<std::size_t>(problems * observations * X));  // (observations of all tiles, X)
  Failures failures(plan.simulator.parameters);
  engine.draw_problems({.phase = Phase::simulation, .step = 0, .count = problems, .seed = pilot_seed},
                       pilot.simulator.transform, [&](const FinishedTile& finished) {
                         float* const rows = x.data() + finished.first * observations * X;
                         for (int row = 0; row < observations * tile_lanes; ++row) {
                           const int observation = row / tile_lanes;
                           const bool counts =
                               static_cast<float>(observation) < finished.tile.input->count[row % tile_lanes];
                           for (int k = 0; k < X; ++k)
                             rows[row * X + k] = counts ? *finished.tile.real.at(k, row) : std::nanf("");
                         }
                         for (int lane = 0; lane < finished.episodes; ++lane)
                           failures.add(truth_of(finished.tile, plan.shape.D, lane),
                                        static_cast<int>(finished.tile.input->left_out[lane]), observations);
                       });
  failures.refuse_most("at draws of the prior");
  keep_numbers(x, X);
  Normalisation normalisation;
  for (const Moments& moments : statistics.moments(x, X)) {
    normalisation.mean.push_back(static_cast<float>(moments.mean));
    normalisation.scale.push_back(static_cast<float>(1 / std::sqrt(moments.squares / (moments.count - 1))));
  }
  return normalisation;
}

}  // namespace alfi
