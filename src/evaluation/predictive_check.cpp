#include "src/evaluation/predictive_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "src/engine/tile_simulations.hpp"
#include "src/evaluation/energy_grid.hpp"
#include "src/model/draws.hpp"
#include "src/model/standardise.hpp"

namespace alfi {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Sets simulated at draws from a law, handed over one by one.
template <class Take>
void simulate_sets(const Plan& plan, const Normalisation& normalisation, const TruncatedLaw& law, std::uint64_t seed,
                   int sets, int count, Take take) {
  const std::vector<double> theta = draw(law, stream_key(seed, Phase::inference, Purpose::truth, 0), sets);
  const auto D = static_cast<std::size_t>(plan.shape.D);
  std::uint32_t episode[tile_lanes];
  std::iota(episode, episode + tile_lanes, 0U);
  TileSimulations simulations(*host_simulator(plan.number), plan.shape.X, plan.parameters,
                              plan.configuration.simulator.transform, normalisation,
                              stream_key(seed, Phase::inference, Purpose::observe, 1), episode);
  // A program answers many θ in one batch as fast as few; their observations shall not fill the memory.
  constexpr std::int64_t most_numbers = 1 << 24;
  const std::int64_t of_tile = std::int64_t{tile_lanes} * count * plan.shape.X;
  const int at_once = static_cast<int>(std::clamp<std::int64_t>(most_numbers / of_tile, 1, sets / tile_lanes));
  std::vector<float> x;
  for (int first = 0; first < sets; first += at_once * tile_lanes) {
    const int parameters = std::min(at_once, (sets - first) / tile_lanes);
    const std::span<float> to = simulations.theta(parameters);
    for (int i = 0; i < parameters * tile_lanes; ++i)
      for (std::size_t d = 0; d < D; ++d)
        to[(static_cast<std::size_t>(i / tile_lanes) * D + d) * tile_lanes + static_cast<std::size_t>(i % tile_lanes)] =
            static_cast<float>(theta[static_cast<std::size_t>(first + i) * D + d]);
    simulations.draw(parameters, count);
    for (int i = 0; i < parameters * tile_lanes; ++i) {
      simulations.observations(i / tile_lanes, i % tile_lanes, x);
      take(first + i, x);
    }
  }
}

ComparedSet compared(const EnergyGrid& pool, std::span<const float> x, std::size_t X) {
  EnergyGrid::Measure measure = pool.of(x);
  ComparedSet set{measure.distance, std::move(measure.parts), {}, {}};
  const std::size_t count = x.size() / X;
  const auto rows = static_cast<double>(count);
  for (std::size_t k = 0; k < X; ++k) {
    float least = x[k], most = x[k];
    double sum = 0, squares = 0;  // of numbers near 0, which are standardised
    for (std::size_t i = k; i < x.size(); i += X) {
      least = std::min(least, x[i]);
      most = std::max(most, x[i]);
      const auto value = static_cast<double>(x[i]);
      sum += value;
      squares += value * value;
    }
    const double variance = (squares - sum * sum / rows) / rows;
    set.spreads.push_back(std::log(std::max(variance, 1e-12)));
    set.extremes.insert(set.extremes.end(), {-static_cast<double>(least), static_cast<double>(most)});
  }
  return set;
}

}  // namespace

PredictiveCheck check_prediction(const Plan& plan, const Normalisation& normalisation, const TruncatedLaw& answer,
                                 std::span<const float> x, std::uint64_t seed) {
  PredictiveCheck check{{nan, nan, nan, nan, nan}, nan, {}};
  const auto finite = [](double value) { return std::isfinite(value); };
  if (!std::ranges::all_of(answer.mean(), finite) || !std::ranges::all_of(answer.deviation(), finite)) return check;
  const auto X = static_cast<std::size_t>(plan.shape.X);
  const int count = static_cast<int>(x.size() / X);
  constexpr std::size_t most = 2048 / tile_lanes;  // rows of a set, so that the pool costs little beside the sets
  std::vector<float> pooled;
  std::optional<EnergyGrid> pool;
  std::vector<ComparedSet> sets;
  simulate_sets(plan, normalisation, answer, seed, tile_lanes + predictive_sets, count, [&](int number, auto& set) {
    if (number < tile_lanes) {
      pooled.insert(pooled.end(), set.begin(),
                    set.begin() + static_cast<std::ptrdiff_t>(std::min(set.size(), most * X)));
      return;
    }
    if (number == tile_lanes && pooled.size() >= 2 * X) {
      pool.emplace(pooled, plan.shape.X);
      sets.push_back(compared(*pool, standardise(x, plan.configuration.simulator.transform, normalisation), X));
    }
    if (pool && !set.empty()) sets.push_back(compared(*pool, set, X));
  });
  if (sets.empty()) return check;
  check.ranks = rank_of_first(sets);
  check.energy_distance = sets[0].distance;
  for (std::size_t i = 1; i < sets.size(); ++i) check.simulated_distances.push_back(sets[i].distance);
  return check;
}

}  // namespace alfi
