#include "src/minimisation/tuning.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "src/system/instruction_set.hpp"

namespace alfi {
namespace {

constexpr int problems[] = {512, 4096, 32768, 131072};
/// Part of the settings that is left after a round, and the number that is left at least.
constexpr std::size_t part_left = 8, least_left = 4;
/// Validation of a training meets the phase's step 0.
constexpr std::uint64_t tuning_step = 1;

/// Rates ten to a decade, and momenta.
std::vector<ClassicOptimizer> grid(OptimizerKind method) {
  std::vector<ClassicOptimizer> all;
  const auto rates = [&](int least, int most, double beta1, double beta2) {
    for (int i = least; i <= most; ++i) all.push_back({method, std::pow(10, 0.1 * i), beta1, beta2});
  };
  switch (method) {
    case OptimizerKind::descent:
      rates(-30, 0, 0, 0);
      break;
    case OptimizerKind::momentum:
      for (const double beta : {0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98}) rates(-30, 0, beta, 0);
      break;
    case OptimizerKind::adam:
      for (const double beta1 : {0.5, 0.7, 0.8, 0.9, 0.95})
        for (const double beta2 : {0.5, 0.8, 0.9, 0.95, 0.99, 0.999}) rates(-20, 5, beta1, beta2);
      break;
  }
  return all;
}

/// Returns the mean f(θ_T) of each of these on `count` problems.
std::vector<double> mean_final_losses(const std::vector<ClassicOptimizer>& candidates, QuadraticEngine& engine,
                                      int iterations, int count, std::uint64_t seed) {
  std::vector<std::vector<double>> sums(static_cast<std::size_t>(blocks_of(tile_lanes, count)));  // (tiles, candidates)
  engine.draw({.phase = Phase::validation, .step = tuning_step, .count = count, .seed = seed},
              [&](const FinishedQuadratics& finished) {
                Quadratics quadratics(host_kernels(), finished.tile, engine.dimensions(), iterations);
                auto& of_tile = sums[static_cast<std::size_t>(finished.first / tile_lanes)];
                for (const ClassicOptimizer& candidate : candidates) {
                  quadratics.minimise(candidate);
                  double sum = 0;
                  for (const double loss : quadratics.loss().last(tile_lanes)) sum += loss;
                  of_tile.push_back(sum);
                }
              });
  std::vector<double> means(candidates.size(), 0.0);
  for (const auto& of_tile : sums)
    for (std::size_t i = 0; i < means.size(); ++i) means[i] += of_tile[i] / count;
  for (double& mean : means)
    if (std::isnan(mean)) mean = INFINITY;
  return means;
}

}  // namespace

ClassicOptimizer tune(OptimizerKind method, QuadraticEngine& engine, int iterations, std::uint64_t seed,
                      const std::function<void(double)>& progress) {
  std::vector<ClassicOptimizer> candidates = grid(method);
  double done = 0;
  for (const int count : problems) {
    const std::vector<double> means = mean_final_losses(candidates, engine, iterations, count, seed);
    std::vector<std::pair<double, std::size_t>> order;
    for (std::size_t i = 0; i < means.size(); ++i) order.emplace_back(means[i], i);
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), std::max(order.size() / part_left, least_left)));
    std::vector<ClassicOptimizer> best;
    for (const auto& [mean, i] : order) best.push_back(candidates[i]);
    candidates = std::move(best);
    done += 1.0 / std::size(problems);
    if (progress) progress(done);
  }
  return candidates.front();
}

}  // namespace alfi
