#include "src/evaluation/replicates.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <unsupported/Eigen/SpecialFunctions>

namespace alfi {
namespace {

/// Computes v̂ from w.
double expected_noise(double w, double K) {
  const double half = 0.5 * (K - 1), bound = half * w;
  if (bound > 700) return 1 - 1 / bound;  // to 1e-5; both functions are soon too small for a number
  return w * Eigen::numext::igammac(half, bound) / Eigen::numext::igammac(half + 1, bound);
}

/// Computes the answer's variance in units of the replicates', w being the variance between them.
double relative_variance(double w, double K) { return 1 - expected_noise(w, K) + w / K; }

/// Combines the mean of the covariances and the covariance between the means; gives NaN for what is not finite.
Eigen::MatrixXd combined_covariance(const Eigen::MatrixXd& covariance, const Eigen::MatrixXd& between, double K) {
  if (!covariance.allFinite() || !between.allFinite())
    return Eigen::MatrixXd::Constant(covariance.rows(), covariance.cols(), std::numeric_limits<double>::quiet_NaN());
  const Eigen::LLT<Eigen::MatrixXd> unit(covariance);
  const Eigen::MatrixXd half = unit.matrixL().solve(between);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> directions(unit.matrixL().solve(half.transpose()));
  Eigen::MatrixXd factor = unit.matrixL() * directions.eigenvectors();
  for (Eigen::Index i = 0; i < factor.cols(); ++i)
    factor.col(i) *= std::sqrt(relative_variance(std::max(directions.eigenvalues()[i], 0.0), K));
  return factor * factor.transpose();
}

Eigen::MatrixXd covariance_of(const ProposalLaw& law) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto D = static_cast<Eigen::Index>(law.mean.size());
  const auto deviation = Eigen::VectorXd::Map(law.deviation.data(), D).asDiagonal();
  return deviation * Matrix::Map(law.correlation.data(), D, D) * deviation;
}

void set_covariance(const Eigen::MatrixXd& covariance, ProposalLaw& law) {
  const auto D = law.mean.size();
  const auto at = [&](std::size_t i, std::size_t j) {
    return covariance(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
  };
  for (std::size_t i = 0; i < D; ++i) law.deviation[i] = std::sqrt(at(i, i));
  for (std::size_t i = 0; i < D; ++i)
    for (std::size_t j = 0; j < D; ++j)
      law.correlation[i * D + j] = i == j ? 1 : at(i, j) / (law.deviation[i] * law.deviation[j]);
}

}  // namespace

ProposalLaw combined(Family family, std::span<const ProposalLaw> replicates) {
  ProposalLaw law = replicates.front();
  if (replicates.size() == 1) return law;
  const auto K = static_cast<double>(replicates.size());
  const std::size_t D = law.mean.size();
  for (std::size_t d = 0; d < D; ++d) {
    double sum = 0;
    for (const ProposalLaw& replicate : replicates) sum += replicate.mean[d];
    law.mean[d] = sum / K;
  }
  if (!learns_deviation(family)) return law;
  const auto size = static_cast<Eigen::Index>(D);
  const auto mean = Eigen::VectorXd::Map(law.mean.data(), size);
  if (couples(family)) {
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(size, size), between = covariance;
    for (const ProposalLaw& replicate : replicates) {
      const Eigen::VectorXd offset = Eigen::VectorXd::Map(replicate.mean.data(), size) - mean;
      covariance += covariance_of(replicate) / K;
      between += offset * offset.transpose() / (K - 1);
    }
    set_covariance(combined_covariance(covariance, between, K), law);
    return law;
  }
  for (std::size_t d = 0; d < D; ++d) {
    double variance = 0, between = 0;
    for (const ProposalLaw& replicate : replicates) {
      const double offset = replicate.mean[d] - law.mean[d];
      variance += replicate.deviation[d] * replicate.deviation[d] / K;
      between += offset * offset / (K - 1);
    }
    law.deviation[d] = std::sqrt(variance * relative_variance(between / variance, K));
  }
  return law;
}

Episodes evaluation_rollouts(const Plan& plan, int problems) {
  const int replicates = plan.configuration.evaluation.replicates;
  return {.phase = Phase::evaluation,
          .step = 0,
          .count = problems * replicates,
          .problems = 0,
          .seed = plan.configuration.engine.seed,
          .replicates = replicates};
}

TileAnswers::TileAnswers(const Plan& plan, const FinishedTile& finished)
    : shape_(plan.shape),
      sigma_(plan.configuration.proposal.sigma),
      ranges_(prior_ranges(plan.simulator)),
      finished_(finished),
      replicates_(plan.configuration.evaluation.replicates) {}

ProposalLaw TileAnswers::law(int problem, int t) const {
  std::vector<ProposalLaw> laws;
  std::vector<double> psi(static_cast<std::size_t>(shape_.P()));
  for (int lane = problem * replicates_; lane < (problem + 1) * replicates_; ++lane) {
    for (int p = 0; p < shape_.P(); ++p)
      psi[static_cast<std::size_t>(p)] = finished_.tile.psi[(t * shape_.P() + p) * tile_lanes + lane];
    laws.push_back(proposal_law(shape_.family, sigma_, shape_.D, psi));
  }
  return combined(shape_.family, laws);
}

double TileAnswers::error(int problem, int t) const {
  const std::vector<double> mean = answer(problem, t).mean();
  double squares = 0;
  for (int d = 0; d < shape_.D; ++d) {
    const double distance = truth(problem, d) - mean[static_cast<std::size_t>(d)];
    squares += distance * distance;
  }
  return std::sqrt(squares);
}

}  // namespace alfi
