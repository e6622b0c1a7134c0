// Machine and optimizers meet the same problems, a tile at a time, so that no problems pile up.
#include "src/minimisation/optimisation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "alfi/error.hpp"
#include "src/evaluation/answers.hpp"
#include "src/evaluation/evaluation.hpp"
#include "src/minimisation/quadratic_engine.hpp"
#include "src/minimisation/tuning.hpp"
#include "src/model/checkpoint.hpp"
#include "src/numerics/statistics.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/instruction_set.hpp"

namespace alfi {
namespace {

constexpr OptimizerKind methods[] = {OptimizerKind::descent, OptimizerKind::momentum, OptimizerKind::adam};
constexpr std::size_t minimisers = 1 + std::size(methods);
/// Of the time, what tuning takes, as a progress shows it.
constexpr double tuning_share = 0.9;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// What one minimiser came to.
struct Losses {
  std::vector<double> last;                   ///< (episodes) f(θ_T)
  std::vector<std::vector<double>> of_tiles;  ///< (tiles, T + 1): sums over a tile of f(θ_t)
};

double median_of(std::vector<double> values) {
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); }))
    return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  return quantile(values, 0.5);
}

}  // namespace

Optimisation evaluate_minimiser(const Machine& machine, const EvaluationOptions& options) {
  return evaluate_minimiser(machine, options, nullptr);
}

Optimisation evaluate_minimiser(const Machine& machine, const EvaluationOptions& options, MinimiserPaths* paths) {
  const auto begin = std::chrono::steady_clock::now();
  const Configuration configuration = configured(machine, options);
  if (!minimises(configuration.simulator))
    throw InputError(
        fmt::format("simulator.name = {}: must be an objective, such as quadratic, for its machine to be "
                    "compared with optimizers",
                    configuration.simulator.name));
  const int count = configuration.evaluation.episodes, T = configuration.evaluation.iterations;
  const std::uint64_t seed = configuration.engine.seed;
  QuadraticEngine engine(configuration);
  const int D = engine.dimensions();

  std::vector<ClassicOptimizer> tuned;
  for (const OptimizerKind method : methods)
    tuned.push_back(tune(method, engine, T, seed, [&](double done) {
      if (options.progress)
        options.progress(tuning_share * (static_cast<double>(tuned.size()) + done) / std::size(methods));
    }));

  const int kept = paths == nullptr ? 0 : std::min(paths->problems, count);
  if (paths != nullptr) {
    paths->problems = kept;
    paths->matrix.assign(at(kept * D * D), 0.0);
    paths->target.assign(at(kept * D), 0.0);
    paths->theta.assign(minimisers, std::vector<double>(at(kept * (T + 1) * D)));
  }
  std::vector<Losses> losses(minimisers);
  for (Losses& of_one : losses) {
    of_one.last.resize(at(count));
    of_one.of_tiles.resize(at(blocks_of(tile_lanes, count)));
  }
  std::mutex mutex;
  std::int64_t done = 0;
  engine.rollout({Phase::evaluation, 0, count, 0, seed}, T, machine.checkpoint_->state.average,
                 [&](const FinishedQuadratics& finished) {
                   const QuadraticTile<float>& tile = finished.tile;
                   Quadratics quadratics(host_kernels(), tile, D, T);
                   for (std::size_t i = 0; i < minimisers; ++i) {
                     std::vector<double> loss(tile.loss, tile.loss + (T + 1) * tile_lanes),
                         path(tile.theta, tile.theta + (T + 1) * D * tile_lanes);
                     if (i > 0) {
                       quadratics.minimise(tuned[i - 1]);
                       loss.assign(quadratics.loss().begin(), quadratics.loss().end());
                       path.assign(quadratics.theta().begin(), quadratics.theta().end());
                     }
                     auto& sums = losses[i].of_tiles[at(finished.first / tile_lanes)];
                     sums.assign(at(T + 1), 0.0);
                     for (int t = 0; t <= T; ++t)
                       for (int lane = 0; lane < finished.episodes; ++lane)
                         sums[at(t)] += loss[at(t * tile_lanes + lane)];
                     for (int lane = 0; lane < finished.episodes; ++lane) {
                       const int b = finished.first + lane;
                       losses[i].last[at(b)] = loss[at(T * tile_lanes + lane)];
                       if (b >= kept) continue;
                       for (int k = 0; k < (T + 1) * D; ++k)
                         paths->theta[i][at(b * (T + 1) * D + k)] = path[at(k * tile_lanes + lane)];
                       for (int k = 0; k < D * D; ++k)
                         paths->matrix[at(b * D * D + k)] = tile.matrix[k * tile_lanes + lane];
                       for (int k = 0; k < D; ++k) paths->target[at(b * D + k)] = tile.target[k * tile_lanes + lane];
                     }
                   }
                   const std::lock_guard lock(mutex);
                   done += finished.episodes;
                   if (options.progress)
                     options.progress(tuning_share + (1 - tuning_share) * static_cast<double>(done) / count);
                 });

  Optimisation result{configuration.simulator.name, D, machine.step(), count, T, {}, 0};
  for (std::size_t i = 0; i < minimisers; ++i) {
    Minimiser one{
        i == 0 ? "ALFI" : name_of(tuned[i - 1].method), i == 0 ? "" : settings_of(tuned[i - 1]), {}, 0, {}, {}, 0};
    const std::vector<double>& last = losses[i].last;
    one.final_loss = measured_mean(host_statistics(), last);
    one.median = median_of(last);
    one.alfi_over_this = measured_ratio(host_statistics(), losses[0].last, last);
    one.loss_by_step.assign(at(T + 1), 0.0);
    for (const auto& sums : losses[i].of_tiles)
      for (std::size_t t = 0; t < sums.size(); ++t) one.loss_by_step[t] += sums[t] / count;
    one.not_finite = std::count_if(last.begin(), last.end(), [](double value) { return !std::isfinite(value); });
    result.minimisers.push_back(std::move(one));
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

std::string to_json(const Optimisation& o) {
  using Json = nlohmann::ordered_json;  // what is NaN becomes null
  Json json{{"simulator", o.objective},
            {"dimensions", o.dimensions},
            {"step", o.step},
            {"episodes", o.episodes},
            {"iterations", o.iterations}};
  for (const Minimiser& m : o.minimisers)
    json["minimisers"].push_back({{"name", m.name},
                                  {"settings", m.settings},
                                  {"final_loss", m.final_loss.value},
                                  {"final_loss_interval", {m.final_loss.lower, m.final_loss.upper}},
                                  {"median", m.median},
                                  {"alfi_over_this", m.alfi_over_this.value},
                                  {"alfi_over_this_interval", {m.alfi_over_this.lower, m.alfi_over_this.upper}},
                                  {"loss_by_step", m.loss_by_step},
                                  {"not_finite", m.not_finite}});
  json["seconds"] = o.seconds;
  return json.dump(2) + "\n";
}

}  // namespace alfi
