// Numbers against the law they are to follow, written down in double: chi-square over counts or over 4096 equally
// likely intervals, Kolmogorov and Smirnov's distance at their ends, mean and variance.
//
// A test of a law rejects at p < 1e-5. There are about 1,200 of them in a program, so that right samplers fail one of
// the fixed seeds with probability 0.012. Means and variances are held to 5 standard errors (p = 6e-7).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace alfi::test::laws {

/// Returns the upper tail of the chi-square law by Wilson and Hilferty's cube root, as a standard normal number.
inline double chi_square_score(double statistic, double freedom) {
  const double shrink = 2 / (9 * freedom);
  return (std::cbrt(statistic / freedom) - (1 - shrink)) / std::sqrt(shrink);
}
inline constexpr double score_bound = 4.265;                             // p = 1e-5
inline const double distance_bound = std::sqrt(std::log(2 / 1e-5) / 2);  // bound of √n D, p = 1e-5

struct LawMoments {
  double mean, variance, fourth;  ///< fourth central moment
};

/// Expects mean and variance within 5 standard errors.
inline void expect_moments(const std::vector<float>& x, const LawMoments& law, const std::string& what) {
  const double n = static_cast<double>(x.size());
  double sum = 0, squares = 0;
  for (const float value : x) sum += value - law.mean;
  for (const float value : x) squares += (value - law.mean) * (value - law.mean);
  EXPECT_LE(std::fabs(sum / n), 5 * std::sqrt(law.variance / n)) << what;
  EXPECT_LE(std::fabs(squares / n - law.variance), 5 * std::sqrt((law.fourth - law.variance * law.variance) / n))
      << what;
}

/// Returns cdf(x): where x follows the law of this distribution function, uniform on [0, 1].
template <class Cdf>
std::vector<double> places_in(const std::vector<float>& x, Cdf cdf) {
  std::vector<double> places(x.size());
  std::transform(x.begin(), x.end(), places.begin(), [&](float value) { return cdf(static_cast<double>(value)); });
  return places;
}

inline void expect_uniform(const std::vector<double>& places, const std::string& what) {
  constexpr int bins = 4096;
  std::vector<int> count(bins);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double u = places[i];
    ASSERT_TRUE(u >= -1e-6 && u <= 1 + 1e-6) << what << ": number " << i << " lies outside the support, F = " << u;
    ++count[static_cast<std::size_t>(std::clamp(u * bins, 0.0, bins - 1.0))];
  }
  const double n = static_cast<double>(places.size()), expected = n / bins;
  double statistic = 0, below = 0, distance = 0;
  for (int i = 0; i < bins; ++i) {
    const double c = count[static_cast<std::size_t>(i)];
    statistic += (c - expected) * (c - expected) / expected;
    below += c;
    distance = std::max(distance, std::fabs(below / n - (i + 1.0) / bins));
  }
  EXPECT_LE(chi_square_score(statistic, bins - 1), score_bound) << what;
  EXPECT_LE(std::sqrt(n) * distance, distance_bound) << what;
}

/// x of a continuous law with the given distribution function.
template <class Cdf>
inline void expect_continuous(const std::vector<float>& x, Cdf cdf, const std::string& what) {
  expect_uniform(places_in(x, cdf), what);
}

/// Expects counts from first to last with probability(k).
template <class Probability>
void expect_counts(const std::vector<float>& x, double first, double last, Probability probability,
                   const std::string& what) {
  const double n = static_cast<double>(x.size());
  std::vector<double> count(static_cast<std::size_t>(last - first) + 1);
  for (const float value : x) {
    ASSERT_TRUE(value == std::floor(value) && value >= first && value <= last) << what << ": " << value;
    count[static_cast<std::size_t>(value - first)] += 1;
  }
  // Each count is a cell of its own; in the tails, where fewer than 10 are expected, they are taken together.
  double statistic = 0, cells = 0, cell_expected = 0, cell_count = 0, left = n, left_count = n;
  for (std::size_t i = 0; i < count.size(); ++i) {
    cell_expected += n * probability(first + static_cast<double>(i));
    cell_count += count[i];
    if (cell_expected >= 10 && left - cell_expected >= 10) {
      statistic += (cell_count - cell_expected) * (cell_count - cell_expected) / cell_expected;
      cells += 1;
      left -= cell_expected;
      left_count -= cell_count;
      cell_expected = cell_count = 0;
    }
  }
  if (cells > 0) {
    statistic += (left_count - left) * (left_count - left) / left;
    EXPECT_LE(chi_square_score(statistic, cells), score_bound) << what;
  }
}

/// A continuous law given by its density up to a factor: the distribution function by Simpson's rule between nodes.
class TabulatedLaw {
 public:
  /// log_density(t) over [low, high], outside of which there is nothing that counts.
  template <class LogDensity>
  TabulatedLaw(double low, double high, LogDensity log_density) : low_(low), step_((high - low) / nodes) {
    double most = -INFINITY;
    for (int i = 0; i <= nodes; ++i) most = std::max(most, log_density(low + i * step_));
    const auto density = [&](double t) { return std::exp(log_density(t) - most); };
    cdf_.push_back(0);
    for (int i = 0; i < nodes; ++i) {
      const double t = low + i * step_;
      const double piece = (density(t) + 4 * density(t + step_ / 2) + density(t + step_)) / 6;
      cdf_.push_back(cdf_.back() + piece);
      pieces_.push_back(piece);
    }
  }

  double operator()(double t) const {
    const double place = std::clamp((t - low_) / step_, 0.0, nodes - 1e-9);
    const auto i = static_cast<std::size_t>(place);
    return (cdf_[i] + pieces_[i] * (place - std::floor(place))) / cdf_.back();
  }

 private:
  static constexpr int nodes = 1 << 17;
  double low_, step_;
  std::vector<double> cdf_, pieces_;
};

}  // namespace alfi::test::laws
