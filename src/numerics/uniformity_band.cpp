#include "src/numerics/uniformity_band.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unsupported/Eigen/SpecialFunctions>

#include "alfi/error.hpp"

namespace alfi {
namespace {

double poisson(double mean, int k) { return std::exp(k * std::log(mean) - mean - std::lgamma(k + 1.0)); }

/// P(a binomial count of `count` trials is at most k).
double binomial_cdf(int k, int count, double p) {
  return k < 0 ? 0 : k >= count ? 1 : Eigen::numext::betainc(count - k + 0.0, k + 1.0, 1 - p);
}

/// The least k with P(count ≤ k) ≥ probability.
int binomial_quantile(double probability, int count, double p) {
  int low = -1, high = count;  // not yet, and surely
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (binomial_cdf(middle, count, p) >= probability ? high : low) = middle;
  }
  return high;
}

/// Pointwise intervals that leave out at most `outside` of the counts.
struct Counts {
  Counts(int count, int places, double outside) {
    for (int k = 1; k < places; ++k) {
      const double p = static_cast<double>(k) / places;
      low.push_back(binomial_quantile(0.5 * outside, count, p));
      high.push_back(binomial_quantile(1 - 0.5 * outside, count, p));
    }
  }

  std::vector<int> low, high;
};

}  // namespace

double chance_inside(int count, std::span<const int> low, std::span<const int> high) {
  // A uniform sample's counts are those of a Poisson process of rate `count` that came to `count` in the end. Its
  // increments have one law, whatever was before.
  const double increment = count / (static_cast<double>(low.size()) + 1);
  std::vector<double> chance{1};  // of being at first, first + 1, …, and inside so far
  int first = 0;
  std::vector<double> steps;
  const auto step = [&](int by) {
    while (static_cast<int>(steps.size()) <= by) steps.push_back(poisson(increment, static_cast<int>(steps.size())));
    return steps[static_cast<std::size_t>(by)];
  };
  const auto advance = [&](int lowest, int highest) {
    std::vector<double> next;
    for (int to = lowest; to <= highest; ++to) {
      double sum = 0;
      for (int i = 0; i < static_cast<int>(chance.size()) && first + i <= to; ++i)
        sum += chance[static_cast<std::size_t>(i)] * step(to - first - i);
      next.push_back(sum);
    }
    chance = std::move(next);
    first = lowest;
  };
  for (std::size_t k = 0; k < low.size(); ++k) advance(low[k], high[k]);
  advance(count, count);
  return chance.front() / poisson(count, count);
}

UniformityBand uniformity_band(int count, int places, double level) {
  if (count < 1) throw InputError(fmt::format("uniformity band: count is {} (allowed: 1 or more)", count));
  if (places < 1) throw InputError(fmt::format("uniformity band: places is {} (allowed: 1 or more)", places));
  if (!(level > 0 && level < 1))
    throw InputError(fmt::format("uniformity band: level is {} (allowed: between 0 and 1)", level));
  // The more each interval leaves out, the less often a sample is inside them all. To a thousandth of what is left out;
  // shared out to all places (Bonferroni), it is inside often enough.
  double enough = (1 - level) / places, too_much = 1 - level;
  while (too_much - enough > 1e-3 * enough) {
    const double outside = 0.5 * (enough + too_much);
    const Counts counts(count, places, outside);
    (chance_inside(count, counts.low, counts.high) >= level ? enough : too_much) = outside;
  }
  const Counts counts(count, places, enough);
  UniformityBand band{{0}, {0}};
  for (std::size_t k = 0; k < counts.low.size(); ++k) {
    band.lower.push_back(static_cast<double>(counts.low[k]) / count);
    band.upper.push_back(static_cast<double>(counts.high[k]) / count);
  }
  band.lower.push_back(1);
  band.upper.push_back(1);
  return band;
}

std::vector<double> distribution_function(std::span<const double> u, int places) {
  std::vector<double> part;
  for (int k = 0; k <= places; ++k) {
    const auto end = std::upper_bound(u.begin(), u.end(), static_cast<double>(k) / places);
    part.push_back(static_cast<double>(end - u.begin()) / static_cast<double>(u.size()));
  }
  return part;
}

}  // namespace alfi
