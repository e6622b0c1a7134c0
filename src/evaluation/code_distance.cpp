#include "src/evaluation/code_distance.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace alfi {
namespace {

/// Variance, as a part of the mean over all directions, below which a direction is left out: rounding makes about that
/// much of codes whose units do not vary.
constexpr double least_variance = 1e-8;

/// Number of the distances that calibrate for each of their tail, which the largest are.
constexpr std::size_t tail_part = 10;

}  // namespace

CodeDistance::CodeDistance(std::span<const float> codes, int C) {
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Index problems = static_cast<Eigen::Index>(codes.size()) / C, fitted = problems / 2;
  const Eigen::MatrixXd all = Eigen::Map<const Rows>(codes.data(), problems, C).cast<double>();
  mean_ = all.topRows(fitted).colwise().mean();
  const Eigen::MatrixXd offsets = all.topRows(fitted).rowwise() - mean_.transpose();
  const Eigen::MatrixXd covariance = offsets.transpose() * offsets / static_cast<double>(fitted - 1);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> directions(covariance);
  const double least = least_variance * covariance.trace() / C;
  const Eigen::Index left_out = (directions.eigenvalues().array() <= least).count();  // they are in ascending order
  const Eigen::Index kept = C - left_out;
  whitening_ = directions.eigenvalues().tail(kept).cwiseSqrt().cwiseInverse().asDiagonal() *
               directions.eigenvectors().rightCols(kept).transpose();
  for (Eigen::Index i = fitted; i < problems; ++i)
    calibration_.push_back(of(codes.subspan(static_cast<std::size_t>(i * C), static_cast<std::size_t>(C))));
  std::sort(calibration_.begin(), calibration_.end());
  // Hill's estimate of how the tail falls (Hill 1975, Ann. Statist. 3, 1163).
  tail_ = calibration_.size() / tail_part;
  const double start = calibration_[calibration_.size() - 1 - tail_];
  for (std::size_t i = calibration_.size() - tail_; i < calibration_.size(); ++i)
    tail_index_ += std::log(calibration_[i] / start) / static_cast<double>(tail_);
}

double CodeDistance::of(std::span<const float> code) const {
  const Eigen::VectorXd of =
      Eigen::VectorXf::Map(code.data(), static_cast<Eigen::Index>(code.size())).cast<double>() - mean_;
  return (whitening_ * of).norm();
}

double CodeDistance::probability(double distance) const {
  if (std::isnan(distance)) return distance;
  const auto count = static_cast<double>(calibration_.size());
  const auto farther = calibration_.end() - std::lower_bound(calibration_.begin(), calibration_.end(), distance);
  const double rank = (static_cast<double>(farther) + 1) / (count + 1);
  if (farther > 0) return rank;
  const double start = calibration_[calibration_.size() - 1 - tail_];
  return std::min(rank, static_cast<double>(tail_) / count * std::pow(distance / start, -1 / tail_index_));
}

}  // namespace alfi
