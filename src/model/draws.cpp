#include "src/model/draws.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <cstddef>

#include "src/numerics/statistics.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

/// Draws a number on (0, 1).
double uniform(PhiloxKey key, std::uint32_t draw, std::size_t parameter) {
  const auto block = philox<std::uint32_t>(static_cast<std::uint32_t>(parameter), draw, 0, 0, key);
  const std::uint64_t bits = std::uint64_t{block.word[0]} << 32 | block.word[1];
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

}  // namespace

std::vector<double> draw(const ProposalLaw& law, const SimulatorInfo& simulator, PhiloxKey key, int count) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const std::size_t D = law.mean.size();
  const auto size = static_cast<Eigen::Index>(D);
  const Eigen::MatrixXd factor = Matrix::Map(law.correlation.data(), size, size).llt().matrixL();
  std::vector<double> theta;
  theta.reserve(static_cast<std::size_t>(count) * D);
  Eigen::VectorXd normal(size), offset(size);
  for (int i = 0; i < count; ++i) {
    for (std::size_t d = 0; d < D; ++d)
      normal[static_cast<Eigen::Index>(d)] = normal_quantile(uniform(key, static_cast<std::uint32_t>(i), d));
    offset = factor * normal;
    for (std::size_t d = 0; d < D; ++d)
      theta.push_back(
          natural_of(simulator.parameters[d], law.mean[d] + law.deviation[d] * offset[static_cast<Eigen::Index>(d)]));
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
