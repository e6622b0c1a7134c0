// Nested integrals against moments known in closed form.
#include "src/numerics/nested_integral.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace alfi {
namespace {

using Eigen::VectorXd;

struct Moments {
  VectorXd mean, deviation;
};

Moments moments_of(const VectorFunction& log_density, const VectorXd& start) {
  double weight = 0;
  VectorXd sum = VectorXd::Zero(start.size()), squares = sum;
  integrate_nested(log_density, maximised(log_density, start, 0.5), [&](const VectorXd& z, double w) {
    weight += w;
    sum += w * z;
    squares += w * z.cwiseProduct(z);
  });
  const VectorXd mean = sum / weight;
  return {mean, (squares / weight - mean.cwiseProduct(mean)).cwiseSqrt()};
}

VectorXd vector_of(std::initializer_list<double> numbers) {
  VectorXd v(static_cast<Eigen::Index>(numbers.size()));
  std::copy(numbers.begin(), numbers.end(), v.data());
  return v;
}

// a is N(0, 0.4²), b is N(e^a, 0.01²), c is N(a + 2 b, 0.1²): a bent thread. All orders of the directions.
TEST(NestedIntegral, FollowsABentThread) {
  constexpr double s = 0.4;
  const double mean_b = std::exp(s * s / 2), variance_b = std::exp(2 * s * s) - std::exp(s * s) + 1e-4;
  const double covariance_ab = s * s * mean_b;
  const double mean[] = {0, mean_b, 2 * mean_b};
  const double deviation[] = {s, std::sqrt(variance_b), std::sqrt(s * s + 4 * variance_b + 4 * covariance_ab + 1e-2)};
  int order[] = {0, 1, 2};
  do {
    const auto log_density = [&](const VectorXd& z) {
      const double a = z(order[0]), b = z(order[1]), c = z(order[2]);
      return -a * a / (2 * s * s) - std::pow((b - std::exp(a)) / 0.01, 2) / 2 - std::pow((c - a - 2 * b) / 0.1, 2) / 2;
    };
    const Moments got = moments_of(log_density, vector_of({0, 0, 0}));
    for (int i = 0; i < 3; ++i) {
      EXPECT_NEAR(got.mean(order[i]), mean[i], 2e-3 * deviation[i]) << order[0] << order[1] << order[2] << " " << i;
      EXPECT_NEAR(got.deviation(order[i]), deviation[i], 2e-3 * deviation[i]) << order[0] << order[1] << order[2];
    }
  } while (std::next_permutation(order, order + 3));
}

// A density may be highest where it ends.
TEST(NestedIntegral, GoesToAnAbruptEnd) {
  constexpr double none = -std::numeric_limits<double>::infinity();
  const auto one = [](const VectorXd& z) { return z(0) < 0.3 ? none : -1000 * z(0); };
  const Moments of_one = moments_of(one, vector_of({0.5}));
  EXPECT_NEAR(of_one.mean(0), 0.301, 1e-6);
  EXPECT_NEAR(of_one.deviation(0), 0.001, 1e-6);
  const auto both = [](const VectorXd& z) {  // the first is above the second
    return z(0) < z(1) ? none : z(1) - z(0) - z(1) * z(1) / 2;
  };
  const Moments of_both = moments_of(both, vector_of({1, 0}));
  EXPECT_NEAR(of_both.mean(0), 1, 2e-3);
  EXPECT_NEAR(of_both.mean(1), 0, 2e-3);
  EXPECT_NEAR(of_both.deviation(0), std::sqrt(2.0), 3e-3);
  EXPECT_NEAR(of_both.deviation(1), 1, 2e-3);
}

// A bell anywhere, of any width.
TEST(NestedIntegral, FindsTheWidths) {
  for (const double width : {1e-3, 1.0, 1e3}) {
    const auto bell = [&](const VectorXd& z) {
      return -std::pow((z(0) - 5) / width, 2) / 2 - std::pow((z(1) - z(0)) / (1e-3 * width), 2) / 2;
    };
    const VectorXd at = vector_of({5, 5});
    const Moments got = moments_of(bell, at);
    EXPECT_NEAR(got.mean(1), 5, 1e-3 * width);
    EXPECT_NEAR(got.deviation(1) / width, 1, 1e-2) << width;
  }
}

}  // namespace
}  // namespace alfi
