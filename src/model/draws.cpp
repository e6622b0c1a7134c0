#include "src/model/draws.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "src/numerics/statistics.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

/// Draws a number on (0, 1).
double uniform(PhiloxKey key, std::uint32_t draw, std::size_t parameter, std::uint32_t attempt = 0) {
  const auto block = philox<std::uint32_t>(static_cast<std::uint32_t>(parameter), draw, attempt, 0, key);
  const std::uint64_t bits = std::uint64_t{block.word[0]} << 32 | block.word[1];
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

/// Draws from a law without correlations: the quantiles of uniform numbers.
std::vector<double> draw_uncoupled(const TruncatedLaw& law, PhiloxKey key, std::uint32_t number) {
  std::vector<double> standard;
  for (std::size_t d = 0; d < law.mean().size(); ++d) standard.push_back(law.quantile(d, uniform(key, number, d)));
  return standard;
}

/// Draws from a normal law again and again until all is within the ranges, and at last moves it there. `factor` is that
/// of its correlations.
std::vector<double> draw_coupled(const TruncatedLaw& law, const Eigen::MatrixXd& factor, PhiloxKey key,
                                 std::uint32_t number) {
  constexpr std::uint32_t most_attempts = 1000;
  const ProposalLaw& untruncated = law.normal();
  const std::size_t D = untruncated.mean.size();
  std::vector<double> standard(D);
  Eigen::VectorXd normal(factor.rows());
  for (std::uint32_t attempt = 0; attempt < most_attempts; ++attempt) {
    for (std::size_t d = 0; d < D; ++d)
      normal[static_cast<Eigen::Index>(d)] = normal_quantile(uniform(key, number, d, attempt));
    const Eigen::VectorXd offset = factor * normal;
    for (std::size_t d = 0; d < D; ++d)
      standard[d] = untruncated.mean[d] + untruncated.deviation[d] * offset[static_cast<Eigen::Index>(d)];
    if (law.within(standard) || std::isnan(standard[0])) return standard;
  }
  for (std::size_t d = 0; d < D; ++d) standard[d] = std::clamp(standard[d], law.range(d).low, law.range(d).high);
  return standard;
}

}  // namespace

std::vector<double> draw(const TruncatedLaw& law, PhiloxKey key, int count) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const std::size_t D = law.mean().size();
  const bool coupled = law.coupled();
  const auto size = static_cast<Eigen::Index>(D);
  const Eigen::MatrixXd factor = Matrix::Map(law.normal().correlation.data(), size, size).llt().matrixL();
  std::vector<double> theta;
  theta.reserve(static_cast<std::size_t>(count) * D);
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(count); ++i) {
    const std::vector<double> one = coupled ? draw_coupled(law, factor, key, i) : draw_uncoupled(law, key, i);
    theta.insert(theta.end(), one.begin(), one.end());
  }
  return theta;
}

std::vector<double> draw_prior(const SimulatorInfo& simulator, PhiloxKey key, std::uint32_t number) {
  std::vector<double> theta;
  for (std::size_t d = 0; d < simulator.parameters.size(); ++d)
    theta.push_back(natural_of_score(simulator.parameters[d], normal_quantile(uniform(key, number, d))));
  return theta;
}

}  // namespace alfi
