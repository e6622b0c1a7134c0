#include "src/model/proposal_law.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace alfi {
namespace {

// Two parameters by hand: u₂ = ε₂ − c ε₁, so θ₂ has deviation σ₂ √(1 + c²) and correlation −c/√(1 + c²).
TEST(ProposalLaw, OfTwoCoupledParametersIsTheTextbooks) {
  const std::vector<double> psi{0.5, -1, std::log(2.0), std::log(0.25), -0.75};
  const ProposalLaw law = proposal_law(Family::gaussian_full, 1, 2, psi);
  EXPECT_EQ(law.mean, (std::vector<double>{0.5, -1}));
  EXPECT_NEAR(law.deviation[0], 2, 1e-15);
  EXPECT_NEAR(law.deviation[1], 0.25 * 1.25, 1e-15);
  EXPECT_NEAR(law.correlation[1], 0.6, 1e-15);
  EXPECT_EQ(law.correlation[1], law.correlation[2]);
  EXPECT_EQ(law.correlation[0], 1);
  // The density of two correlated normal numbers.
  const double a = (1 - 0.5) / 2, b = (-0.5 + 1) / (0.25 * 1.25), r = 0.6;
  const double expected = std::log(2 * std::numbers::pi) + std::log(2 * 0.25 * 1.25) + 0.5 * std::log(1 - r * r) +
                          (a * a - 2 * r * a * b + b * b) / (2 * (1 - r * r));
  EXPECT_NEAR(normal_loss(law, std::vector<double>{1, -0.5}), expected, 1e-14);
}

// The precision is σ⁻¹ CᵀC σ⁻¹: times the covariance it is 1.
TEST(ProposalLaw, OfFourCoupledParametersInvertsThePrecision) {
  const std::vector<double> sigma{0.5, 2, 1, 0.1}, c{0.3, -1.2, 0.7, 2, -0.4, 0.9};
  std::vector<double> psi(4, 0.0);
  for (const double s : sigma) psi.push_back(std::log(s));
  psi.insert(psi.end(), c.begin(), c.end());
  const ProposalLaw law = proposal_law(Family::gaussian_full, 1, 4, psi);
  const double C[4][4] = {{1, 0, 0, 0}, {c[0], 1, 0, 0}, {c[1], c[2], 1, 0}, {c[3], c[4], c[5], 1}};
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j) {
      double product = 0;
      for (std::size_t k = 0; k < 4; ++k)
        for (std::size_t l = 0; l < 4; ++l)
          product += C[l][i] * C[l][k] / (sigma[i] * sigma[k]) * law.correlation[4 * k + j] * law.deviation[k] *
                     law.deviation[j];
      EXPECT_NEAR(product, i == j ? 1 : 0, 1e-12) << i << ", " << j;
    }
}

TEST(ProposalLaw, OfTheOtherFamiliesIsIndependent) {
  const ProposalLaw gaussian = proposal_law(Family::gaussian, 1, 2, std::vector<double>{1, 2, 0, std::log(3.0)});
  EXPECT_EQ(gaussian.correlation, (std::vector<double>{1, 0, 0, 1}));
  EXPECT_EQ(gaussian.deviation[0], 1);
  EXPECT_NEAR(gaussian.deviation[1], 3, 1e-15);
  EXPECT_EQ(proposal_law(Family::gaussian_fixed, 0.3, 1, std::vector<double>{1}).deviation[0], 0.3);
  const ProposalLaw point = proposal_law(Family::point, 0.3, 1, std::vector<double>{1});
  EXPECT_TRUE(std::isnan(point.deviation[0]));
  EXPECT_TRUE(std::isnan(normal_loss(point, std::vector<double>{1})));
}

TEST(ProposalLaw, IsFiniteWhereItsNumbersAre) {
  const ProposalLaw gaussian = proposal_law(Family::gaussian, 1, 1, std::vector<double>{1, 0});
  const ProposalLaw point = proposal_law(Family::point, 1, 1, std::vector<double>{1});
  EXPECT_TRUE(is_finite(Family::gaussian, gaussian));
  EXPECT_TRUE(is_finite(Family::point, point));
  EXPECT_FALSE(is_finite(Family::gaussian, proposal_law(Family::gaussian, 1, 1, std::vector<double>{NAN, 0})));
  EXPECT_FALSE(is_finite(Family::gaussian, proposal_law(Family::gaussian, 1, 1, std::vector<double>{1, NAN})));
  EXPECT_FALSE(is_finite(Family::point, proposal_law(Family::point, 1, 1, std::vector<double>{INFINITY})));
}

}  // namespace
}  // namespace alfi
