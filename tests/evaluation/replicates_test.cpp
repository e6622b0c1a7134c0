#include "src/evaluation/replicates.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace alfi {
namespace {

/// Makes a law of one parameter.
ProposalLaw law_of(double mean, double deviation) { return {{mean}, {deviation}, {1}}; }

/// Makes `count` laws whose means have this variance between them, around 0.
std::vector<ProposalLaw> laws_of(int count, double deviation, double between) {
  const double step = std::sqrt(between * (count - 1) / count);  // half of them at ±step
  std::vector<ProposalLaw> laws;
  for (int k = 0; k < count; ++k) laws.push_back(law_of(k % 2 == 0 ? step : -step, deviation));
  return laws;
}

double variance_of(const std::vector<ProposalLaw>& laws) {
  const double deviation = combined(Family::gaussian, laws).deviation[0];
  return deviation * deviation;
}

TEST(Replicates, OneIsTheAnswerBitForBit) {
  const ProposalLaw law{{0.1, -0.3}, {0.7, 1.1}, {1, 0.4, 0.4, 1}};
  for (const Family family : {Family::gaussian, Family::gaussian_full, Family::gaussian_fixed}) {
    const ProposalLaw answer = combined(family, std::vector{law});
    EXPECT_EQ(answer.mean, law.mean);
    EXPECT_EQ(answer.deviation, law.deviation);
    EXPECT_EQ(answer.correlation, law.correlation);
  }
}

TEST(Replicates, HaveTheMeanOfTheirMeansAndTheirVarianceLessTheNoise) {
  std::vector<ProposalLaw> laws = laws_of(16, 1, 0.05);
  for (std::size_t k = 0; k < laws.size(); ++k) {
    laws[k].mean[0] += 3;
    laws[k].deviation[0] = k < 8 ? 1 : 2;
  }
  const ProposalLaw answer = combined(Family::gaussian, laws);
  EXPECT_NEAR(answer.mean[0], 3, 1e-14);
  // Mean of the variances 2.5. Where the noise is a fiftieth of them its bound has no effect, but for 1e-9.
  EXPECT_NEAR(answer.deviation[0] * answer.deviation[0], 2.5 - 15.0 / 16 * 0.05, 1e-8);
}

/// Computes E[v | w, v < 1] for the prior 1/v², by the midpoint rule: w is v times a chi-square of K − 1 degrees over K
/// − 1.
double expected_noise(double w, int K) {
  constexpr int steps = 20000;
  const double half = 0.5 * (K - 1);
  double moments[2] = {0, 0};
  for (int i = 1; i <= steps; ++i) {  // in 1/v = 1 … ∞, as 1 + x/(1 − x); dv = v² d(1/v)
    const double x = (i - 0.5) / steps, precision = 1 + x / (1 - x), slope = 1 / ((1 - x) * (1 - x));
    // From 1: the density of w at v = 1 cancels.
    const double density = std::exp(half * std::log(precision) - half * w * (precision - 1)) * slope;
    moments[0] += density;
    moments[1] += density / precision;
  }
  return moments[1] / moments[0];
}

TEST(Replicates, TakeTheNoiseForWhatIsExpectedBelowTheirVariance) {
  for (const int K : {2, 4, 8, 16})
    for (const double w : {0.1, 0.3, 0.7, 1.0, 1.5, 4.0, 30.0, 90.0, 100.0})
      // The midpoint rule's error, and from νw/2 = 700 on that of an expansion.
      EXPECT_NEAR(variance_of(laws_of(K, 1, w)), 1 - expected_noise(w, K) + w / K, 2e-5) << K << ", " << w;
  EXPECT_NEAR(variance_of(laws_of(16, 1, 1)), 1 - 0.76 + 1.0 / 16, 0.005);  // figures of replicates.hpp
}

// Averaging K errors cannot divide a variance by more than K, and the mean itself is known to S/K.
TEST(Replicates, NeverHaveLessThanTheFloor) {
  for (const int K : {2, 4, 8, 16})
    for (double w = 1e-3; w < 1e6; w *= 1.3) {
      const double variance = variance_of(laws_of(K, 1, w));
      EXPECT_GE(variance, (1 - 1e-12) * std::max(1.0, w) / K) << K << ", " << w;
      EXPECT_LE(variance, 1 + w / K);
    }
}

/// Draws numbers of N(0, 1) that no library decides on (Box and Muller).
class Normals {
 public:
  double operator()() {
    const double u = (static_cast<double>(generator_() >> 11) + 0.5) * 0x1p-53;
    const double v = static_cast<double>(generator_() >> 11) * 0x1p-53;
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  }

 private:
  std::mt19937_64 generator_{5};
};

// Machines that count their noise in: errors are of the variance the answer says, and intervals cover as they should.
TEST(Replicates, OfACalibratedMachineAreCalibrated) {
  constexpr int K = 16, problems = 40000;
  Normals normal;
  for (const double noise : {0.05, 0.3, 0.5}) {  // share of a replicate's variance
    double squares = 0;
    int covered = 0;
    for (int b = 0; b < problems; ++b) {
      const double error = std::sqrt(1 - noise) * normal();
      std::vector<ProposalLaw> laws;
      for (int k = 0; k < K; ++k) laws.push_back(law_of(error + std::sqrt(noise) * normal(), 1));
      const ProposalLaw answer = combined(Family::gaussian, laws);
      const double z = answer.mean[0] / answer.deviation[0];
      squares += z * z / problems;
      covered += std::abs(z) < 1.9599639845 ? 1 : 0;
    }
    // Four standard errors, 0.0283 and 0.0044; and at most 1.5 points for a width that is known to a tenth or two.
    EXPECT_NEAR(covered / static_cast<double>(problems), 0.95, 0.015) << noise;
    if (noise == 0.05) {
      EXPECT_NEAR(squares, 1, 0.0283);
    }
  }
}

/// Makes replicates of three coupled parameters.
std::vector<ProposalLaw> coupled_laws(int K, double noise) {
  Normals normal;
  std::vector<ProposalLaw> laws;
  for (int k = 0; k < K; ++k) {
    std::vector<double> psi{noise * normal(), 0.5 + noise * normal(), 2 + noise * normal()};
    for (int i = 0; i < 3; ++i) psi.push_back(0.2 * normal());
    for (int i = 0; i < 3; ++i) psi.push_back(0.8 * normal());
    laws.push_back(proposal_law(Family::gaussian_full, 1, 3, psi));
  }
  return laws;
}

Eigen::Matrix3d covariance_of(const ProposalLaw& law) {
  const Eigen::DiagonalMatrix<double, 3> deviation(law.deviation[0], law.deviation[1], law.deviation[2]);
  return deviation * Eigen::Matrix3d::Map(law.correlation.data()) * deviation;
}

TEST(Replicates, OfCoupledParametersHaveTheirCovarianceLessTheNoise) {
  constexpr int K = 16;
  const std::vector<ProposalLaw> laws = coupled_laws(K, 0.1);
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero(), between = covariance;
  Eigen::Vector3d mean = Eigen::Vector3d::Zero();
  for (const ProposalLaw& law : laws) mean += Eigen::Vector3d::Map(law.mean.data()) / K;
  for (const ProposalLaw& law : laws) {
    const Eigen::Vector3d offset = Eigen::Vector3d::Map(law.mean.data()) - mean;
    covariance += covariance_of(law) / K;
    between += offset * offset.transpose() / (K - 1);
  }
  const ProposalLaw answer = combined(Family::gaussian_full, laws);
  EXPECT_LT((covariance_of(answer) - (covariance - 15.0 / 16 * between)).norm(), 1e-6);  // but for the noise's bound
  EXPECT_EQ(answer.correlation[1], answer.correlation[3]);
  EXPECT_EQ(answer.correlation[4], 1);
}

// Noise as large as the variance: what units parameters are in, and how they are mixed, must not matter.
TEST(Replicates, OfCoupledParametersDoNotDependOnUnitsAndStayAboveTheFloor) {
  constexpr int K = 4;
  const std::vector<ProposalLaw> laws = coupled_laws(K, 1.5);
  Eigen::Matrix3d mix;
  mix << 100, 3, 0, -20, 1, 0.4, 0, 0.02, 0.01;
  std::vector<ProposalLaw> mixed;
  Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
  for (const ProposalLaw& law : laws) {
    covariance += covariance_of(law) / K;
    const Eigen::Matrix3d of_law = mix * covariance_of(law) * mix.transpose();
    const Eigen::Vector3d mean = mix * Eigen::Vector3d::Map(law.mean.data());
    ProposalLaw other{{mean.begin(), mean.end()}, {}, {}};
    for (int i = 0; i < 3; ++i) other.deviation.push_back(std::sqrt(of_law(i, i)));
    for (int i = 0; i < 9; ++i)
      other.correlation.push_back(of_law(i / 3, i % 3) / std::sqrt(of_law(i / 3, i / 3) * of_law(i % 3, i % 3)));
    mixed.push_back(other);
  }
  const Eigen::Matrix3d answer = covariance_of(combined(Family::gaussian_full, laws));
  const Eigen::Matrix3d expected = mix * answer * mix.transpose();
  // Rounding, times the mix's condition, some 1e5.
  EXPECT_LT((covariance_of(combined(Family::gaussian_full, mixed)) - expected).norm(), 1e-9 * expected.norm());
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> above(answer - covariance / K);
  EXPECT_GT(above.eigenvalues().minCoeff(), -1e-12);
}

TEST(Replicates, ThatAreIndependentAreCombinedOneByOne) {
  std::vector<ProposalLaw> laws = coupled_laws(8, 0.7);
  for (ProposalLaw& law : laws) law.correlation = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  const ProposalLaw answer = combined(Family::gaussian, laws);
  EXPECT_EQ(answer.correlation, laws[0].correlation);
  for (std::size_t d = 0; d < 3; ++d) {
    std::vector<ProposalLaw> alone;
    for (const ProposalLaw& law : laws) alone.push_back(law_of(law.mean[d], law.deviation[d]));
    EXPECT_EQ(answer.deviation[d], combined(Family::gaussian, alone).deviation[0]);
    // One parameter that is coupled with none is a direction of its own.
    EXPECT_NEAR(combined(Family::gaussian_full, alone).deviation[0], answer.deviation[d], 1e-14);
  }
}

TEST(Replicates, KeepADeviationThatIsNotLearned) {
  std::vector<ProposalLaw> laws = laws_of(4, 0.25, 9);
  EXPECT_EQ(combined(Family::gaussian_fixed, laws).deviation[0], 0.25);
  for (ProposalLaw& law : laws) law = proposal_law(Family::point, 1, 1, law.mean);
  laws[0].mean[0] += 4;
  const ProposalLaw point = combined(Family::point, laws);
  EXPECT_NEAR(point.mean[0], 1, 1e-15);
  EXPECT_TRUE(std::isnan(point.deviation[0]));
}

TEST(Replicates, OneThatIsNotFiniteSpoilsTheAnswer) {
  for (const Family family : {Family::gaussian, Family::gaussian_full})
    for (const double wrong : {std::nan(""), HUGE_VAL}) {
      std::vector<ProposalLaw> laws = laws_of(4, 1, 1);
      laws[2].mean[0] = wrong;
      EXPECT_FALSE(is_finite(family, combined(family, laws)));
      laws = laws_of(4, 1, 1);
      laws[2].deviation[0] = wrong;
      EXPECT_FALSE(is_finite(family, combined(family, laws)));
    }
}

}  // namespace
}  // namespace alfi
