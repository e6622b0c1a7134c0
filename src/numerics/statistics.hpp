// The statistics of an evaluation: bootstrap intervals, coverage, calibration, energy distance.
//
// Calibration looks at u = Phi((theta* - mu) / sigma), theta*'s place in a proposal N(mu, sigma): the limit, for many
// draws, of the rank of theta* among draws from the proposal. If the proposal is the posterior, u is uniform on [0, 1]
// (Talts, Betancourt, Simpson, Vehtari, Gelman 2018, arXiv 1804.06788).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "src/numerics/sample_statistics.hpp"

namespace alfi {

/// Returns the distribution function of N(0, 1), to full relative precision in the lower tail too, and its inverse
/// (-infinity at 0, infinity at 1).
double normal_cdf(double z);
double normal_quantile(double p);

/// Returns the p-quantile of values in ascending order, p in [0, 1], interpolated linearly between order statistics
/// (Hyndman and Fan 1996, type 7). Throws InputError for no values.
double quantile(std::span<const double> sorted, double p);

/// An estimate with its interval.
struct Interval {
  double estimate, lower, upper;
};

/// Returns the mean of the values with its percentile bootstrap interval: the (1 -+ level) / 2 quantiles of the means
/// of `resamples` samples drawn from the values with replacement. A seed gives one interval. Throws InputError for no
/// values or no resamples.
Interval bootstrap_mean(SampleStatistics& statistics, std::span<const double> values, int resamples, std::uint64_t seed,
                        double level = 0.95);

/// Finds the interval of mean(numerator) / mean(denominator), two values per episode: pairs are drawn together, so what
/// the two have in common (how hard an episode is) does not widen the interval.
Interval bootstrap_ratio(SampleStatistics& statistics, std::span<const double> numerator,
                         std::span<const double> denominator, int resamples, std::uint64_t seed, double level = 0.95);

// The following take u in ascending order: they count by the ranks of their bounds.

/// Returns the fraction of truths inside the central p-interval of their proposal, (1 - p) / 2 to (1 + p) / 2. NaN for
/// no values.
double coverage(std::span<const double> u, double p);

/// Counts the values that fall into each of `bins` equal parts of [0, 1], the lower end belonging to a part, 1 to the
/// last: the histogram of simulation-based calibration. Throws InputError for a value outside [0, 1].
std::vector<std::size_t> histogram(std::span<const double> u, int bins);

/// Returns the probability, were u uniform, of a histogram at least as uneven as this one: Pearson's chi-square with
/// bins - 1 degrees of freedom. It takes fewer bins where one would expect fewer than 5 values in each, and is NaN
/// below 10 values, where nothing can be said.
double uniformity_p_value(std::span<const double> u, int bins);

/// Estimates 2 E|x - y| - E|x - x'| - E|y - y'| between the laws of two samples, 0 where they are equal (Szekely and
/// Rizzo 2013, J. Stat. Plan. Inference 143, 1249). This is the U-statistic, averages over distinct pairs: without
/// bias, so that a mean over episodes is 0 for equal laws at any sample size; one value may be negative. x is (n, X), y
/// is (m, X), row by row, n and m >= 2. Takes O((n + m) log(n + m)) for X = 1, else O((n + m)^2 X). Throws InputError
/// for fewer rows, a partial row, or a value that is not finite.
double energy_distance(SampleStatistics& statistics, std::span<const float> x, std::span<const float> y, int dimension);

}  // namespace alfi
