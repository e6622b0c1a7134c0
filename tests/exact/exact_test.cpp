// Exact inference against brute force (Simpson's rule on the whole prior, likelihood straight from the densities),
// limits known in closed form, symmetries, and the floors of the error and of the loss on simulated problems.
#include "src/exact/exact.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <random>

#include "alfi/error.hpp"
#include "alfi/simulators.hpp"
#include "src/numerics/quadrature.hpp"

namespace alfi {
namespace {

using Box = std::vector<std::pair<double, double>>;
using LogLikelihood = std::function<double(const std::vector<double>&)>;

const Box poisson_prior{{0.2, 7}}, gaussian_prior{{-10, 10}, {-2, 1.5}}, weinberg_prior{{40, 50}, {0.5, 1.5}},
    multi_prior{{-3, 3}, {-3, 3}, {-3, 3}};

/// Returns the prior of `inputs` angles and the offset.
Box regression_prior(std::size_t inputs) {
  Box box(inputs, {0, std::numbers::pi / 2});
  box.emplace_back(-1, 1);
  return box;
}

struct Posterior {
  std::vector<double> mean, deviation;
  std::vector<double> correlation;  ///< (D, D)
};

/// Computes the oracle: Simpson's rule with `cells` (even) cells a dimension over a box.
Posterior brute_force(const Box& box, int cells, const LogLikelihood& log_likelihood) {
  const std::size_t dimensions = box.size();
  const auto simpson = [&](int i) { return i == 0 || i == cells ? 1.0 : i % 2 == 1 ? 4.0 : 2.0; };
  struct Point {
    std::vector<double> theta;
    double weight, log_likelihood;
  };
  std::vector<Point> points;
  double top = -std::numeric_limits<double>::infinity();
  for (std::vector<int> place(dimensions, 0); place.back() <= cells;) {
    Point point{{}, 1, 0};
    for (std::size_t d = 0; d < dimensions; ++d) {
      point.theta.push_back(box[d].first + (box[d].second - box[d].first) * place[d] / cells);
      point.weight *= simpson(place[d]);
    }
    point.log_likelihood = log_likelihood(point.theta);
    top = std::max(top, point.log_likelihood);
    points.push_back(std::move(point));
    ++place[0];
    for (std::size_t d = 0; d + 1 < dimensions && place[d] > cells; ++d) {
      place[d] = 0;
      ++place[d + 1];
    }
  }
  double sum = 0;
  for (Point& point : points) sum += point.weight *= std::exp(point.log_likelihood - top);
  Posterior posterior;
  posterior.mean.assign(dimensions, 0);
  for (const Point& point : points)
    for (std::size_t d = 0; d < dimensions; ++d) posterior.mean[d] += point.weight / sum * point.theta[d];
  const auto covariance = [&](std::size_t i, std::size_t j) {
    double products = 0;
    for (const Point& point : points)
      products += point.weight / sum * (point.theta[i] - posterior.mean[i]) * (point.theta[j] - posterior.mean[j]);
    return products;
  };
  for (std::size_t d = 0; d < dimensions; ++d) posterior.deviation.push_back(std::sqrt(covariance(d, d)));
  for (std::size_t i = 0; i < dimensions; ++i)
    for (std::size_t j = 0; j < dimensions; ++j)
      posterior.correlation.push_back(covariance(i, j) / (posterior.deviation[i] * posterior.deviation[j]));
  return posterior;
}

void expect_close(const Exact& exact, const Posterior& expected, double relative) {
  ASSERT_EQ(exact.posterior_mean.size(), expected.mean.size());
  ASSERT_EQ(exact.posterior_deviation.size(), expected.mean.size());
  for (std::size_t d = 0; d < expected.mean.size(); ++d) {
    // A mean is as good as the deviation allows to tell.
    EXPECT_NEAR(exact.posterior_mean[d], expected.mean[d], relative * expected.deviation[d]) << "dimension " << d;
    EXPECT_NEAR(exact.posterior_deviation[d], expected.deviation[d], relative * expected.deviation[d])
        << "dimension " << d;
  }
  // No correlation is given where parameters are independent.
  for (std::size_t i = 0; i < expected.correlation.size(); ++i) {
    const bool itself = i / expected.mean.size() == i % expected.mean.size();
    const double found = exact.posterior_correlation.empty() ? (itself ? 1 : 0) : exact.posterior_correlation.at(i);
    EXPECT_NEAR(found, expected.correlation[i], relative) << "pair " << i;
  }
}

double weinberg_a(double energy, double fermi) { return 2 * std::tanh(10 * (2 * energy - 90) / 90) * fermi; }

/// Returns the log of the integral of max(0, 1 + c^2 + a c), by Simpson's rule: no formula shared with the code.
double weinberg_log_normalisation(double a) {
  constexpr int cells = 2000;
  double sum = 0;
  for (int i = 0; i <= cells; ++i) {
    const double c = -1 + 2.0 * i / cells;
    sum += (i == 0 || i == cells ? 1 : i % 2 == 1 ? 4 : 2) * std::max(0.0, 1 + c * c + a * c);
  }
  return std::log(sum * 2 / cells / 3);
}

double poisson_log_likelihood(const std::vector<float>& x, double theta) {
  double sum = 0;
  for (const double k : x) sum += k * theta - std::exp(theta) - std::lgamma(k + 1);
  return sum;
}

double gaussian_log_likelihood(const std::vector<float>& x, double mu, double s) {
  double sum = 0;
  for (const double value : x) sum += -0.5 * std::pow((value - mu) / std::exp(s), 2) - s;
  return sum;
}

double weinberg_log_likelihood(const std::vector<float>& x, double energy, double fermi) {
  const double a = weinberg_a(energy, fermi);
  double sum = -static_cast<double>(x.size()) * weinberg_log_normalisation(a);
  for (const double c : x) sum += std::log(std::max(0.0, 1 + c * c + a * c));
  return sum;
}

float draw_cosine(double a, std::mt19937_64& generator) {
  std::uniform_real_distribution<double> cosine(-1, 1), height(0, 2 + std::abs(a));
  for (;;) {
    const double c = cosine(generator);
    if (height(generator) < 1 + c * c + a * c) return static_cast<float>(c);
  }
}

std::vector<float> draw_cosines(double a, int count, std::mt19937_64& generator) {
  std::vector<float> x;
  for (int i = 0; i < count; ++i) x.push_back(draw_cosine(a, generator));
  return x;
}

using Components = Eigen::Matrix<double, 5, 1>;

/// x = A z.
const Eigen::Matrix<double, 5, 5> mixing =
    (Eigen::Matrix<double, 5, 5>() << 1.31229955, 0.10499961, 0.48310515, -0.3249938, -0.26387927,  //
     0.10499961, 1.15833058, -0.55865473, 0.25275522, -0.39790775,                                  //
     0.48310515, -0.55865473, 2.25874579, -0.52087938, -0.39271231,                                 //
     -0.3249938, 0.25275522, -0.52087938, 1.4034925, -0.63521059,                                   //
     -0.26387927, -0.39790775, -0.39271231, -0.63521059, 1)
        .finished();

std::vector<float> mixed(const std::vector<Components>& z) {
  std::vector<float> x;
  for (const Components& components : z)
    for (const double value : Components(mixing * components)) x.push_back(static_cast<float>(value));
  return x;
}

std::vector<Components> draw_components(const std::vector<double>& theta, int count, std::mt19937_64& generator) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<Components> z;
  for (int i = 0; i < count; ++i) {
    const bool left = uniform(generator) < 0.5;
    z.emplace_back(theta[0] + normal(generator), 3 + std::exp(theta[1] / 3) * normal(generator),
                   left ? -2 + normal(generator) : 2 + 0.5 * normal(generator),
                   -5 + (theta[2] + 5) * uniform(generator), -2 * std::log1p(-uniform(generator)));
  }
  return z;
}

/// Returns the log likelihood without terms that do not depend on theta.
double multi_log_likelihood(const std::vector<Components>& z, const std::vector<double>& theta) {
  double sum = 0;
  for (const Components& component : z) {
    const double deviation = std::exp(theta[1] / 3);
    sum -= 0.5 * std::pow(component[0] - theta[0], 2);
    sum -= 0.5 * std::pow((component[1] - 3) / deviation, 2) + std::log(deviation);
    sum -= component[3] <= theta[2] ? std::log(theta[2] + 5) : INFINITY;
  }
  return sum;
}

/// Returns the slope of an angle: beyond 1.57 the simulator takes 1.57.
double slope_of(double angle) { return std::tan(std::min(angle, double{1.57f})); }

std::vector<float> draw_regression(const std::vector<double>& theta, int count, std::mt19937_64& generator,
                                   double noise = 0.1) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::normal_distribution<double> normal;
  std::vector<float> x;
  for (int i = 0; i < count; ++i) {
    double y = theta.back() + noise * normal(generator);
    for (std::size_t k = 0; k + 1 < theta.size(); ++k) {
      x.push_back(static_cast<float>(uniform(generator)));
      y += slope_of(theta[k]) * static_cast<double>(x.back());
    }
    x.push_back(static_cast<float>(y));
  }
  return x;
}

double regression_log_likelihood(const std::vector<float>& x, const std::vector<double>& theta) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); i += theta.size()) {
    double rest = static_cast<double>(x[i + theta.size() - 1]) - theta.back();
    for (std::size_t k = 0; k + 1 < theta.size(); ++k) rest -= slope_of(theta[k]) * static_cast<double>(x[i + k]);
    sum -= 0.5 * std::pow(rest / 0.1, 2);
  }
  return sum;
}

std::unique_ptr<ExactInference> exact_regression(int inputs) {
  return make_exact_inference(find_simulator("linear_regression", {{"inputs", inputs}}));
}

TEST(GaussLegendre, IntegratesPolynomialsOfDegree2nMinus1) {
  for (const std::size_t n : {1u, 2u, 5u, 24u, 64u}) {
    const GaussLegendre rule(n);
    for (std::size_t power = 0; power < 2 * n; ++power) {
      double sum = 0;
      rule.over(0, 1, [&](double x, double weight) { sum += weight * std::pow(x, power); });
      // n rounded terms of sum 1 / (power + 1), each with a pow of some ulp.
      EXPECT_NEAR(sum, 1 / (static_cast<double>(power) + 1), 1e-14) << n << " points, power " << power;
    }
  }
}

TEST(Reach, FindsTheEdgeWithinOnePercentOnBothSides) {
  for (const double edge : {1e-12, 1e-3, 0.7}) {
    for (const double sign : {-1.0, 1.0}) {
      const double found = reach(sign * 2, [&](double u) { return std::abs(u) <= edge; });
      EXPECT_GE(sign * found, edge);
      EXPECT_LE(sign * found, 1.011 * edge);
    }
  }
  EXPECT_EQ(reach(3.0, [](double) { return true; }), 3.0);
  EXPECT_EQ(reach(0.0, [](double) { return true; }), 0.0);
}

TEST(ExactPoisson, AgreesWithBruteForce) {
  const auto exact = make_exact_inference(find_simulator("poisson"));
  const std::vector<std::vector<float>> cases{{3, 5, 2}, {0},    {0, 0, 1},          {1},
                                              {1096},    {1500}, {1090, 1101, 1080}, {40, 61, 52, 38}};
  for (const auto& x : cases) {
    const Posterior expected =
        brute_force(poisson_prior, 200000, [&](const auto& theta) { return poisson_log_likelihood(x, theta[0]); });
    // Simpson with steps of 3e-5 of a posterior at least 0.002 wide, cut at an edge: about (step / width)^4.
    expect_close(exact->infer(x), expected, 1e-6);
  }
}

TEST(ExactPoisson, IsAccurateForManyObservationsInsideAtAndBeyondTheEdges) {
  const auto exact = make_exact_inference(find_simulator("poisson"));
  for (const int count : {500, 1000000}) {
    // Means of the counts below, at and above the prior's e^0.2 = 1.22 and e^7 = 1096.6.
    for (const float level : {0.f, 1.f, 2.f, 100.f, 1096.f, 1097.f, 1100.f, 5000.f}) {
      const std::vector<float> x(static_cast<std::size_t>(count), level);
      const Exact result = exact->infer(x);
      // Brute force in long double, on the part of the prior within 45 nats of the top, located by hand: mode and
      // curvature of R (level u - e^u).
      const double mode = level > 0 ? std::clamp(std::log(static_cast<double>(level)), 0.2, 7.0) : 0.2;
      const double slope = count * std::abs(level - std::exp(mode)), curvature = count * std::exp(mode);
      const double width = std::min(10 / std::sqrt(curvature), slope > 0 ? 45 / slope : 1);
      const double low = std::max(0.2, mode - width), high = std::min(7.0, mode + width);
      constexpr int cells = 20000;
      long double sum = 0, first = 0, second = 0;
      for (int i = 0; i <= cells; ++i) {
        const long double u = static_cast<long double>(low) - static_cast<long double>(mode) +
                              (static_cast<long double>(high) - static_cast<long double>(low)) * i / cells;
        const long double theta = static_cast<long double>(mode) + u;
        const long double log_density =
            count * (level * u - (std::exp(theta) - std::exp(static_cast<long double>(mode))));
        const long double weight = std::exp(log_density) * (i == 0 || i == cells ? 1 : i % 2 == 1 ? 4 : 2);
        sum += weight;
        first += weight * u;
        second += weight * u * u;
      }
      const double offset = static_cast<double>(first / sum);
      const double deviation = static_cast<double>(std::sqrt(second / sum - first * first / sum / sum));
      EXPECT_NEAR(result.posterior_deviation[0], deviation, 1e-8 * deviation) << count << " x " << level;
      // The mean itself is rounded to double: 7 * 2^-53 and a few more of the sum.
      EXPECT_NEAR(result.posterior_mean[0] - mode, offset, 1e-8 * deviation + 2e-15) << count << " x " << level;
    }
  }
}

TEST(ExactPoisson, MaximumLikelihoodIsTheLogMeanAndOfARateOfZeroWithoutCounts) {
  const auto exact = make_exact_inference(find_simulator("poisson"));
  EXPECT_DOUBLE_EQ(exact->infer(std::vector<float>{2, 3, 7}).maximum_likelihood[0], std::log(4.0));
  EXPECT_DOUBLE_EQ(exact->infer(std::vector<float>{0, 1, 0}).maximum_likelihood[0], -std::log(3.0)) << "not clamped";
  EXPECT_EQ(exact->infer(std::vector<float>{0, 0, 0}).maximum_likelihood[0], -std::numeric_limits<double>::infinity());
}

TEST(ExactGaussian, AgreesWithBruteForce) {
  const auto exact = make_exact_inference(find_simulator("gaussian"));
  const std::vector<std::vector<float>> cases{
      {3.f},           {-9.9f},          {11.f}, {0.5f, 1.5f, -0.25f}, {9.f, 10.5f, 9.75f, 11.f, 9.5f},
      {2.f, 2.f, 2.f}, {-12.f, 8.f, 1.f}};
  for (const auto& x : cases) {
    const Posterior expected = brute_force(
        gaussian_prior, 1000, [&](const auto& theta) { return gaussian_log_likelihood(x, theta[0], theta[1]); });
    // Simpson with steps of 0.04 in mu, where mu's posterior at the smallest sigma is 0.078 wide (three equal values).
    expect_close(exact->infer(x), expected, 1e-5);
  }
}

TEST(ExactGaussian, HasStudentsPosteriorFarFromTheEdges) {
  // Untruncated and flat in (mu, log sigma): (mu - m) / sqrt(v / (R - 1)) is Student-t with R - 1 degrees of freedom,
  // variance v / (R - 3); R v / sigma^2 is chi-square with R - 1, so Var(log sigma) = trigamma((R - 1) / 2) / 4.
  std::mt19937_64 generator(1);
  std::normal_distribution<float> normal(1.5f, 0.8f);
  for (const int count : {500, 100000}) {
    std::vector<float> x;
    for (int i = 0; i < count; ++i) x.push_back(normal(generator));
    const Exact exact = make_exact_inference(find_simulator("gaussian"))->infer(x);
    const double mean = exact.maximum_likelihood[0], variance = std::exp(2 * exact.maximum_likelihood[1]);
    const double r = count, half = (r - 1) / 2;
    const double deviation = std::sqrt(variance / (r - 3));
    EXPECT_NEAR(exact.posterior_mean[0], mean, 1e-9 * deviation);
    EXPECT_NEAR(exact.posterior_deviation[0], deviation, 1e-9 * deviation);
    // Asymptotic series, next terms below half^-6: digamma(z) = log z - 1/2z - 1/12z^2 + 1/120z^4.
    const double digamma = std::log(half) - 1 / (2 * half) - 1 / (12 * half * half) + 1 / (120 * std::pow(half, 4));
    const double trigamma =
        1 / half + 1 / (2 * half * half) + 1 / (6 * std::pow(half, 3)) - 1 / (30 * std::pow(half, 5));
    EXPECT_NEAR(exact.posterior_mean[1], 0.5 * (std::log(r * variance / 2) - digamma), 1e-11);
    EXPECT_NEAR(exact.posterior_deviation[1], 0.5 * std::sqrt(trigamma), 1e-9 * std::sqrt(trigamma));
  }
}

TEST(ExactGaussian, StaysFiniteWhereTheLikelihoodDoesNot) {
  const auto exact = make_exact_inference(find_simulator("gaussian"));
  const std::vector<std::vector<float>> cases{
      {0.f},        std::vector<float>(500, 4.f),   std::vector<float>(100000, -10.f),
      {10.f, 10.f}, std::vector<float>(1000, 1e6f), {1e30f, -1e30f}};
  for (const auto& x : cases) {
    const Exact result = exact->infer(x);
    for (std::size_t d = 0; d < 2; ++d) {
      EXPECT_GE(result.posterior_mean[d], gaussian_prior[d].first);
      EXPECT_LE(result.posterior_mean[d], gaussian_prior[d].second);
      EXPECT_GT(result.posterior_deviation[d], 0);
      EXPECT_LT(result.posterior_deviation[d], gaussian_prior[d].second - gaussian_prior[d].first);
    }
  }
  EXPECT_TRUE(std::isnan(exact->infer(std::vector<float>{4, 4}).maximum_likelihood[1])) << "there is none";
}

TEST(ExactGaussian, MirrorsWithTheData) {
  const auto exact = make_exact_inference(find_simulator("gaussian"));
  const Exact right = exact->infer(std::vector<float>{8, 9.5, 11}),
              left = exact->infer(std::vector<float>{-8, -9.5, -11});
  EXPECT_NEAR(right.posterior_mean[0], -left.posterior_mean[0], 1e-13);
  EXPECT_NEAR(right.posterior_mean[1], left.posterior_mean[1], 1e-13);
  EXPECT_NEAR(right.posterior_deviation[0], left.posterior_deviation[0], 1e-13);
}

TEST(ExactWeinberg, AgreesWithBruteForce) {
  const auto exact = make_exact_inference(find_simulator("weinberg"));
  std::mt19937_64 generator(2);
  std::vector<std::vector<float>> cases{{0.3f}, {-1.f}, {1.f, -1.f}, {0.f}, {-0.9f, -0.8f, -0.99f, -0.7f}};
  for (const double a : {0.0, 0.7, -1.2, 2.0}) cases.push_back(draw_cosines(a, 30, generator));
  for (const double a : {2.4, -2.2}) cases.push_back(draw_cosines(a, 100, generator));
  for (const auto& x : cases) {
    const Posterior expected = brute_force(
        weinberg_prior, 120, [&](const auto& theta) { return weinberg_log_likelihood(x, theta[0], theta[1]); });
    // Simpson with steps in a of up to 0.06, and its own normalisation; ten times below what an evaluation could see.
    expect_close(exact->infer(x), expected, 1e-4);
  }
}

TEST(ExactWeinberg, CannotTellTheSignWithoutDataOnEitherSide) {
  // c = 0 has the same density for all |a| <= 2, and a larger one beyond 2 never: the posterior is symmetric about E
  // = 45.
  const Exact result = make_exact_inference(find_simulator("weinberg"))->infer(std::vector<float>(10, 0.f));
  EXPECT_NEAR(result.posterior_mean[0], 45, 1e-12);
  EXPECT_TRUE(result.maximum_likelihood.empty());
}

TEST(ExactWeinberg, ReflectedCosinesReflectTheEnergy) {
  const auto exact = make_exact_inference(find_simulator("weinberg"));
  std::mt19937_64 generator(3);
  std::vector<float> x = draw_cosines(1.1, 500, generator);
  const Exact forward = exact->infer(x);
  for (float& c : x) c = -c;
  const Exact backward = exact->infer(x);
  EXPECT_GT(forward.posterior_mean[0], 45);
  EXPECT_NEAR(forward.posterior_mean[0] - 45, 45 - backward.posterior_mean[0], 1e-9);
  EXPECT_NEAR(forward.posterior_mean[1], backward.posterior_mean[1], 1e-9);
  EXPECT_NEAR(forward.posterior_deviation[0], backward.posterior_deviation[0], 1e-9);
}

TEST(ExactWeinberg, ManyObservationsLeaveTheRidge) {
  // With a known exactly, the posterior lies along one curve of the (E, G) box, with weight dE/da over G: here by that
  // definition, on a plain midpoint grid with a numerical derivative.
  const auto exact = make_exact_inference(find_simulator("weinberg"));
  std::mt19937_64 generator(4);
  for (const double a : {1.2, 2.1}) {
    const Exact result = exact->infer(draw_cosines(a, 1000000, generator));
    double sum = 0, energy = 0, fermi = 0, energy_squared = 0;
    constexpr int cells = 100000;
    for (int i = 0; i < cells; ++i) {
      const double g = 0.5 + (i + 0.5) / cells;
      if (a >= 2 * g) continue;
      const double e = 45 + 4.5 * std::atanh(a / (2 * g));
      if (e > 50) continue;
      const double slope = (weinberg_a(e + 1e-5, g) - weinberg_a(e - 1e-5, g)) / 2e-5;  // da/dE
      sum += 1 / slope;
      energy += e / slope;
      energy_squared += (e - 47) * (e - 47) / slope;
      fermi += g / slope;
    }
    // a is known to 0.0025, and the curve's ends move with it by at most 4 times as much in E, 0.6 in G.
    EXPECT_NEAR(result.posterior_mean[0], energy / sum, 0.03) << a;
    EXPECT_NEAR(result.posterior_mean[1], fermi / sum, 0.005) << a;
    const double deviation = std::sqrt(energy_squared / sum - std::pow(energy / sum - 47, 2));
    EXPECT_NEAR(result.posterior_deviation[0], deviation, 0.03) << a;
  }
}

TEST(ExactMultiDistribution, AgreesWithBruteForce) {
  const auto exact = make_exact_inference(find_simulator("multi_distribution"));
  std::mt19937_64 generator(10);
  // Inside, in corners where the prior cuts, and one observation, of which little is left.
  for (const auto& [theta, count] : {std::pair<std::vector<double>, int>{{0, 0, 0}, 5},
                                     {{2.9, -2.9, -2.9}, 5},
                                     {{-2.9, 2.9, 2.9}, 5},
                                     {{1, 1, -1}, 1},
                                     {{5, -5, -4.5}, 3}}) {
    std::vector<Components> z = draw_components(theta, count, generator);
    Box box = multi_prior;  // the likelihood jumps at the largest z_4, where Simpson's rule has to begin
    for (const Components& component : z) box[2].first = std::max(box[2].first, component[3]);
    const Posterior expected = brute_force(box, 80, [&](const auto& at) { return multi_log_likelihood(z, at); });
    // Simpson with steps of 0.075; what the prior leaves of the last one is 0.16 wide.
    expect_close(exact->infer(mixed(z)), expected, 2e-3);
  }
}

TEST(ExactMultiDistribution, MaximumLikelihoodIsMeanDeviationAndLargest) {
  const std::vector<Components> z{{1, 4, 7, -2, 0}, {2, 1, 7, 9, 0}};
  const auto exact = make_exact_inference(find_simulator("multi_distribution"));
  const std::vector<double> found = exact->infer(mixed(z)).maximum_likelihood;
  EXPECT_NEAR(found[0], 1.5, 1e-5);
  EXPECT_NEAR(found[1], 1.5 * std::log(2.5), 1e-5);
  EXPECT_NEAR(found[2], 9, 1e-5) << "not clamped";
}

TEST(ExactMultiDistribution, HasThePowerLawsPosterior) {
  // Far from the prior's other end, theta_3 + 5 = w is a power law from the largest, w_0, on: mean w_0 (R - 1)/(R - 2),
  // variance w_0^2 (R - 1)/((R - 2)^2 (R - 3)).
  std::mt19937_64 generator(11);
  constexpr int count = 500;
  const auto z = draw_components({0, 0, 0}, count, generator);
  double start = 0;
  for (const Components& component : z) start = std::max(start, component[3] + 5);
  const Exact found = make_exact_inference(find_simulator("multi_distribution"))->infer(mixed(z));
  const double deviation = start / (count - 2) * std::sqrt((count - 1.0) / (count - 3));
  EXPECT_NEAR(found.posterior_mean[2] + 5, start * (count - 1) / (count - 2), 1e-3 * deviation);
  EXPECT_NEAR(found.posterior_deviation[2], deviation, 1e-3 * deviation);
}

TEST(ExactMultiDistribution, StaysInThePriorWhateverTheObservations) {
  const auto exact = make_exact_inference(find_simulator("multi_distribution"));
  const std::vector<std::vector<float>> cases{std::vector<float>(5, 0.f),   std::vector<float>(5000, 0.f),
                                              {30, 30, 30, 30, 30},         {-30, -30, -30, -30, -30},
                                              {1e18f, 0, 1e18f, 0, -1e18f}, mixed({{0, 3, 0, 3, 0}})};
  for (const auto& x : cases) {
    const Exact found = exact->infer(x);
    for (std::size_t d = 0; d < 3; ++d) {
      EXPECT_GE(found.posterior_mean[d], -3);
      EXPECT_LE(found.posterior_mean[d], 3);
      EXPECT_GT(found.posterior_deviation[d], 0);
      EXPECT_LT(found.posterior_deviation[d], 6);
    }
  }
}

TEST(ExactLinearRegression, AgreesWithBruteForce) {
  std::mt19937_64 generator(13);
  const auto expect = [&](const std::vector<double>& theta, int count, int cells, double relative) {
    SCOPED_TRACE(testing::Message() << theta.size() - 1 << " inputs, " << count << " observations at " << theta[0]
                                    << ", " << theta.back());
    const std::vector<float> x = draw_regression(theta, count, generator);
    const Posterior expected = brute_force(regression_prior(theta.size() - 1), cells,
                                           [&](const auto& at) { return regression_log_likelihood(x, at); });
    expect_close(exact_regression(static_cast<int>(theta.size()) - 1)->infer(x), expected, relative);
  };
  // Inside, at edges where the prior cuts, and too few to know theta. The prior's interval has some ten steps of
  // Simpson's rule in a deviation; lattices of weights that vary are right to a hundredth.
  expect({0.6, 0.2}, 10, 1000, 0.01);
  expect({0.01, 0.99}, 10, 1000, 0.01);
  expect({0.0, -1.0}, 10, 1000, 0.01);
  expect({1.2, -0.3}, 3, 1000, 0.02);
  expect({0.9, 0.1}, 2, 1000, 0.03);
  expect({0.9, 0.1}, 1, 1000, 0.03);
  expect({0.3, 0.9, 0.1}, 6, 100, 0.02);
  expect({0.5, 0.7, -0.5}, 2, 100, 0.03);
}

TEST(ExactLinearRegression, AgreesWithBruteForceOnASteepSlope) {
  std::mt19937_64 generator(14);
  const std::vector<double> theta{1.55, 0.2};  // a slope of 48, known to 0.05: the angle to 2e-5
  const std::vector<float> x = draw_regression(theta, 10, generator);
  const Posterior expected =
      brute_force({{1.5496, 1.5504}, {-0.5, 1}}, 400, [&](const auto& at) { return regression_log_likelihood(x, at); });
  expect_close(exact_regression(1)->infer(x), expected, 0.01);
}

TEST(ExactLinearRegression, HasLeastSquaresPosteriorFromManyObservations) {
  std::mt19937_64 generator(15);
  for (const std::vector<double>& theta :
       {std::vector{0.4, 0.8, 1.2, 0.1}, {0.7, -0.6}, {0.2, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 0.4}}) {
    const int inputs = static_cast<int>(theta.size()) - 1, count = 10000;
    const std::vector<float> x = draw_regression(theta, count, generator);
    const Exact found = exact_regression(inputs)->infer(x);
    // (A^T A)^-1, by the normal equations
    const auto D = static_cast<Eigen::Index>(theta.size());
    Eigen::MatrixXd products = Eigen::MatrixXd::Zero(D, D);
    Eigen::VectorXd targets = Eigen::VectorXd::Zero(D), row(D);
    for (std::size_t i = 0; i < x.size(); i += theta.size()) {
      for (Eigen::Index k = 0; k < D; ++k) row[k] = k < D - 1 ? double{x[i + static_cast<std::size_t>(k)]} : 1;
      products += row * row.transpose();
      targets += row * static_cast<double>(x[i + theta.size() - 1]);
    }
    const Eigen::MatrixXd covariance = products.inverse() * 0.01;
    const Eigen::VectorXd slopes = products.ldlt().solve(targets);
    for (Eigen::Index d = 0; d < D; ++d) {
      const auto i = static_cast<std::size_t>(d);
      const double best = d < D - 1 ? std::atan(slopes[d]) : slopes[d];
      const double deviation = std::sqrt(covariance(d, d)) / (d < D - 1 ? 1 + slopes[d] * slopes[d] : 1);
      EXPECT_NEAR(found.maximum_likelihood[i], best, 1e-9);
      // The lattice, and the curvature of arctan over a deviation of at most 0.002.
      EXPECT_NEAR(found.posterior_mean[i], best, 0.01 * deviation) << inputs << ", " << d;
      EXPECT_NEAR(found.posterior_deviation[i], deviation, 0.01 * deviation) << inputs << ", " << d;
    }
  }
}

TEST(ExactLinearRegression, FindsTheLineWithoutNoise) {
  std::mt19937_64 generator(16);
  const std::vector<double> theta{0.3, 1.1, -0.5};
  const Exact found = exact_regression(2)->infer(draw_regression(theta, 5, generator, 0));
  for (std::size_t d = 0; d < 3; ++d) EXPECT_NEAR(found.maximum_likelihood[d], theta[d], 1e-5) << "x's rounding";
  const Exact falling = exact_regression(1)->infer(std::vector<float>{0, 3, 1, 2});
  EXPECT_NEAR(falling.maximum_likelihood[0], -std::numbers::pi / 4, 1e-12) << "not clamped";
  EXPECT_NEAR(falling.maximum_likelihood[1], 3, 1e-12) << "not clamped";
  EXPECT_TRUE(exact_regression(2)->infer(draw_regression(theta, 2, generator)).maximum_likelihood.empty());
  EXPECT_TRUE(exact_regression(1)->infer(std::vector<float>{0.5f, 1, 0.5f, 2}).maximum_likelihood.empty());
}

TEST(ExactLinearRegression, KnowsThatTheSimulatorStopsShortOfTheRightAngle) {
  // All angles beyond 1.57 have its slope, so the posterior is uniform there.
  std::mt19937_64 generator(17);
  const Exact found = exact_regression(1)->infer(draw_regression({1.5705, 0.2}, 1000, generator));
  const double width = std::numbers::pi / 2 - double{1.57f};
  EXPECT_NEAR(found.posterior_mean[0], double{1.57f} + width / 2, 0.01 * width);
  EXPECT_NEAR(found.posterior_deviation[0], width / std::sqrt(12.0), 0.01 * width);
}

TEST(ExactLinearRegression, StaysInThePriorWhateverTheObservations) {
  std::mt19937_64 generator(18);
  const std::vector<std::vector<float>> cases{{0, 0},
                                              std::vector<float>(2000, 0.f),
                                              {1e30f, 1e30f},
                                              {1, 1e30f, -1, 1e30f},
                                              {0.5f, -1e30f, 0.1f, 3},
                                              {1e-30f, 5, 1e-30f, -5},
                                              draw_regression({-0.5, 4}, 500, generator),
                                              draw_regression({0.5, -9}, 3, generator)};
  for (const auto& x : cases) {
    const Exact found = exact_regression(1)->infer(x);
    for (std::size_t d = 0; d < 2; ++d) {
      const auto [low, high] = regression_prior(1)[d];
      EXPECT_GE(found.posterior_mean[d], low - 1e-12);  // the sum of weights has a rounding
      EXPECT_LE(found.posterior_mean[d], high + 1e-12);
      EXPECT_GT(found.posterior_deviation[d], 0);
      EXPECT_LT(found.posterior_deviation[d], high - low);
    }
  }
}

// Bayes' rule on a grid, one dimension at a time: neither prior nor noise ties two of them together.
TEST(ExactGaussianLinear, AgreesWithBruteForce) {
  const auto exact = make_exact_inference(find_simulator("gaussian_linear", {{"dimensions", 2}}));
  const std::vector<float> x{0.4f, -1.5f, 0.1f, -0.25f, 0.7f, 0.0f};
  const Exact found = exact->infer(x);
  for (std::size_t d = 0; d < 2; ++d) {
    double mass = 0, first = 0, second = 0;
    for (int i = -20000; i <= 20000; ++i) {
      const double theta = i * 1e-4;
      double squares = theta * theta;
      for (std::size_t r = 0; r < 3; ++r) squares += std::pow(static_cast<double>(x[2 * r + d]) - theta, 2);
      const double weight = std::exp(-squares / 0.2);
      mass += weight, first += weight * theta, second += weight * theta * theta;
    }
    const double mean = first / mass;
    // The trapezoidal rule of a smooth function that vanishes at its ends: rounding is all there is.
    EXPECT_NEAR(found.posterior_mean[d], mean, 1e-12);
    EXPECT_NEAR(found.posterior_deviation[d], std::sqrt(second / mass - mean * mean), 1e-12);
  }
  EXPECT_NEAR(found.maximum_likelihood[0], 0.4, 1e-7);  // error from x's rounding to float
  EXPECT_NEAR(found.maximum_likelihood[1], -1.75 / 3, 1e-7);
}

/// Means over problems that an evaluation would measure with the exact answers in place of ALFI's. They are of the
/// normalised error, and of -log N(theta; posterior mean, posterior deviation) in normalised units.
struct Floors {
  double error_posterior = 0, error_likelihood = 0, loss = 0;
  double deviation_error = 0, deviation_loss = 0;  // standard errors of the two means
};

Floors floors(const ExactInference& exact, const Box& prior, int problems, std::uint64_t seed,
              const std::function<std::vector<float>(const std::vector<double>&, std::mt19937_64&)>& simulate) {
  std::mt19937_64 generator(seed);
  Floors result;
  double error_squared = 0, loss_squared = 0;
  for (int i = 0; i < problems; ++i) {
    std::vector<double> theta;
    for (const auto& [low, high] : prior) theta.push_back(std::uniform_real_distribution<double>(low, high)(generator));
    const Exact answer = exact.infer(simulate(theta, generator));
    double posterior = 0, likelihood = 0, loss = 0;
    for (std::size_t d = 0; d < prior.size(); ++d) {
      const double unit = (prior[d].second - prior[d].first) / std::sqrt(12.0);
      const double error = theta[d] - answer.posterior_mean[d], deviation = answer.posterior_deviation[d];
      posterior += std::pow(error / unit, 2);
      if (!answer.maximum_likelihood.empty())
        likelihood += std::pow((theta[d] - answer.maximum_likelihood[d]) / unit, 2);
      loss += 0.5 * std::pow(error / deviation, 2) + std::log(deviation / unit) + 0.5 * std::log(2 * std::numbers::pi);
    }
    result.error_posterior += std::sqrt(posterior) / problems;
    result.error_likelihood += std::sqrt(likelihood) / problems;
    result.loss += loss / problems;
    error_squared += posterior / problems;
    loss_squared += loss * loss / problems;
  }
  result.deviation_error = std::sqrt((error_squared - std::pow(result.error_posterior, 2)) / problems);
  result.deviation_loss = std::sqrt((loss_squared - std::pow(result.loss, 2)) / problems);
  return result;
}

// Four standard errors of the mean, and half a unit of the last digit of the published floor.
void expect_floors(const Floors& found, double error, double error_digit, double loss) {
  EXPECT_NEAR(found.error_posterior, error, 4 * found.deviation_error + 0.5 * error_digit);
  EXPECT_NEAR(found.loss, loss, 4 * found.deviation_loss + 0.005);
  testing::Test::RecordProperty("error", std::to_string(found.error_posterior));
  testing::Test::RecordProperty("loss", std::to_string(found.loss));
}

TEST(ExactFloors, Poisson) {
  const Floors found = floors(*make_exact_inference(find_simulator("poisson")), poisson_prior, 4000, 5,
                              [](const auto& theta, auto& generator) {
                                std::poisson_distribution<int> poisson(std::exp(theta[0]));
                                std::vector<float> x(500);
                                for (float& k : x) k = static_cast<float>(poisson(generator));
                                return x;
                              });
  expect_floors(found, 0.0047, 0.0001, -4.16);
  EXPECT_LT(found.error_posterior, found.error_likelihood);
}

TEST(ExactFloors, Gaussian) {
  const Floors found = floors(*make_exact_inference(find_simulator("gaussian")), gaussian_prior, 2000, 6,
                              [](const auto& theta, auto& generator) {
                                std::normal_distribution<double> normal(theta[0], std::exp(theta[1]));
                                std::vector<float> x(500);
                                for (float& value : x) value = static_cast<float>(normal(generator));
                                return x;
                              });
  expect_floors(found, 0.028, 0.001, -5.74);
  EXPECT_LT(found.error_posterior, found.error_likelihood);
}

TEST(ExactFloors, Weinberg) {
  const Floors found = floors(
      *make_exact_inference(find_simulator("weinberg")), weinberg_prior, 2000, 7,
      [](const auto& theta, auto& generator) { return draw_cosines(weinberg_a(theta[0], theta[1]), 500, generator); });
  expect_floors(found, 0.746, 0.001, 1.13);
  EXPECT_LT(found.error_posterior, 1.320) << "the prior mean's error";
}

TEST(ExactFloors, MultiDistribution) {
  const Floors found =
      floors(*make_exact_inference(find_simulator("multi_distribution")), multi_prior, 4000, 12,
             [](const auto& theta, auto& generator) { return mixed(draw_components(theta, 500, generator)); });
  expect_floors(found, 0.053, 0.001, -7.53);
  EXPECT_LT(found.error_posterior, found.error_likelihood);
}

TEST(ExactFloors, LinearRegression) {
  const Floors found =
      floors(*exact_regression(3), regression_prior(3), 2000, 19,
             [](const auto& theta, auto& generator) { return draw_regression(theta, 500, generator); });
  expect_floors(found, 0.017, 0.001, -15.55);
}

TEST(ExactFloors, PosteriorMeanBeatsMaximumLikelihoodOnFewObservations) {
  const Floors poisson = floors(
      *make_exact_inference(find_simulator("poisson")), poisson_prior, 4000, 8, [](const auto& theta, auto& generator) {
        return std::vector<float>{static_cast<float>(std::poisson_distribution<int>(std::exp(theta[0]))(generator))};
      });
  EXPECT_LT(poisson.error_posterior + 4 * poisson.deviation_error, poisson.error_likelihood);
  const Floors gaussian =
      floors(*make_exact_inference(find_simulator("gaussian")), gaussian_prior, 1000, 9,
             [](const auto& theta, auto& generator) {
               std::normal_distribution<double> normal(theta[0], std::exp(theta[1]));
               return std::vector<float>{static_cast<float>(normal(generator)), static_cast<float>(normal(generator))};
             });
  EXPECT_LT(gaussian.error_posterior + 4 * gaussian.deviation_error, gaussian.error_likelihood);
}

TEST(ExactInference, RefusesWhatTheSimulatorCannotGive) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (const SimulatorInfo& simulator : simulators()) {
    const std::string& name = simulator.name;
    const auto columns = static_cast<std::size_t>(simulator.observations.dimension);
    const auto exact = make_exact_inference(simulator);
    if (exact == nullptr) continue;
    std::vector<float> x(2 * columns, 1);
    EXPECT_NO_THROW(exact->infer(x)) << name;
    x.back() = nan;
    EXPECT_THROW(exact->infer(x), InputError) << name;
    x.back() = infinity;
    EXPECT_THROW(exact->infer(x), InputError) << name;
    EXPECT_THROW(exact->infer({}), InputError) << name;
    x.assign(columns + 1, 1);
    if (columns > 1) {
      EXPECT_THROW(exact->infer(x), InputError) << name;
    }
  }
  EXPECT_THROW(make_exact_inference(find_simulator("poisson"))->infer(std::vector<float>{-1}), InputError);
  EXPECT_THROW(make_exact_inference(find_simulator("poisson"))->infer(std::vector<float>{1.5}), InputError);
  EXPECT_THROW(make_exact_inference(find_simulator("weinberg"))->infer(std::vector<float>{1.001f}), InputError);
  EXPECT_EQ(make_exact_inference({"nobody knows", "", {}, {}, {}}), nullptr);
}

}  // namespace
}  // namespace alfi
