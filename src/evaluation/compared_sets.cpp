#include "src/evaluation/compared_sets.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace alfi {
namespace {

/// Takes values in deviations from their mean; all are 0 where they are equal.
std::vector<double> standardised(std::vector<double> values) {
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean) / static_cast<double>(values.size());
  for (double& value : values) value = squares > 0 ? (value - mean) / std::sqrt(squares) : 0;
  return values;
}

/// Returns the part of the values, the first among them, that are as large as the first.
double part_as_large(const std::vector<double>& values) {
  return static_cast<double>(std::ranges::count_if(values, [&](double value) { return value >= values[0]; })) /
         static_cast<double>(values.size());
}

/// Returns the logarithm of each set's squared distance from the mean of the parts, in the others' covariance. Sets at
/// different θ differ most along what θ changes; that counts little.
std::vector<double> shapes(const std::vector<ComparedSet>& sets) {
  const auto count = static_cast<Eigen::Index>(sets.size()), cells = static_cast<Eigen::Index>(sets[0].parts.size());
  Eigen::MatrixXd parts(count, cells);
  for (Eigen::Index i = 0; i < count; ++i)
    parts.row(i) = Eigen::RowVectorXd::Map(sets[static_cast<std::size_t>(i)].parts.data(), cells);
  parts.rowwise() -= parts.colwise().mean().eval();
  Eigen::MatrixXd products = parts.transpose() * parts;
  // With as many cells as sets the covariance is hardly known: a part of the mean variance is added to all.
  constexpr double added = 0.05;
  products.diagonal().array() += added * products.trace() / static_cast<double>(cells) + 1e-300;
  const Eigen::MatrixXd solved = products.llt().solve(parts.transpose());
  std::vector<double> logs;
  for (Eigen::Index i = 0; i < count; ++i) {
    const double leverage = parts.row(i) * solved.col(i);  // below 1, for its own products are in the sum
    logs.push_back(std::log((leverage + 1e-300) / std::max(1 - leverage, 1e-12)));
  }
  return logs;
}

/// Returns of each set the largest of some values, in deviations from their means; in size if `both_ways`.
std::vector<double> farthest(const std::vector<ComparedSet>& sets, std::vector<double> ComparedSet::*of,
                             bool both_ways) {
  std::vector<double> most(sets.size(), -std::numeric_limits<double>::infinity());
  for (std::size_t k = 0; k < (sets[0].*of).size(); ++k) {
    std::vector<double> values;
    for (const ComparedSet& set : sets) values.push_back((set.*of)[k]);
    values = standardised(values);
    for (std::size_t i = 0; i < sets.size(); ++i)
      most[i] = std::max(most[i], both_ways ? std::abs(values[i]) : values[i]);
  }
  return most;
}

}  // namespace

Ranks rank_of_first(const std::vector<ComparedSet>& sets) {
  std::vector<double> distances;
  for (const ComparedSet& set : sets) distances.push_back(std::log(set.distance + 1e-300));
  const std::vector<double> energy = standardised(distances), shape = standardised(shapes(sets));
  const std::vector<double> spread = farthest(sets, &ComparedSet::spreads, true),
                            extremes = farthest(sets, &ComparedSet::extremes, false);
  std::vector<double> worst;
  for (std::size_t i = 0; i < sets.size(); ++i)
    worst.push_back(std::max({energy[i], shape[i], spread[i], extremes[i]}));
  return {part_as_large(worst), part_as_large(energy), part_as_large(shape), part_as_large(spread),
          part_as_large(extremes)};
}

}  // namespace alfi
