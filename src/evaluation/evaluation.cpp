// All methods answer on the same episodes: the rollout draws them and gives ALFI's answers; then the same problems are
// drawn again, in natural units, for exact inference and the energy distance. A tile at a time, so that no observations
// pile up.
#include "src/evaluation/evaluation.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "alfi/simulators.hpp"
#include "src/engine/engine.hpp"
#include "src/engine/failures.hpp"
#include "src/engine/processors.hpp"
#include "src/evaluation/answers.hpp"
#include "src/evaluation/left_out.hpp"
#include "src/evaluation/regenerated.hpp"
#include "src/evaluation/replicates.hpp"
#include "src/exact/exact.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

constexpr int most_energy_episodes = 500;

class Progress {
 public:
  Progress(const std::function<void(double)>& report, int all) : report_(report), all_(all) {}

  void add(int episodes) {
    if (!report_) return;
    const std::lock_guard lock(mutex_);
    done_ += episodes;
    report_(static_cast<double>(done_) / static_cast<double>(all_));
  }

 private:
  const std::function<void(double)>& report_;
  std::int64_t done_ = 0, all_;
  std::mutex mutex_;
};

/// Results of ALFI's rollouts, beside their answers.
struct Rollouts {
  std::vector<double> error_by_iteration;  ///< (T + 1) means over the problems
  std::int64_t clamped, left_out, observations, not_finite;
};

Rollouts answer_by_alfi(Engine& engine, std::span<const float> weights, Answers& answers, Progress& progress) {
  const Plan& plan = engine.plan();
  const int count = plan.configuration.evaluation.episodes, T = plan.configuration.evaluation.iterations;
  const Shape shape = plan.shape_over(T);
  const Episodes episodes = evaluation_rollouts(plan, count);
  std::vector<std::vector<double>> tile_errors(static_cast<std::size_t>(blocks_of(tile_lanes, episodes.count)));
  std::atomic<std::int64_t> clamped = 0, left_out = 0, observations = 0, not_finite = 0;
  engine.rollout(episodes, T, weights, [&](const FinishedTile& finished) {
    const TileAnswers tile(plan, finished);
    not_finite += keep_alfi(tile, T, answers);
    auto& errors = tile_errors[static_cast<std::size_t>(finished.first / tile_lanes)];
    errors.assign(static_cast<std::size_t>(T + 1), 0.0);
    for (int i = 0; i < tile.problems(); ++i)
      for (int t = 0; t <= T; ++t) errors[static_cast<std::size_t>(t)] += tile.error(i, t);
    clamped += clamped_draws(shape, finished.tile, finished.episodes);
    const CountedObservations counted = count_observations(shape, finished.tile, finished.episodes);
    left_out += counted.left_out;
    observations += counted.all;
    progress.add(tile.problems());
  });
  Rollouts rollouts{{}, clamped, left_out, observations, not_finite};
  for (std::size_t t = 0; t <= static_cast<std::size_t>(T); ++t) {
    double sum = 0;
    for (const auto& errors : tile_errors) sum += errors[t];
    rollouts.error_by_iteration.push_back(sum / count);
  }
  return rollouts;
}

/// Keeps what is known exactly of every problem; returns the energy distances of the first ones' observations from
/// those simulated at ALFI's answers.
std::vector<double> answer_exactly(Engine& engine, const Normalisation& normalisation, Answers& answers,
                                   LeftOutByTenth& left_out, Progress& progress) {
  const Plan& plan = engine.plan();
  const auto exact = make_exact_inference(plan.simulator);
  const int count = plan.configuration.evaluation.episodes;
  const std::uint64_t seed = plan.configuration.engine.seed;
  std::vector<double> energy(static_cast<std::size_t>(std::min(count, most_energy_episodes)));
  engine.draw_problems({.phase = Phase::evaluation, .step = 0, .count = count, .seed = seed}, Transform::none,
                       [&](const FinishedTile& finished) {
                         for (int lane = 0; lane < finished.episodes; ++lane) {
                           const int b = finished.first + lane;
                           const std::vector<float> x = observations_of(finished.tile, plan.shape.X, lane);
                           left_out.add(truth_of(finished.tile, plan.shape.D, lane), *finished.tile.input, lane);
                           keep_exact(exact && !x.empty() ? exact->infer(x) : Exact{}, plan, b, answers);
                           if (b >= most_energy_episodes) continue;
                           std::vector<double> estimate;
                           for (int d = 0; d < plan.shape.D; ++d) {
                             const ParameterInfo& prior = plan.simulator.parameters[static_cast<std::size_t>(d)];
                             estimate.push_back(natural_of(prior, answers.alfi[answers.at(b, d)]));
                           }
                           // Numbers of their own: the phase `simulation` draws nothing else under a run's seed,
                           // episode by episode.
                           const PhiloxKey key =
                               stream_key(seed, Phase::simulation, Purpose::observe, static_cast<std::uint64_t>(b));
                           energy[static_cast<std::size_t>(b)] = regenerated_distance(
                               engine.processor().statistics(), plan.simulator, plan.configuration.simulator.transform,
                               normalisation, x, estimate, key);
                         }
                         progress.add(finished.episodes);
                       });
  return energy;
}

}  // namespace

Plan configured(const Machine& machine, const EvaluationOptions& options) {
  Configuration configuration = machine.configuration();
  if (options.episodes != 0) configuration.evaluation.episodes = options.episodes;
  configuration.evaluation.iterations = options.iterations != 0 ? options.iterations : machine.default_iterations();
  if (options.threads != 0) configuration.engine.threads = options.threads;
  configuration.engine.backend = options.backend;
  configuration.engine.device = options.device;
  if (options.replicates != 0) configuration.evaluation.replicates = options.replicates;
  configuration.engine.precision = Precision::fp32;  // the reference, on any backend, however it was trained
  validate(configuration);
  return checkpoint_of(machine).plan.with(configuration.engine, configuration.evaluation);
}

Evaluation evaluate(const Machine& machine, const EvaluationOptions& options) {
  const Plan plan = configured(machine, options);
  return evaluate(checkpoint_of(machine), plan, make_processor(plan), options.progress);
}

Evaluation evaluate(const Checkpoint& checkpoint, const Plan& plan, std::unique_ptr<Processor> processor,
                    const std::function<void(double)>& report, Answers* kept) {
  const auto begin = std::chrono::steady_clock::now();
  const Configuration::Evaluation& wanted = plan.configuration.evaluation;
  Engine engine(plan, checkpoint.normalisation, std::move(processor));
  SampleStatistics& statistics = engine.processor().statistics();
  Progress progress(report, 2 * wanted.episodes);
  Answers answers(wanted.episodes, plan.shape.D);
  Rollouts rollouts = answer_by_alfi(engine, checkpoint.state.average, answers, progress);
  LeftOutByTenth left_out(plan.simulator.parameters);
  std::vector<double> energy = answer_exactly(engine, checkpoint.normalisation, answers, left_out, progress);

  Evaluation evaluation{};
  evaluation.simulator = plan.simulator.name;
  for (const ParameterInfo& parameter : plan.simulator.parameters) evaluation.parameters.push_back(parameter.name);
  evaluation.step = checkpoint.step;
  evaluation.episodes = wanted.episodes;
  evaluation.iterations = wanted.iterations;
  evaluation.replicates = wanted.replicates;
  evaluation.not_finite = rollouts.not_finite;
  summarise(statistics, answers, evaluation);
  std::erase_if(energy, [](double distance) { return std::isnan(distance); });  // of too few observations, or no answer
  evaluation.energy_distance = measured_mean(statistics, energy);
  evaluation.energy_distance_episodes = static_cast<int>(energy.size());
  evaluation.error_by_iteration = std::move(rollouts.error_by_iteration);
  evaluation.clamped_draws = rollouts.clamped;
  evaluation.left_out = static_cast<double>(rollouts.left_out) / static_cast<double>(rollouts.observations);
  evaluation.left_out_by_tenth = left_out.by_tenth();
  evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (kept != nullptr) *kept = std::move(answers);
  return evaluation;
}

std::string to_json(const Evaluation& e) {
  using Json = nlohmann::ordered_json;  // what is NaN becomes null
  const auto interval = [](const Measured& m) { return Json{m.lower, m.upper}; };
  const auto values = [](const Compared& c) {
    return Json{{"alfi", c.alfi.value}, {"mle", c.mle.value}, {"posterior", c.posterior.value}};
  };
  Json json{{"simulator", e.simulator},   {"step", e.step},
            {"episodes", e.episodes},     {"iterations", e.iterations},
            {"replicates", e.replicates}, {"parameters", e.parameters},
            {"not_finite", e.not_finite}};
  json["error"] = values(e.error);
  json["error_interval"] = {
      {"alfi", interval(e.error.alfi)}, {"mle", interval(e.error.mle)}, {"posterior", interval(e.error.posterior)}};
  json["error_ratio"] = {{"mle", e.error_over_mle.value}, {"posterior", e.error_over_posterior.value}};
  json["error_ratio_interval"] = {{"mle", interval(e.error_over_mle)}, {"posterior", interval(e.error_over_posterior)}};
  for (const auto& [name, method] :
       {std::pair{"alfi", &Compared::alfi}, {"mle", &Compared::mle}, {"posterior", &Compared::posterior}})
    for (const Compared& rmse : e.rmse) {  // a value a parameter
      json["rmse"][name].push_back((rmse.*method).value);
      json["rmse_interval"][name].push_back(interval(rmse.*method));
    }
  json["loss"] = e.loss.value;
  json["loss_interval"] = interval(e.loss);
  json["loss_floor"] = e.loss_floor.value;
  json["loss_gap"] = e.loss_gap.value;
  json["loss_gap_interval"] = interval(e.loss_gap);
  for (const Coverage& coverage : e.coverage) {
    json["coverage"][std::to_string(coverage.percent)] = coverage.all;
    json["coverage_per_parameter"][std::to_string(coverage.percent)] = coverage.per_parameter;
    json["coverage_of_best_gaussian"][std::to_string(coverage.percent)] = coverage.best_gaussian;
  }
  json["sbc_p"] = e.sbc_p;
  json["sbc_p_per_parameter"] = e.sbc_p_per_parameter;
  json["energy_distance"] = e.energy_distance.value;
  json["energy_distance_interval"] = interval(e.energy_distance);
  json["energy_distance_episodes"] = e.energy_distance_episodes;
  json["error_by_iteration"] = e.error_by_iteration;
  json["clamped_draws"] = e.clamped_draws;
  json["left_out"] = e.left_out;
  json["left_out_by_tenth"] = e.left_out_by_tenth;
  json["seconds"] = e.seconds;
  return json.dump(2) + "\n";
}

}  // namespace alfi
