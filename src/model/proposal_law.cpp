#include "src/model/proposal_law.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

namespace alfi {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double sigma_of(Family family, double sigma, int D, std::span<const double> psi, int d) {
  if (!has_density(family)) return nan;
  return learns_deviation(family) ? std::exp(psi[static_cast<std::size_t>(D + d)]) : sigma;
}

/// C, unit lower triangular.
Eigen::MatrixXd couplings_of(Family family, int D, std::span<const double> psi) {
  Eigen::MatrixXd C = Eigen::MatrixXd::Identity(D, D);
  if (couples(family))
    for (int i = 0; i < D; ++i)
      for (int j = 0; j < i; ++j) C(i, j) = psi[static_cast<std::size_t>(coupling_place(D, i, j))];
  return C;
}

}  // namespace

bool is_finite(Family family, const ProposalLaw& law) {
  const auto all = [](std::span<const double> numbers) {
    return std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); });
  };
  return all(law.mean) && (!has_density(family) || (all(law.deviation) && all(law.correlation)));
}

double normal_loss(const ProposalLaw& law, std::span<const double> truth) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto D = static_cast<Eigen::Index>(truth.size());
  const Eigen::LLT<Matrix> factor(Matrix::Map(law.correlation.data(), D, D));
  Eigen::VectorXd z(D);
  double loss = 0;
  for (Eigen::Index d = 0; d < D; ++d) {
    const auto place = static_cast<std::size_t>(d);
    z[d] = (truth[place] - law.mean[place]) / law.deviation[place];
    loss += 0.5 * std::log(2 * std::numbers::pi) + std::log(law.deviation[place] * factor.matrixLLT()(d, d));
  }
  return loss + 0.5 * factor.matrixL().solve(z).squaredNorm();
}

ProposalLaw uncoupled_law(const std::vector<double>& mean, const std::vector<double>& deviation) {
  const std::size_t D = mean.size();
  ProposalLaw law{mean, deviation, std::vector<double>(D * D, 0)};
  for (std::size_t d = 0; d < D; ++d) law.correlation[d * (D + 1)] = 1;
  return law;
}

ProposalLaw proposal_law(Family family, double sigma, int D, std::span<const double> psi) {
  // (θ − μ)/σ = C⁻¹ ε.
  const Eigen::MatrixXd factor =
      couplings_of(family, D, psi).triangularView<Eigen::UnitLower>().solve(Eigen::MatrixXd::Identity(D, D));
  const Eigen::VectorXd lengths = factor.rowwise().norm();
  ProposalLaw law;
  for (int i = 0; i < D; ++i) {
    law.mean.push_back(psi[static_cast<std::size_t>(i)]);
    law.deviation.push_back(sigma_of(family, sigma, D, psi, i) * lengths[i]);
    for (int j = 0; j < D; ++j)
      law.correlation.push_back(!has_density(family) ? nan
                                : i == j             ? 1
                                                     : factor.row(i).dot(factor.row(j)) / (lengths[i] * lengths[j]));
  }
  return law;
}

}  // namespace alfi
