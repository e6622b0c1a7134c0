// Truncated laws against closed forms and against sums over a grid of the density itself.
#include "src/model/truncated_law.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "alfi/simulators.hpp"
#include "src/model/draws.hpp"
#include "src/numerics/truncated_normal.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double density(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi); }
double cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

TEST(TruncatedLaw, HasTheMomentsOfItsClosedForm) {
  struct Case {
    double mean, deviation, low, high;
  };
  for (const auto& [mean, deviation, low, high] :
       {Case{0, 1, -1.7, 1.7}, Case{1.6, 0.3, -1.7, 1.7}, Case{-2.5, 0.4, -1.7, 1.7}, Case{0.2, 30, -1.7, 1.7},
        Case{0.5, 0.2, 0, infinity}, Case{-1, 0.5, -infinity, -1.2}}) {
    const Range range{low, high};
    const TruncatedLaw law(uncoupled_law({mean}, {deviation}), std::span(&range, 1));
    const double a = (low - mean) / deviation, b = (high - mean) / deviation, mass = cdf(b) - cdf(a);
    const double shift = (density(a) - density(b)) / mass;
    const double square = 1 + ((std::isinf(a) ? 0 : a * density(a)) - (std::isinf(b) ? 0 : b * density(b))) / mass;
    EXPECT_NEAR(law.mean()[0], mean + deviation * shift, 1e-9 * deviation);
    // A wide law's closed form loses what it subtracts: 1 less a number near 1.
    EXPECT_NEAR(law.deviation()[0], deviation * std::sqrt(square - shift * shift), 1e-9 * deviation * (1 + deviation));
    for (const double p : {0.001, 0.025, 0.5, 0.9, 0.999}) {
      const double x = law.quantile(0, p), z = (x - mean) / deviation;
      EXPECT_NEAR((cdf(z) - cdf(a)) / mass, p, 1e-9);
      EXPECT_NEAR(law.probability(0, x), p, 1e-12);
      EXPECT_NEAR(law.loss(std::vector<double>{x}), -std::log(density(z) / deviation / mass), 1e-9);
    }
  }
}

TEST(TruncatedLaw, FarOutsideIsAnExponentialLawAtTheEnd) {
  // 50 deviations beyond the end the density falls as e^(−50 u), to 1/50².
  for (const double side : {-1.0, 1.0}) {
    const Range range{-1, 1};
    const TruncatedLaw law(uncoupled_law({side * 6}, {0.1}), std::span(&range, 1));
    EXPECT_NEAR(law.mean()[0], side * (1 - 0.1 / 50), 0.1 / 50 * 2e-3);
    EXPECT_NEAR(law.deviation()[0], 0.1 / 50, 0.1 / 50 * 2e-3);
    EXPECT_NEAR(law.quantile(0, 0.5), side * (1 - 0.1 / 50 * std::log(2.0)), 0.1 / 50 * 2e-3);
    EXPECT_NEAR(law.loss(std::vector<double>{side * 1.0}), std::log(0.1 / 50), 1e-3);
  }
}

TEST(TruncatedLaw, IsTheNormalLawBitForBitWhereNoEndIsNear) {
  const std::vector<Range> ranges{{-1.7, 1.7}, {}};
  const TruncatedLaw law(uncoupled_law({0.1, 5}, {0.15, 1}), ranges);
  EXPECT_EQ(law.mean(), law.normal().mean);
  EXPECT_EQ(law.deviation(), law.normal().deviation);
  EXPECT_EQ(law.loss(std::vector<double>{0.2, 4}), normal_loss(law.normal(), std::vector<double>{0.2, 4}));
  EXPECT_NEAR(law.probability(0, 0.25), cdf(1), 1e-15);
  EXPECT_NEAR(law.quantile(1, cdf(-1.5)), 3.5, 1e-12);
}

TEST(TruncatedLaw, StaysWhatItIsWithoutAnythingToTruncate) {
  const std::vector<Range> ranges{{-1, 1}};
  for (const auto& [mean, deviation] : {std::pair{1e9, 1e-3}, {NAN, 1.0}, {0.0, NAN}, {INFINITY, 1.0}, {0.0, 0.0}}) {
    const TruncatedLaw law(uncoupled_law({mean}, {deviation}), ranges);
    EXPECT_TRUE(law.mean()[0] == mean || std::isnan(mean));
    EXPECT_TRUE(law.deviation()[0] == deviation || std::isnan(deviation));
  }
}

/// Sums over a grid of the box: masses, means, deviations and distribution of a normal law.
struct OnGrid {
  double mass = 0;
  Eigen::VectorXd mean, square;
  double below = 0;  ///< the probability that the first is below its `x`

  OnGrid(const ProposalLaw& law, const std::vector<Range>& ranges, int steps, double x) {
    using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto D = static_cast<Eigen::Index>(ranges.size());
    const Eigen::VectorXd deviation = Eigen::VectorXd::Map(law.deviation.data(), D);
    const Eigen::MatrixXd covariance =
        deviation.asDiagonal() * Matrix::Map(law.correlation.data(), D, D) * deviation.asDiagonal();
    const Eigen::MatrixXd precision = covariance.inverse();
    const double constant =
        1 / std::sqrt(std::pow(2 * std::numbers::pi, static_cast<double>(D)) * covariance.determinant());
    mean = square = Eigen::VectorXd::Zero(D);
    std::vector<int> at(ranges.size(), 0);
    for (bool more = true; more;) {
      Eigen::VectorXd theta(D);
      double weight = constant;
      for (Eigen::Index d = 0; d < D; ++d) {
        const auto place = static_cast<std::size_t>(d);
        const double width = (ranges[place].high - ranges[place].low) / steps;
        theta[d] = ranges[place].low + (at[place] + 0.5) * width;
        weight *= width;
      }
      const Eigen::VectorXd offset = theta - Eigen::VectorXd::Map(law.mean.data(), D);
      weight *= std::exp(-0.5 * offset.dot(precision * offset));
      mass += weight;
      mean += weight * theta;
      square += weight * theta.cwiseAbs2();
      if (theta[0] < x) below += weight;
      more = false;
      for (std::size_t d = 0; d < at.size() && !more; ++d) {
        more = ++at[d] < steps;
        if (!more) at[d] = 0;
      }
    }
    mean /= mass;
    square = (square / mass - mean.cwiseAbs2()).cwiseSqrt();
    below /= mass;
  }
};

void expect_as_on_grid(const ProposalLaw& law, const std::vector<Range>& ranges, int steps, double tolerance) {
  const double x = ranges[0].low + 0.5 * (ranges[0].high - ranges[0].low);  // between two cells
  const OnGrid grid(law, ranges, steps, x);
  const TruncatedLaw truncated(law, ranges);
  for (std::size_t d = 0; d < ranges.size(); ++d) {
    EXPECT_NEAR(truncated.mean()[d], grid.mean[static_cast<Eigen::Index>(d)], tolerance);
    EXPECT_NEAR(truncated.deviation()[d], grid.square[static_cast<Eigen::Index>(d)], tolerance);
  }
  EXPECT_NEAR(truncated.probability(0, x), grid.below, tolerance);
  EXPECT_NEAR(truncated.quantile(0, truncated.probability(0, x)), x, 1e-9);
  const std::vector<double> inside(ranges.size(), 0.3);
  EXPECT_NEAR(truncated.loss(inside), normal_loss(law, inside) + std::log(grid.mass), tolerance);
}

TEST(TruncatedLaw, OfTwoCoupledParametersIsTheOneOnAGrid) {
  // The grid's sums err by the square of its steps.
  const std::vector<Range> ranges{{-1.7, 1.7}, {-1.7, 1.7}};
  expect_as_on_grid({{1.2, 0.4}, {0.5, 0.8}, {1, 0.9, 0.9, 1}}, ranges, 2000, 1e-5);
  expect_as_on_grid({{-2.2, 1.9}, {0.6, 0.7}, {1, -0.8, -0.8, 1}}, ranges, 2000, 1e-5);
  expect_as_on_grid({{0.2, 2.6}, {0.5, 0.3}, {1, 0.5, 0.5, 1}}, ranges, 3000, 1e-5);
}

TEST(TruncatedLaw, OfACoupledParameterWithoutEndsFeelsTheOthersEnds) {
  // θ₁ given θ₂ is normal: E θ₁ = μ₁ + ρ σ₁/σ₂ (E θ₂ − μ₂), and θ₂ is truncated alone.
  const std::vector<Range> ranges{{}, {-1, 1}};
  const ProposalLaw law{{0.3, 1.1}, {2, 0.5}, {1, 0.7, 0.7, 1}};
  const TruncatedLaw truncated(law, ranges), alone(uncoupled_law({1.1}, {0.5}), std::span(ranges).last(1));
  EXPECT_NEAR(truncated.mean()[1], alone.mean()[0], 1e-10);
  EXPECT_NEAR(truncated.mean()[0], 0.3 + 0.7 * 2 / 0.5 * (alone.mean()[0] - 1.1), 1e-9);
  const double kept = alone.deviation()[0] / 0.5;
  EXPECT_NEAR(truncated.deviation()[0], 2 * std::sqrt(1 - 0.49 * (1 - kept * kept)), 1e-9);
  EXPECT_NEAR(truncated.loss(std::vector<double>{0, 0.5}) - normal_loss(law, std::vector<double>{0, 0.5}),
              alone.loss(std::vector<double>{0.5}) - normal_loss(uncoupled_law({1.1}, {0.5}), std::vector<double>{0.5}),
              1e-9);
}

TEST(TruncatedLaw, OfThreeCoupledParametersIsTheOneOnAGrid) {
  // 512 points of a lattice leave 1e-4; the grid 1e-4 too.
  const std::vector<Range> ranges{{-1.7, 1.7}, {-1.7, 1.7}, {-1.7, 1.7}};
  expect_as_on_grid({{1.2, 0.4, -1.5}, {0.5, 0.8, 0.6}, {1, 0.7, 0.3, 0.7, 1, -0.2, 0.3, -0.2, 1}}, ranges, 160, 4e-4);
}

ParameterInfo info_of(const PriorLaw& law) { return {"a", "", law.low, law.high, law.prior, law.first, law.second}; }

SimulatorInfo uniform_simulator() {
  return {.name = "two",
          .description = "",
          .parameters = {info_of(uniform(0, 1)), info_of(uniform(-2, 2))},
          .observations = {},
          .constants = {}};
}

TEST(TruncatedLaw, IsDrawnFromInsideThePrior) {
  const SimulatorInfo simulator = uniform_simulator();
  const std::vector<Range> ranges = prior_ranges(simulator);
  EXPECT_NEAR(ranges[0].high, std::sqrt(3), 1e-12);
  constexpr int count = 20000;
  for (const double correlation : {0.0, 0.8}) {
    const TruncatedLaw law({{1.6, 0.5}, {0.5, 0.9}, {1, correlation, correlation, 1}}, ranges);
    const std::vector<double> theta = draw(law, {1, 2}, count);
    for (std::size_t d = 0; d < 2; ++d) {
      const ParameterInfo& p = simulator.parameters[d];
      double sum = 0, square = 0;
      for (std::size_t i = d; i < theta.size(); i += 2) {
        const double natural = natural_of(p, theta[i]);
        ASSERT_GE(natural, p.low);
        ASSERT_LE(natural, p.high);
        sum += theta[i] / count;
        square += theta[i] * theta[i] / count;
      }
      EXPECT_NEAR(sum, law.mean()[d], 5 * law.deviation()[d] / std::sqrt(count));  // 5 standard errors
      EXPECT_NEAR(std::sqrt(square - sum * sum), law.deviation()[d], 5 * law.deviation()[d] / std::sqrt(count));
    }
  }
}

// However little of a coupled law is within the prior, draws end, and inside; a law that stays as it is is drawn as it
// is.
TEST(TruncatedLaw, IsDrawnFromInTimeWhereNearlyNothingIsInside) {
  const SimulatorInfo simulator = uniform_simulator();
  const std::vector<Range> ranges = prior_ranges(simulator);
  const ProposalLaw outside{{4, 0}, {0.2, 0.5}, {1, 0.8, 0.8, 1}};
  for (const double theta : draw(TruncatedLaw(outside, ranges), {1, 2}, 500))
    EXPECT_LE(std::abs(theta), std::sqrt(3) + 1e-12);
  const ProposalLaw far{{4e4, 0}, {0.2, 0.5}, {1, 0.8, 0.8, 1}};
  EXPECT_GT(draw(TruncatedLaw(far, ranges), {1, 2}, 500)[0], 1000);
}

TEST(TruncatedLaw, GoesToNaturalUnits) {
  const SimulatorInfo simulator = uniform_simulator();
  const TruncatedLaw law(uncoupled_law({1.7, 0}, {0.3, 0.1}), prior_ranges(simulator));
  const NaturalLaw natural = natural_law(simulator.parameters[0], law, 0, 0.9);
  EXPECT_NEAR(natural.mean, 0.5 + law.mean()[0] / std::sqrt(12), 1e-12);
  EXPECT_NEAR(natural.deviation, law.deviation()[0] / std::sqrt(12), 1e-12);
  EXPECT_NEAR(natural.lower, 0.5 + law.quantile(0, 0.05) / std::sqrt(12), 1e-12);
  EXPECT_LT(natural.upper, 1);
  EXPECT_GT(0.5 + (1.7 + 0.3 * 1.6449) / std::sqrt(12), 1);  // where it reached before
}

TEST(TruncatedLaw, GoesToNaturalUnitsThroughScores) {
  const auto natural = [](const PriorLaw& prior, double mean, double deviation, double level) {
    const ParameterInfo parameter = info_of(prior);
    const SimulatorInfo simulator{
        .name = "one", .description = "", .parameters = {parameter}, .observations = {}, .constants = {}};
    return natural_law(parameter, TruncatedLaw(uncoupled_law({mean}, {deviation}), prior_ranges(simulator)), 0, level);
  };
  constexpr double level = 0.95, reach = 1.959963984540054;
  // log θ = 0.3 + 0.8 z with z of N(m, s²) is N(0.3 + 0.8 m, (0.8 s)²).
  const NaturalLaw law = natural(log_normal(0.3, 0.8), 0.5, 0.25, level);
  const double mean = 0.7, deviation = 0.2, square = deviation * deviation;
  EXPECT_NEAR(law.mean, std::exp(mean + square / 2), 1e-12);
  EXPECT_NEAR(law.deviation, law.mean * std::sqrt(std::expm1(square)), 1e-12);
  EXPECT_NEAR(law.lower, std::exp(mean - reach * deviation), 1e-12);
  EXPECT_NEAR(law.upper, std::exp(mean + reach * deviation), 1e-12);
  const NaturalLaw linear = natural(uniform(0, 12), 0.25, 0.05, level);
  EXPECT_DOUBLE_EQ(linear.mean, 6 + std::sqrt(12) / 4);
  EXPECT_NEAR(linear.upper - linear.lower, 2 * reach * 0.05 * std::sqrt(12), 1e-12);
  // However wide the answer, it stays inside the prior.
  const NaturalLaw wide = natural(log_uniform(0.1, 10), 2, 5, level);
  EXPECT_GE(wide.lower, 0.1);
  EXPECT_LE(wide.upper, 10);
  EXPECT_DOUBLE_EQ(natural(gamma(2, 1), 0, 0, level).deviation, 0);
}

TEST(TruncatedNormal, HasItsDigitsInBothTails) {
  for (const auto& [low, high] : {std::pair{-1.0, 2.0}, {5.0, 6.0}, {-9.0, -8.0}, {-infinity, 1.0}, {3.0, infinity}}) {
    const double mass = low > 0 ? cdf(-low) - cdf(-high) : cdf(high) - cdf(low);
    EXPECT_NEAR(log_normal_probability(low, high), std::log(mass), 1e-12 * std::abs(std::log(mass)));
    for (const double p : {0.01, 0.5, 0.99}) {
      const double z = truncated_normal_quantile(low, high, p, 1 - p);
      EXPECT_NEAR((low > 0 ? cdf(-low) - cdf(-z) : cdf(z) - cdf(low)) / mass, p, 1e-9);
    }
  }
  // Φ underflows there: log Φ(−40) = −804.608442, Φ's part above −40.01 is 1 − e^(−0.4), to 1/40².
  EXPECT_NEAR(log_normal_probability(-infinity, -40), -804.608442, 1e-5);
  EXPECT_NEAR(log_normal_probability(40, 40.01), -804.608442 + std::log(-std::expm1(-0.40005)), 1e-3);
  EXPECT_NEAR(truncated_normal_quantile(40, infinity, 0.5, 0.5), 40 + std::log(2.0) / 40, 1e-4);
}

}  // namespace
}  // namespace alfi
