// Rejection ABC (Pritchard, Seielstad, Perez-Lezaun, Feldman 1999, Mol. Biol. Evol. 16, 1791): parameters are drawn
// from the prior, those whose observations are nearest to the real ones are accepted, and their mean is the estimate.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "src/baselines/energy_distance.hpp"
#include "src/baselines/problems.hpp"

namespace alfi::baselines {
namespace {

constexpr std::int64_t piece = 4096;  // observations an episode draws at a time

struct Draw {
  double distance;
  std::vector<double> theta;
};

void keep_nearest(std::vector<Draw>& draws, std::size_t count) {
  if (draws.size() <= count) return;
  std::nth_element(draws.begin(), draws.begin() + static_cast<std::ptrdiff_t>(count), draws.end(),
                   [](const Draw& a, const Draw& b) { return a.distance < b.distance; });
  draws.resize(count);
}

}  // namespace

std::vector<double> estimate_by_abc(const Problems& problems, Simulations& simulations) {
  const int D = problems.D(), X = problems.X, episodes = problems.episodes();
  const std::int64_t calls = simulations.left();
  // Few observations of many parameters come closer than many of few: with the square root, gaussian's error with 10
  // times ALFI's calls is 0.52, with the cube root 0.25.
  const auto real = static_cast<std::int64_t>(problems.real.front().size()) / X;
  const std::int64_t count =
      std::max(std::int64_t{2}, std::min(real, static_cast<std::int64_t>(std::cbrt(static_cast<double>(calls)))));
  const std::int64_t all = calls / count;
  const auto accepted = static_cast<std::size_t>(std::min(all, std::max(std::int64_t{5}, all / 100)));

  std::vector<std::vector<Draw>> draws(problems.real.size());
  std::vector<Random> random = problems.random();
  std::vector<EnergyDistance> distances;
  for (const std::vector<float>& x : problems.real) distances.emplace_back(x, X);
  std::vector<float> x;
  for (std::int64_t first = 0; first < all;) {
    const int parameters = static_cast<int>(std::min(all - first, std::max(std::int64_t{1}, piece / count)));
    first += parameters;
    const std::span<float> theta = simulations.theta(parameters);
    for (int b = 0; b < episodes; ++b)
      for (int m = 0; m < parameters; ++m) {
        Draw draw{0, {}};
        for (int d = 0; d < D; ++d) {
          const double value = problems.parameter(d, random[static_cast<std::size_t>(b)].normal());
          draw.theta.push_back(value);
          theta[static_cast<std::size_t>((m * D + d) * tile_lanes + b)] = static_cast<float>(value);
        }
        draws[static_cast<std::size_t>(b)].push_back(std::move(draw));
      }
    simulations.draw(parameters, static_cast<int>(count));
    for (int b = 0; b < episodes; ++b) {
      const auto e = static_cast<std::size_t>(b);
      for (int m = 0; m < parameters; ++m) {
        simulations.observations(m, b, x);
        draws[e][draws[e].size() - static_cast<std::size_t>(parameters - m)].distance = distances[e].to(x);
      }
      if (draws[e].size() > 2 * accepted) keep_nearest(draws[e], accepted);
    }
  }
  std::vector<double> estimates;
  for (std::vector<Draw>& nearest : draws) {
    keep_nearest(nearest, accepted);
    for (std::size_t d = 0; d < static_cast<std::size_t>(D); ++d)
      estimates.push_back(std::accumulate(nearest.begin(), nearest.end(), 0.0,
                                          [&](double sum, const Draw& draw) { return sum + draw.theta[d]; }) /
                          static_cast<double>(std::max(std::size_t{1}, nearest.size())));
  }
  return estimates;
}

}  // namespace alfi::baselines
