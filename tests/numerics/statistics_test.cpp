// The statistics against known values, against their definitions on small samples, and on simulated samples: intervals
// cover, p-values are uniform under the null and small for a biased or overconfident proposal.
#include "src/numerics/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "alfi/error.hpp"

namespace alfi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// u of `count` truths drawn from N(bias, spread) and judged by N(0, 1), in order.
std::vector<double> draw_u(std::size_t count, double bias, double spread, std::mt19937_64& generator) {
  std::normal_distribution<double> truth(bias, spread);
  std::vector<double> u(count);
  for (double& v : u) v = normal_cdf(truth(generator));
  std::sort(u.begin(), u.end());
  return u;
}

TEST(Normal, HasTheKnownValues) {
  // Abramowitz and Stegun, tables 26.1 and 26.2, and the tail's asymptotic value; rounding of erfc is a few ulp.
  EXPECT_DOUBLE_EQ(normal_cdf(0), 0.5);
  EXPECT_NEAR(normal_cdf(1), 0.841344746068542949, 1e-15);
  EXPECT_NEAR(normal_cdf(-1.96), 0.024997895148220435, 1e-16);
  EXPECT_NEAR(normal_cdf(-10) / 7.619853024160526e-24, 1, 1e-13);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054235, 1e-14);
  EXPECT_NEAR(normal_quantile(0.9), 1.281551565544600467, 1e-14);
  EXPECT_EQ(normal_quantile(0.5), 0);
  EXPECT_EQ(normal_quantile(0), -infinity);
  EXPECT_EQ(normal_quantile(1), infinity);
  for (double p = 1e-12; p < 1; p *= 3) EXPECT_NEAR(normal_cdf(normal_quantile(p)) / p, 1, 1e-13) << p;
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  const std::vector<double> values{1, 3, 4, 7};
  EXPECT_EQ(quantile(values, 0), 1);
  EXPECT_EQ(quantile(values, 1), 7);
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 3.5);
  EXPECT_DOUBLE_EQ(quantile(values, 0.9), 4 + 0.7 * 3);
  EXPECT_EQ(quantile(std::vector<double>{2}, 0.3), 2);
  EXPECT_THROW(quantile({}, 0.5), InputError);
  EXPECT_THROW(quantile(values, 1.5), InputError);
}

TEST(Bootstrap, IsDeterministicAndDependsOnTheSeed) {
  const std::vector<double> values{1, 5, 2, 8, 3, 3, 9, 0, 4, 1.5};
  const Interval first = bootstrap_mean(host_statistics(), values, 200, 7),
                 second = bootstrap_mean(host_statistics(), values, 200, 7);
  EXPECT_EQ(first.lower, second.lower);
  EXPECT_EQ(first.upper, second.upper);
  EXPECT_DOUBLE_EQ(first.estimate, 3.65);
  const Interval other = bootstrap_mean(host_statistics(), values, 200, 8);
  EXPECT_TRUE(first.lower != other.lower || first.upper != other.upper);
}

TEST(Bootstrap, OfConstantValuesIsAPoint) {
  const std::vector<double> values(50, 2.5), doubles(50, 5);
  const Interval mean = bootstrap_mean(host_statistics(), values, 100, 1),
                 ratio = bootstrap_ratio(host_statistics(), values, doubles, 100, 1);
  EXPECT_EQ(mean.lower, 2.5);
  EXPECT_EQ(mean.upper, 2.5);
  EXPECT_EQ(ratio.lower, 0.5);
  EXPECT_EQ(ratio.upper, 0.5);
}

TEST(Bootstrap, ResamplesWithReplacement) {
  // Means of resamples have variance (1/n) sum (v - mean)^2 / n: without replacement it would be 0, and an interval
  // from subsamples would be wider. Gaussian quantiles at n = 5000; 4000 resamples give the width to about 3 %.
  std::mt19937_64 generator(1);
  std::vector<double> values(5000);
  for (double& v : values) v = std::normal_distribution<double>(3, 2)(generator);
  for (const double level : {0.5, 0.95}) {
    const Interval interval = bootstrap_mean(host_statistics(), values, 4000, 2, level);
    const double width = 2 * normal_quantile(0.5 * (1 + level)) * 2 / std::sqrt(5000.0);
    EXPECT_NEAR(interval.upper - interval.lower, width, 0.08 * width) << level;
    EXPECT_NEAR(0.5 * (interval.upper + interval.lower), interval.estimate, 0.08 * width) << level;
  }
}

TEST(Bootstrap, IntervalsCoverTheTruthAsOftenAsTheySay) {
  std::mt19937_64 generator(3);
  constexpr int samples = 400;
  int mean_covered = 0, ratio_covered = 0;
  double paired_width = 0, unpaired_width = 0;
  for (int i = 0; i < samples; ++i) {
    std::vector<double> error(200), reference(200), independent(200);
    for (std::size_t k = 0; k < error.size(); ++k) {
      const double hardness = std::exponential_distribution<double>(1)(generator);
      reference[k] = hardness * (1 + 0.2 * std::normal_distribution<double>()(generator));
      error[k] = 1.3 * hardness * (1 + 0.2 * std::normal_distribution<double>()(generator));
      independent[k] = std::exponential_distribution<double>(1)(generator);
    }
    const Interval mean = bootstrap_mean(host_statistics(), error, 400, static_cast<std::uint64_t>(i), 0.9);
    mean_covered += mean.lower <= 1.3 && 1.3 <= mean.upper;
    const Interval ratio =
        bootstrap_ratio(host_statistics(), error, reference, 400, static_cast<std::uint64_t>(i), 0.9);
    ratio_covered += ratio.lower <= 1.3 && 1.3 <= ratio.upper;
    const Interval unpaired =
        bootstrap_ratio(host_statistics(), error, independent, 400, static_cast<std::uint64_t>(i), 0.9);
    paired_width += ratio.upper - ratio.lower;
    unpaired_width += unpaired.upper - unpaired.lower;
  }
  // 400 samples give a coverage of 0.90 within 0.015; three of that, on a percentile interval that is itself about 0.01
  // low.
  EXPECT_NEAR(static_cast<double>(mean_covered) / samples, 0.9, 0.055);
  EXPECT_NEAR(static_cast<double>(ratio_covered) / samples, 0.9, 0.055);
  // Relative variances per episode: 2 * 0.2^2 * 2 paired, 2 * 1 unpaired.
  EXPECT_LT(3 * paired_width, unpaired_width) << "pairs must be drawn together";
}

TEST(Bootstrap, RefusesNothingAndUnequalNumbers) {
  const std::vector<double> three{1, 2, 3}, two{1, 2};
  EXPECT_THROW(bootstrap_mean(host_statistics(), {}, 10, 1), InputError);
  EXPECT_THROW(bootstrap_mean(host_statistics(), three, 0, 1), InputError);
  EXPECT_THROW(bootstrap_ratio(host_statistics(), three, two, 10, 1), InputError);
}

TEST(Bootstrap, OfRatiosOfZerosHasNoInterval) {
  const std::vector<double> numerator{0, 1}, denominator{0, 1};
  const Interval interval = bootstrap_ratio(host_statistics(), numerator, denominator, 100, 1);
  EXPECT_EQ(interval.estimate, 1);
  EXPECT_TRUE(std::isnan(interval.lower));
  EXPECT_TRUE(std::isnan(interval.upper));
}

TEST(Coverage, CountsTheCentralInterval) {
  const std::vector<double> u{0.01, 0.1, 0.3, 0.5, 0.7, 0.95};
  EXPECT_DOUBLE_EQ(coverage(u, 0.5), 3.0 / 6);
  EXPECT_DOUBLE_EQ(coverage(u, 0.9), 5.0 / 6);
  EXPECT_DOUBLE_EQ(coverage(u, 1), 1);
  EXPECT_TRUE(std::isnan(coverage({}, 0.5)));
}

TEST(Coverage, IsNominalForTheRightProposalAndLowForANarrowOne) {
  std::mt19937_64 generator(4);
  constexpr std::size_t count = 20000;
  const std::vector<double> right = draw_u(count, 0, 1, generator), narrow = draw_u(count, 0, 2, generator);
  for (const double p : {0.5, 0.8, 0.9, 0.95}) {
    const double tolerance = 4 * std::sqrt(p * (1 - p) / count);  // four standard errors
    EXPECT_NEAR(coverage(right, p), p, tolerance);
    EXPECT_NEAR(coverage(narrow, p), 2 * normal_cdf(normal_quantile(0.5 * (1 + p)) / 2) - 1, tolerance);
  }
}

TEST(Histogram, PutsBothEndsIntoABin) {
  EXPECT_EQ(histogram(std::vector<double>{0, 0.1, 0.25, 0.5, 0.999, 1}, 4), (std::vector<std::size_t>{2, 1, 1, 2}));
  EXPECT_THROW(histogram(std::vector<double>{1.01}, 4), InputError);
  EXPECT_THROW(histogram(std::vector<double>{std::nan("")}, 4), InputError);
  EXPECT_THROW(histogram(std::vector<double>{0.5}, 0), InputError);
}

TEST(Uniformity, HasChiSquaresKnownTail) {
  // Counts 8, 12, 10 in 3 bins: chi^2 = 0.8 with 2 degrees of freedom, whose tail is exp(-chi^2 / 2).
  std::vector<double> u;
  for (const auto& [value, times] : {std::pair{0.1, 8}, {0.5, 12}, {0.9, 10}})
    u.insert(u.end(), static_cast<std::size_t>(times), value);
  EXPECT_NEAR(uniformity_p_value(u, 3), std::exp(-0.4), 1e-13);
  // Counts 2, 18 in 2 bins: chi^2 = 12.8 with 1 degree of freedom, whose tail is erfc(sqrt(chi^2 / 2)).
  u.assign(2, 0.2);
  u.insert(u.end(), 18, 0.8);
  EXPECT_NEAR(uniformity_p_value(u, 2), std::erfc(std::sqrt(6.4)), 1e-15);
  // 20 values allow 4 bins of 5 expected, whatever was asked for.
  EXPECT_EQ(uniformity_p_value(u, 20), uniformity_p_value(u, 4));
  EXPECT_TRUE(std::isnan(uniformity_p_value(std::vector<double>(9, 0.5), 20)));
  EXPECT_THROW(uniformity_p_value(u, 1), InputError);
}

TEST(Uniformity, IsCalibratedUnderTheNull) {
  // The p-values of right proposals are themselves uniform: the Kolmogorov-Smirnov distance of 2000 of them stays below
  // its 0.1 % point, 1.95 / sqrt(2000), and a little for chi-square being discrete.
  std::mt19937_64 generator(5);
  std::vector<double> p;
  for (int i = 0; i < 2000; ++i) p.push_back(uniformity_p_value(draw_u(1000, 0, 1, generator), 20));
  std::sort(p.begin(), p.end());
  double distance = 0;
  for (std::size_t k = 0; k < p.size(); ++k) {
    const double low = static_cast<double>(k) / 2000, high = static_cast<double>(k + 1) / 2000;
    distance = std::max({distance, p[k] - low, high - p[k]});
  }
  EXPECT_LT(distance, 1.95 / std::sqrt(2000.0) + 0.005);
}

TEST(Uniformity, SeesABiasedATooNarrowAndATooWideProposal) {
  std::mt19937_64 generator(6);
  EXPECT_LT(uniformity_p_value(draw_u(5000, 0.15, 1, generator), 20), 1e-4) << "biased by 0.15 deviations";
  EXPECT_LT(uniformity_p_value(draw_u(5000, 0, 1.15, generator), 20), 1e-4) << "15 % too narrow";
  EXPECT_LT(uniformity_p_value(draw_u(5000, 0, 0.87, generator), 20), 1e-4) << "15 % too wide";
}

/// The definition, over all distinct pairs, for any dimension.
double energy_distance_by_definition(const std::vector<float>& x, const std::vector<float>& y, std::size_t dimension) {
  const auto average = [&](const std::vector<float>& a, const std::vector<float>& b, bool distinct) {
    double sum = 0, pairs = 0;
    for (std::size_t i = 0; i < a.size() / dimension; ++i) {
      for (std::size_t j = 0; j < b.size() / dimension; ++j) {
        if (distinct && i == j) continue;
        double squared = 0;
        for (std::size_t d = 0; d < dimension; ++d) {
          squared += std::pow(static_cast<double>(a[i * dimension + d]) - static_cast<double>(b[j * dimension + d]), 2);
        }
        sum += std::sqrt(squared);
        pairs += 1;
      }
    }
    return sum / pairs;
  };
  return 2 * average(x, y, false) - average(x, x, true) - average(y, y, true);
}

std::vector<float> draw_normal(std::size_t count, float mean, float deviation, std::mt19937_64& generator) {
  std::normal_distribution<float> normal(mean, deviation);
  std::vector<float> x(count);
  for (float& v : x) v = normal(generator);
  return x;
}

TEST(EnergyDistance, AgreesWithItsDefinition) {
  // By hand: pairs of {0, 2} and {1, 4}: 2 * (1 + 4 + 1 + 2) / 4 - 2 - 3 = -1.
  EXPECT_DOUBLE_EQ(energy_distance(host_statistics(), std::vector<float>{2, 0}, std::vector<float>{1, 4}, 1), -1);
  // By hand in the plane: (0,0), (3,4) against itself: 2 * (0 + 5 + 5 + 0) / 4 - 5 - 5 = -5.
  const std::vector<float> two_points{0, 0, 3, 4};
  EXPECT_DOUBLE_EQ(energy_distance(host_statistics(), two_points, two_points, 2), -5);
  std::mt19937_64 generator(7);
  for (const std::size_t dimension : {1u, 2u, 5u}) {
    std::vector<float> x = draw_normal(37 * dimension, 1000, 1, generator);
    const std::vector<float> y = draw_normal(52 * dimension, 1001, 2, generator);
    x[dimension] = x[0];  // ties happen: counts
    const double expected = energy_distance_by_definition(x, y, dimension);
    // Sums of at most 89^2 / 2 terms near 1000, relative rounding 1e-16 each, over 37 * 52 pairs.
    EXPECT_NEAR(energy_distance(host_statistics(), x, y, static_cast<int>(dimension)), expected, 1e-11) << dimension;
    EXPECT_NEAR(energy_distance(host_statistics(), y, x, static_cast<int>(dimension)), expected, 1e-11) << dimension;
  }
}

TEST(EnergyDistance, IsUnbiased) {
  // E|N(d, 2)| for the difference of two unit Gaussians, second argument the variance:
  // 2/sqrt(pi) exp(-d^2/4) + d (1 - 2 Phi(-d / sqrt 2)).
  const auto gap = [](double d) {
    return 2 / std::sqrt(std::numbers::pi) * std::exp(-d * d / 4) + d * (1 - 2 * normal_cdf(-d / std::sqrt(2.0)));
  };
  std::mt19937_64 generator(8);
  for (const float shift : {0.f, 0.5f}) {
    double sum = 0, squares = 0;
    constexpr int repeats = 2000;
    for (int i = 0; i < repeats; ++i) {
      const double d =
          energy_distance(host_statistics(), draw_normal(20, 0, 1, generator), draw_normal(30, shift, 1, generator), 1);
      sum += d;
      squares += d * d;
    }
    const double mean = sum / repeats, error = std::sqrt((squares / repeats - mean * mean) / repeats);
    // Four standard errors, 0.01; the V-statistic would be off by (1/20 + 1/30) * 2 / sqrt(pi) = 0.09.
    EXPECT_NEAR(mean, 2 * gap(static_cast<double>(shift)) - 2 * gap(0), 4 * error);
    EXPECT_LT(error, 0.005);
  }
}

TEST(EnergyDistance, RefusesTooFewPartialAndInfiniteRows) {
  const std::vector<float> good{1, 2, 3, 4}, one{1}, partial{1, 2, 3}, bad{1, std::numeric_limits<float>::infinity()};
  EXPECT_THROW(energy_distance(host_statistics(), good, one, 1), InputError);
  EXPECT_THROW(energy_distance(host_statistics(), good, partial, 2), InputError);
  EXPECT_THROW(energy_distance(host_statistics(), bad, good, 1), InputError);
  EXPECT_THROW(energy_distance(host_statistics(), good, good, 0), InputError);
}

}  // namespace
}  // namespace alfi
