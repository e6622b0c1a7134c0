#include "src/baselines/nes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "src/baselines/energy_distance.hpp"
#include "src/baselines/problems.hpp"

namespace alfi::baselines {
namespace {

constexpr double mean_rate = 1;
double deviation_rate(int D) { return (3 + std::log(D)) / (5 * std::sqrt(D)); }

}  // namespace

std::vector<double> utilities(int population) {
  std::vector<double> u;
  for (int k = 1; k <= population; ++k) u.push_back(std::max(0.0, std::log(population / 2.0 + 1) - std::log(k)));
  const double sum = std::accumulate(u.begin(), u.end(), 0.0);
  for (double& value : u) value = value / sum - 1.0 / population;
  return u;
}

int SeparableNes::population(int D) { return 4 + static_cast<int>(3 * std::log(D)); }

SeparableNes::SeparableNes(int D)
    : utilities_(utilities(population(D))),
      mean_(static_cast<std::size_t>(D), 0.0),
      deviation_(mean_.size(), 1.0),
      noise_(utilities_.size() * mean_.size()),
      generation_(noise_.size()) {}

const std::vector<double>& SeparableNes::ask(Random& random) {
  const std::size_t D = mean_.size();
  for (std::size_t i = 0; i < noise_.size(); ++i) {
    noise_[i] = random.normal();
    generation_[i] = mean_[i % D] + deviation_[i % D] * noise_[i];
  }
  return generation_;
}

void SeparableNes::tell(std::span<const double> losses) {
  const std::size_t D = mean_.size();
  std::vector<std::size_t> order(losses.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return losses[a] < losses[b]; });
  for (std::size_t d = 0; d < D; ++d) {
    double mean_gradient = 0, deviation_gradient = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      const double s = noise_[order[rank] * D + d];
      mean_gradient += utilities_[rank] * s;
      deviation_gradient += utilities_[rank] * (s * s - 1);
    }
    mean_[d] += mean_rate * deviation_[d] * mean_gradient;
    deviation_[d] *= std::exp(0.5 * deviation_rate(static_cast<int>(D)) * deviation_gradient);
  }
}

std::vector<double> estimate_by_nes(const Problems& problems, Simulations& simulations) {
  const int D = problems.D(), episodes = problems.episodes();
  const int population = SeparableNes::population(D);
  // There are as many observations of a parameter as generations: more observations average noise out, more
  // generations come closer.
  const std::int64_t rounds = simulations.left() / population;
  const int count = std::max(2, static_cast<int>(std::sqrt(static_cast<double>(rounds))));
  std::vector<SeparableNes> searches(problems.real.size(), SeparableNes(D));
  std::vector<Random> random = problems.random();
  std::vector<EnergyDistance> distances;
  for (const std::vector<float>& real : problems.real) distances.emplace_back(real, problems.X);
  std::vector<float> x;
  std::vector<double> losses(static_cast<std::size_t>(population));
  while (simulations.left() >= std::int64_t{population} * count) {
    const std::span<float> theta = simulations.theta(population);
    for (int b = 0; b < episodes; ++b) {
      const auto e = static_cast<std::size_t>(b);
      const std::vector<double>& generation = searches[e].ask(random[e]);
      for (std::size_t i = 0; i < generation.size(); ++i)
        theta[i * tile_lanes + e] = static_cast<float>(problems.parameter(static_cast<int>(i) % D, generation[i]));
    }
    simulations.draw(population, count);
    for (int b = 0; b < episodes; ++b) {
      const auto e = static_cast<std::size_t>(b);
      for (int k = 0; k < population; ++k) {
        simulations.observations(k, b, x);
        losses[static_cast<std::size_t>(k)] = distances[e].to(x);
      }
      searches[e].tell(losses);
    }
  }
  std::vector<double> estimates;
  for (const SeparableNes& search : searches)
    for (int d = 0; d < D; ++d) estimates.push_back(problems.parameter(d, search.mean()[static_cast<std::size_t>(d)]));
  return estimates;
}

}  // namespace alfi::baselines
