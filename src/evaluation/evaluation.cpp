// All methods answer on the same episodes: the rollout draws them and gives ALFI's answers; then the same problems are
// drawn again, in natural units, for exact inference and the energy distance. A tile at a time, so that no observations
// pile up.
#include "src/evaluation/evaluation.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "alfi/simulators.hpp"
#include "src/engine/engine.hpp"
#include "src/engine/processors.hpp"
#include "src/evaluation/answers.hpp"
#include "src/evaluation/regenerated.hpp"
#include "src/evaluation/replicates.hpp"
#include "src/exact/exact.hpp"
#include "src/model/proposal_law.hpp"
#include "src/numerics/statistics.hpp"
#include "src/simulators/simulators.hpp"

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

/// The Gaussian nearest to the exact posterior, of all or of those without correlations; standardised by the prior.
ProposalLaw nearest_gaussian(const Exact& exact, const SimulatorInfo& simulator, Family family) {
  ProposalLaw law;
  const std::size_t D = simulator.parameters.size();
  for (std::size_t d = 0; d < D; ++d) {
    const ParameterInfo& prior = simulator.parameters[d];
    law.mean.push_back((exact.posterior_mean[d] - prior.mean()) / prior.deviation());
    law.deviation.push_back(exact.posterior_deviation[d] / prior.deviation());
  }
  law.correlation = exact.posterior_correlation;
  if (family != Family::gaussian_full || law.correlation.empty()) {
    law.correlation.assign(D * D, 0);
    for (std::size_t d = 0; d < D; ++d) law.correlation[d * (D + 1)] = 1;
  }
  return law;
}

}  // namespace

Configuration configured(const Machine& machine, const EvaluationOptions& options) {
  Configuration configuration = machine.configuration();
  if (options.episodes != 0) configuration.evaluation.episodes = options.episodes;
  configuration.evaluation.iterations = options.iterations != 0 ? options.iterations : machine.default_iterations();
  if (options.threads != 0) configuration.engine.threads = options.threads;
  configuration.engine.backend = options.backend;
  configuration.engine.device = options.device;
  if (options.replicates != 0) configuration.evaluation.replicates = options.replicates;
  configuration.engine.precision = Precision::fp32;  // the reference, on any backend, however it was trained
  validate(configuration);
  return configuration;
}

Evaluation evaluate(const Machine& machine, const EvaluationOptions& options) {
  const Configuration configuration = configured(machine, options);
  return evaluate(*machine.checkpoint_, configuration, make_processor(configuration.engine), options.progress);
}

Evaluation evaluate(const Checkpoint& checkpoint, const Configuration& configuration,
                    std::unique_ptr<Processor> processor, const std::function<void(double)>& report, Answers* kept) {
  const auto begin = std::chrono::steady_clock::now();
  const SimulatorInfo simulator = find_simulator(configuration.simulator);
  const auto exact = make_exact_inference(simulator);
  const int count = configuration.evaluation.episodes, T = configuration.evaluation.iterations;
  const int D = static_cast<int>(simulator.parameters.size()), X = simulator.observations.dimension;
  const Episodes rollouts = evaluation_rollouts(configuration, count);
  const std::uint64_t seed = configuration.engine.seed;
  const Shape shape = shape_of(configuration, T);
  const Normalisation& normalisation = checkpoint.normalisation;
  Engine engine(configuration, normalisation, std::move(processor));
  SampleStatistics& statistics = engine.processor().statistics();
  Progress progress(report, 2 * count);

  Answers answers(count, D);
  std::vector<std::vector<double>> tile_errors(
      static_cast<std::size_t>((rollouts.count + tile_lanes - 1) / tile_lanes));
  std::atomic<std::int64_t> clamped = 0, not_finite = 0;
  engine.rollout(rollouts, T, checkpoint.state.average, [&](const FinishedTile& finished) {
    const TileAnswers tile(configuration, shape, finished);
    auto& errors = tile_errors[static_cast<std::size_t>(finished.first / tile_lanes)];
    errors.assign(static_cast<std::size_t>(T + 1), 0.0);
    for (int i = 0; i < tile.problems(); ++i) {
      const ProposalLaw law = tile.law(i, T);
      const std::size_t first = answers.at(tile.first() + i, 0);
      for (std::size_t d = 0; d < law.mean.size(); ++d) {
        answers.truth[first + d] = tile.truth(i, static_cast<int>(d));
        answers.alfi[first + d] = law.mean[d];
        answers.alfi_log_deviation[first + d] = std::log(law.deviation[d]);
      }
      answers.alfi_loss[static_cast<std::size_t>(tile.first() + i)] =
          normal_loss(law, std::span(answers.truth).subspan(first, law.mean.size()));
      not_finite += is_finite(shape.family, law) ? 0 : 1;
      for (int t = 0; t <= T; ++t) errors[static_cast<std::size_t>(t)] += tile.error(i, t);
    }
    clamped += clamped_draws(shape, finished.tile, finished.episodes);
    progress.add(tile.problems());
  });

  std::vector<double> energy(static_cast<std::size_t>(std::min(count, most_energy_episodes)));
  engine.draw_problems({Phase::evaluation, 0, count, 0, seed}, Transform::none, [&](const FinishedTile& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane) {
      const int b = finished.first + lane;
      const std::vector<float> x = observations_of(finished.tile, X, lane);
      const Exact best = exact ? exact->infer(x) : Exact{};
      std::vector<double> estimate;
      for (int d = 0; d < D; ++d) {
        const ParameterInfo& prior = simulator.parameters[static_cast<std::size_t>(d)];
        const std::size_t i = answers.at(b, d);
        if (!best.maximum_likelihood.empty())
          answers.mle[i] = (best.maximum_likelihood[static_cast<std::size_t>(d)] - prior.mean()) / prior.deviation();
        estimate.push_back(prior.mean() + prior.deviation() * answers.alfi[i]);
      }
      if (!best.posterior_mean.empty()) {
        const ProposalLaw law = nearest_gaussian(best, simulator, shape.family);
        const std::size_t first = answers.at(b, 0);
        for (std::size_t d = 0; d < law.mean.size(); ++d) {
          answers.posterior[first + d] = law.mean[d];
          answers.posterior_log_deviation[first + d] = std::log(law.deviation[d]);
        }
        answers.posterior_loss[static_cast<std::size_t>(b)] =
            normal_loss(law, std::span(answers.truth).subspan(first, law.mean.size()));
      }
      // Numbers of their own: the phase `simulation` draws nothing else under a run's seed, episode by episode.
      const PhiloxKey key = stream_key(seed, Phase::simulation, Purpose::observe, static_cast<std::uint64_t>(b));
      if (b < most_energy_episodes)
        energy[static_cast<std::size_t>(b)] = regenerated_distance(
            statistics, simulator, configuration.simulator.transform, normalisation, x, estimate, key);
    }
    progress.add(finished.episodes);
  });

  Evaluation evaluation{};
  evaluation.simulator = simulator.name;
  for (const ParameterInfo& parameter : simulator.parameters) evaluation.parameters.push_back(parameter.name);
  evaluation.step = checkpoint.step;
  evaluation.episodes = count;
  evaluation.iterations = T;
  evaluation.replicates = rollouts.replicates;
  evaluation.not_finite = not_finite;
  summarise(statistics, answers, evaluation);
  evaluation.energy_distance = measured_mean(statistics, energy);
  evaluation.energy_distance_episodes = static_cast<int>(energy.size());
  for (std::size_t t = 0; t <= static_cast<std::size_t>(T); ++t) {
    double sum = 0;
    for (const auto& errors : tile_errors) sum += errors[t];
    evaluation.error_by_iteration.push_back(sum / count);
  }
  evaluation.clamped_draws = clamped;
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
  json["seconds"] = e.seconds;
  return json.dump(2) + "\n";
}

}  // namespace alfi
