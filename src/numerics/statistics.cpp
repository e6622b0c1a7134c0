#include "src/numerics/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>
#include <unsupported/Eigen/SpecialFunctions>
#include <utility>

#include "alfi/error.hpp"

namespace alfi {
namespace {

/// Calls visit(indices) for every resample: n indices below n, drawn with replacement.
template <class Visit>
void resample(std::size_t n, int resamples, std::uint64_t seed, Visit&& visit) {
  if (n == 0) throw InputError("bootstrap: no values");
  if (n >= std::numeric_limits<std::uint32_t>::max()) throw InputError("bootstrap: 2^32 or more values");
  if (resamples < 1) throw InputError(fmt::format("bootstrap: resamples is {} (allowed: 1 or more)", resamples));
  // The standard fixes this generator's numbers but not its distributions', so indices are made here: the upper half of
  // a 32-bit number times n. Its bias, n / 2^32, is far below what a bootstrap resolves.
  std::mt19937_64 generator(seed);
  std::vector<std::uint32_t> indices(n);
  for (int r = 0; r < resamples; ++r) {
    for (std::uint32_t& index : indices) index = static_cast<std::uint32_t>(((generator() >> 32) * n) >> 32);
    visit(indices);
  }
}

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double sum_at(std::span<const double> values, const std::vector<std::uint32_t>& indices) {
  double sum = 0;
  for (const std::uint32_t index : indices) sum += values[index];
  return sum;
}

Interval percentile_interval(SampleStatistics& statistics, double estimate, std::vector<double> resampled,
                             double level) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (std::any_of(resampled.begin(), resampled.end(), [](double v) { return std::isnan(v); }))
    return {estimate, nan, nan};  // a ratio of zeros
  statistics.sort(resampled);
  return {estimate, quantile(resampled, 0.5 * (1 - level)), quantile(resampled, 0.5 * (1 + level))};
}

/// Sum of |v_i - v_j| over pairs i < j: in order, the k-th value is added k times and subtracted n - 1 - k times.
double sum_of_gaps(std::span<const double> sorted) {
  double sum = 0;
  const double n = static_cast<double>(sorted.size());
  for (std::size_t k = 0; k < sorted.size(); ++k) sum += (2 * static_cast<double>(k) + 1 - n) * sorted[k];
  return sum;
}

/// Sums of Euclidean distances over pairs of rows.
struct DistanceSums {
  double within_x = 0, within_y = 0, between = 0;
};

DistanceSums distance_sums_of_scalars(SampleStatistics& statistics, std::span<const float> x,
                                      std::span<const float> y) {
  std::vector<double> sorted_x(x.begin(), x.end()), sorted_y(y.begin(), y.end());
  statistics.sort(sorted_x);
  statistics.sort(sorted_y);
  std::vector<double> both(x.size() + y.size());
  std::merge(sorted_x.begin(), sorted_x.end(), sorted_y.begin(), sorted_y.end(), both.begin());
  const double within_x = sum_of_gaps(sorted_x), within_y = sum_of_gaps(sorted_y);
  return {within_x, within_y, sum_of_gaps(both) - within_x - within_y};
}

DistanceSums distance_sums(SampleStatistics& statistics, std::span<const float> x, std::span<const float> y,
                           std::size_t dimension) {
  if (dimension == 1) return distance_sums_of_scalars(statistics, x, y);
  const auto distance = [&](const float* a, const float* b) {
    double squared = 0;
    for (std::size_t d = 0; d < dimension; ++d) {
      const double gap = static_cast<double>(a[d]) - static_cast<double>(b[d]);
      squared += gap * gap;
    }
    return std::sqrt(squared);
  };
  const auto within = [&](std::span<const float> rows) {
    double sum = 0;
    for (std::size_t i = 0; i < rows.size(); i += dimension) {
      for (std::size_t j = 0; j < i; j += dimension) sum += distance(&rows[i], &rows[j]);
    }
    return sum;
  };
  DistanceSums sums{within(x), within(y), 0};
  for (std::size_t i = 0; i < x.size(); i += dimension) {
    for (std::size_t j = 0; j < y.size(); j += dimension) sums.between += distance(&x[i], &y[j]);
  }
  return sums;
}

}  // namespace

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double normal_quantile(double p) { return Eigen::numext::ndtri(p); }

double quantile(std::span<const double> sorted, double p) {
  if (sorted.empty()) throw InputError("quantile: no values");
  if (!(p >= 0 && p <= 1)) throw InputError(fmt::format("quantile: p is {} (allowed: 0 to 1)", p));
  const double position = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  if (below + 1 == sorted.size()) return sorted[below];
  return sorted[below] + (position - std::floor(position)) * (sorted[below + 1] - sorted[below]);
}

Interval bootstrap_mean(SampleStatistics& statistics, std::span<const double> values, int resamples, std::uint64_t seed,
                        double level) {
  std::vector<double> means;
  resample(values.size(), resamples, seed,
           [&](const auto& indices) { means.push_back(sum_at(values, indices) / static_cast<double>(values.size())); });
  return percentile_interval(statistics, mean(values), std::move(means), level);
}

Interval bootstrap_ratio(SampleStatistics& statistics, std::span<const double> numerator,
                         std::span<const double> denominator, int resamples, std::uint64_t seed, double level) {
  if (numerator.size() != denominator.size()) {
    throw InputError(fmt::format("bootstrap: {} values over {} are no pairs", numerator.size(), denominator.size()));
  }
  std::vector<double> ratios;
  resample(numerator.size(), resamples, seed,
           [&](const auto& indices) { ratios.push_back(sum_at(numerator, indices) / sum_at(denominator, indices)); });
  return percentile_interval(statistics, mean(numerator) / mean(denominator), std::move(ratios), level);
}

double coverage(std::span<const double> u, double p) {
  const auto first = std::lower_bound(u.begin(), u.end(), 0.5 - 0.5 * p);
  const auto last = std::upper_bound(first, u.end(), 0.5 + 0.5 * p);
  return static_cast<double>(last - first) / static_cast<double>(u.size());
}

std::vector<std::size_t> histogram(std::span<const double> u, int bins) {
  if (bins < 1) throw InputError(fmt::format("histogram: bins is {} (allowed: 1 or more)", bins));
  if (!u.empty() && !(u.front() >= 0 && u.back() <= 1))
    throw InputError(fmt::format("histogram: u goes from {} to {} (allowed: 0 to 1)", u.front(), u.back()));
  std::vector<std::size_t> counts;
  auto first = u.begin();
  for (int bin = 1; bin <= bins; ++bin) {
    const auto last = bin < bins ? std::lower_bound(first, u.end(), static_cast<double>(bin) / bins) : u.end();
    counts.push_back(static_cast<std::size_t>(last - first));
    first = last;
  }
  return counts;
}

double uniformity_p_value(std::span<const double> u, int bins) {
  if (bins < 2) throw InputError(fmt::format("uniformity: bins is {} (allowed: 2 or more)", bins));
  const int used = static_cast<int>(std::min(static_cast<std::size_t>(bins), u.size() / 5));
  if (used < 2) return std::numeric_limits<double>::quiet_NaN();
  const double expected = static_cast<double>(u.size()) / used;
  double chi_square = 0;
  for (const std::size_t count : histogram(u, used)) {
    const double excess = static_cast<double>(count) - expected;
    chi_square += excess * excess / expected;
  }
  // Q(k/2, chi^2/2), the regularised upper incomplete gamma function, is the chi-square law's upper tail.
  return Eigen::numext::igammac(0.5 * (used - 1), 0.5 * chi_square);
}

double energy_distance(SampleStatistics& statistics, std::span<const float> x, std::span<const float> y,
                       int dimension) {
  if (dimension < 1) throw InputError(fmt::format("energy distance: dimension is {} (allowed: 1 or more)", dimension));
  const std::size_t columns = static_cast<std::size_t>(dimension);
  for (const auto& sample : {x, y}) {
    if (sample.size() < 2 * columns || sample.size() % columns != 0) {
      throw InputError(fmt::format("energy distance: {} numbers are no 2 or more rows of {}", sample.size(), columns));
    }
    for (const float value : sample) {
      if (!std::isfinite(value)) throw InputError(fmt::format("energy distance: {} is not finite", value));
    }
  }
  const std::size_t x_rows = x.size() / columns, y_rows = y.size() / columns;
  const auto n = static_cast<double>(x_rows), m = static_cast<double>(y_rows);
  const DistanceSums sums = distance_sums(statistics, x, y, columns);
  return 2 * (sums.between / (n * m) - sums.within_x / (n * (n - 1)) - sums.within_y / (m * (m - 1)));
}

}  // namespace alfi
