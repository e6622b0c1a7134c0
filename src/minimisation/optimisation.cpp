// Machine and optimizers meet the same problems, a tile at a time, so that no problems pile up.
#include "src/minimisation/optimisation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
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
/// Part of the time that tuning takes, as a progress shows it.
constexpr double tuning_share = 0.9;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

double median_of(std::vector<double> values) {
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); }))
    return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  return quantile(values, 0.5);
}

std::vector<ClassicOptimizer> tune_all(QuadraticEngine& engine, int iterations, std::uint64_t seed,
                                       const std::function<void(double)>& progress) {
  std::vector<ClassicOptimizer> tuned;
  for (const OptimizerKind method : methods)
    tuned.push_back(tune(method, engine, iterations, seed, [&](double done) {
      if (progress) progress(tuning_share * (static_cast<double>(tuned.size()) + done) / std::size(methods));
    }));
  return tuned;
}

/// Comparison of the machine with the tuned optimizers on one set of problems: minimiser 0 is the machine.
class Comparison {
 public:
  /// `paths`, where given, gets the ways through the first paths->problems.
  Comparison(std::vector<ClassicOptimizer> tuned, int dimensions, int iterations, int count, MinimiserPaths* paths)
      : tuned_(std::move(tuned)), dimensions_(dimensions), iterations_(iterations), count_(count), paths_(paths) {
    for (Losses& of_one : losses_) {
      of_one.last.resize(at(count));
      of_one.of_tiles.resize(at(blocks_of(tile_lanes, count)));
    }
    if (paths == nullptr) return;
    kept_ = paths->problems = std::min(paths->problems, count);
    paths->matrix.assign(at(kept_ * dimensions * dimensions), 0.0);
    paths->target.assign(at(kept_ * dimensions), 0.0);
    paths->theta.assign(minimisers, std::vector<double>(at(kept_ * (iterations + 1) * dimensions)));
  }

  /// Adds a tile that the machine is done with, and lets the optimizers minimise its problems. From any thread.
  void add(const FinishedQuadratics& finished) {
    const QuadraticTile<float>& tile = finished.tile;
    const int steps = iterations_ + 1;
    keep_problems(finished);
    add(0, finished, std::vector<double>(tile.loss, tile.loss + steps * tile_lanes),
        std::vector<double>(tile.theta, tile.theta + steps * dimensions_ * tile_lanes));
    Quadratics quadratics(host_kernels(), tile, dimensions_, iterations_);
    for (std::size_t i = 1; i < minimisers; ++i) {
      quadratics.minimise(tuned_[i - 1]);
      add(i, finished, quadratics.loss(), quadratics.theta());
    }
  }

  /// Judges every minimiser, once all tiles are added.
  std::vector<Minimiser> judge() const {
    std::vector<Minimiser> all;
    for (std::size_t i = 0; i < minimisers; ++i) {
      const std::vector<double>& last = losses_[i].last;
      Minimiser one{
          .name = i == 0 ? "ALFI" : name_of(tuned_[i - 1].method),
          .settings = i == 0 ? "" : settings_of(tuned_[i - 1]),
          .final_loss = measured_mean(host_statistics(), last),
          .median = median_of(last),
          .alfi_over_this = measured_ratio(host_statistics(), losses_[0].last, last),
          .loss_by_step = std::vector<double>(at(iterations_ + 1)),
          .not_finite = std::count_if(last.begin(), last.end(), [](double value) { return !std::isfinite(value); })};
      for (const auto& sums : losses_[i].of_tiles)
        for (std::size_t t = 0; t < sums.size(); ++t) one.loss_by_step[t] += sums[t] / count_;
      all.push_back(std::move(one));
    }
    return all;
  }

 private:
  /// Losses of one minimiser.
  struct Losses {
    std::vector<double> last;                   ///< (episodes) f(θ_T)
    std::vector<std::vector<double>> of_tiles;  ///< (tiles, T + 1): sums over a tile of f(θ_t)
  };

  /// Adds a minimiser's loss (T + 1, 16) and way theta (T + 1, D, 16) through a tile.
  void add(std::size_t minimiser, const FinishedQuadratics& finished, std::span<const double> loss,
           std::span<const double> theta) {
    auto& sums = losses_[minimiser].of_tiles[at(finished.first / tile_lanes)];
    sums.assign(at(iterations_ + 1), 0.0);
    for (int t = 0; t <= iterations_; ++t)
      for (int lane = 0; lane < finished.episodes; ++lane) sums[at(t)] += loss[at(t * tile_lanes + lane)];
    const int size = (iterations_ + 1) * dimensions_;
    for (int lane = 0; lane < finished.episodes; ++lane) {
      const int b = finished.first + lane;
      losses_[minimiser].last[at(b)] = loss[at(iterations_ * tile_lanes + lane)];
      for (int k = 0; k < size && b < kept_; ++k)
        paths_->theta[minimiser][at(b * size + k)] = theta[at(k * tile_lanes + lane)];
    }
  }

  void keep_problems(const FinishedQuadratics& finished) {
    const int square = dimensions_ * dimensions_;
    for (int b = finished.first; b < std::min(kept_, finished.first + finished.episodes); ++b) {
      const int lane = b - finished.first;
      for (int k = 0; k < square; ++k) paths_->matrix[at(b * square + k)] = finished.tile.matrix[k * tile_lanes + lane];
      for (int k = 0; k < dimensions_; ++k)
        paths_->target[at(b * dimensions_ + k)] = finished.tile.target[k * tile_lanes + lane];
    }
  }

  std::vector<ClassicOptimizer> tuned_;
  int dimensions_, iterations_, count_;
  MinimiserPaths* paths_;
  int kept_ = 0;  ///< problems in the paths
  std::array<Losses, minimisers> losses_;
};

}  // namespace

Optimisation evaluate_minimiser(const Machine& machine, const EvaluationOptions& options) {
  return evaluate_minimiser(machine, options, nullptr);
}

Optimisation evaluate_minimiser(const Machine& machine, const EvaluationOptions& options, MinimiserPaths* paths) {
  const auto begin = std::chrono::steady_clock::now();
  const Plan plan = configured(machine, options);
  const Configuration& configuration = plan.configuration;
  if (!plan.minimises)
    throw InputError(
        fmt::format("simulator.name = {}: must be an objective, such as quadratic, for its machine to be "
                    "compared with optimizers",
                    configuration.simulator.name));
  const int count = configuration.evaluation.episodes, T = configuration.evaluation.iterations;
  const std::uint64_t seed = configuration.engine.seed;
  QuadraticEngine engine(plan);
  const int D = engine.dimensions();

  Comparison comparison(tune_all(engine, T, seed, options.progress), D, T, count, paths);
  std::mutex mutex;
  std::int64_t done = 0;
  engine.rollout({.phase = Phase::evaluation, .step = 0, .count = count, .seed = seed}, T,
                 checkpoint_of(machine).state.average, [&](const FinishedQuadratics& finished) {
                   comparison.add(finished);
                   const std::lock_guard lock(mutex);
                   done += finished.episodes;
                   if (options.progress)
                     options.progress(tuning_share + (1 - tuning_share) * static_cast<double>(done) / count);
                 });
  return {.objective = configuration.simulator.name,
          .dimensions = D,
          .step = machine.step(),
          .episodes = count,
          .iterations = T,
          .minimisers = comparison.judge(),
          .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()};
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
