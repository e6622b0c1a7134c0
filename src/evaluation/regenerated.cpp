#include "src/evaluation/regenerated.hpp"

#include <algorithm>
#include <cmath>

#include "src/engine/failures.hpp"
#include "src/model/standardise.hpp"
#include "src/numerics/statistics.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {

std::vector<float> observations_of(const Tile<float>& tile, int X, int lane) {
  const int count = static_cast<int>(tile.input->count[lane]);
  std::vector<float> x;
  for (int r = 0; r < count; ++r)
    for (int k = 0; k < X; ++k) x.push_back(*tile.real.at(k, r * tile_lanes + lane));
  return x;
}

double regenerated_distance(SampleStatistics& statistics, const SimulatorInfo& simulator, Transform transform,
                            const Normalisation& normalisation, std::span<const float> x,
                            const std::vector<double>& theta, PhiloxKey key) {
  const auto finite = [](auto value) { return std::isfinite(value); };
  const std::size_t X = normalisation.mean.size();
  if (x.size() < 2 * X || !std::all_of(theta.begin(), theta.end(), finite)) return std::nan("");
  std::vector<float> simulated(x.size());
  simulate_into(simulator, theta, key, static_cast<std::int64_t>(x.size() / X), simulated.data());
  const std::vector<float> real = standardise(x, transform, normalisation);
  simulated = standardise(simulated, transform, normalisation);
  keep_numbers(simulated, static_cast<int>(X));
  if (simulated.size() < 2 * X) return std::nan("");
  return energy_distance(statistics, real, simulated, static_cast<int>(X));
}

}  // namespace alfi
