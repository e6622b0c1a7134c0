#include "src/baselines/energy_distance.hpp"

#include <algorithm>
#include <limits>

namespace alfi::baselines {
namespace {

/// Mean of |a − b| over distinct pairs of numbers in order: the k-th is added k times and subtracted n − 1 − k times.
double mean_gap(std::span<const float> sorted) {
  const auto n = static_cast<double>(sorted.size());
  double sum = 0;
  for (std::size_t k = 0; k < sorted.size(); ++k)
    sum += (2 * static_cast<double>(k) + 1 - n) * static_cast<double>(sorted[k]);
  return 2 * sum / (n * (n - 1));
}

using Row = Eigen::Map<const Eigen::Array<float, 1, Eigen::Dynamic>>;

/// Sum of the distances of a point to the first `count` rows.
double distances(const Eigen::ArrayXXf& rows, Eigen::Index count, const Row& point, Eigen::ArrayXf& squares) {
  squares.head(count).setZero();
  for (Eigen::Index k = 0; k < rows.cols(); ++k) squares.head(count) += (rows.col(k).head(count) - point(k)).square();
  return static_cast<double>(squares.head(count).sqrt().sum());
}

/// Mean over distinct pairs of rows.
double mean_distance(const Eigen::ArrayXXf& rows) {
  Eigen::ArrayXf squares(rows.rows());
  double sum = 0;
  for (Eigen::Index i = 1; i < rows.rows(); ++i) {
    const Eigen::Array<float, 1, Eigen::Dynamic> point = rows.row(i);
    sum += distances(rows, i, Row(point.data(), point.size()), squares);
  }
  const auto n = static_cast<double>(rows.rows());
  return 2 * sum / (n * (n - 1));
}

Eigen::ArrayXXf rows_of(std::span<const float> x, int X, int most) {
  using Rows = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Rows>(x.data(), std::min<Eigen::Index>(static_cast<Eigen::Index>(x.size()) / X, most), X);
}

}  // namespace

EnergyDistance::EnergyDistance(std::span<const float> x, int X) : X_(X) {
  if (X > 1) {
    rows_ = rows_of(x, X, most_rows);
    within_ = mean_distance(rows_);
    return;
  }
  sorted_.assign(x.begin(), x.end());
  std::sort(sorted_.begin(), sorted_.end());
  within_ = mean_gap(sorted_);
  before_.push_back(0);
  for (const float value : sorted_) before_.push_back(before_.back() + static_cast<double>(value));
}

double EnergyDistance::to(std::span<float> y) const {
  if (y.size() < 2 * static_cast<std::size_t>(X_)) return std::numeric_limits<double>::infinity();
  return X_ == 1 ? to_scalars(y) : to_rows(y);
}

double EnergyDistance::to_scalars(std::span<float> y) const {
  std::sort(y.begin(), y.end());
  const auto R = static_cast<double>(sorted_.size());
  double between = 0;
  auto place = sorted_.begin();
  for (const float value : y) {
    place = std::upper_bound(place, sorted_.end(), value);
    const auto below = place - sorted_.begin();
    between += static_cast<double>(value) * (2 * static_cast<double>(below) - R) + before_.back() -
               2 * before_[static_cast<std::size_t>(below)];
  }
  return 2 * between / (R * static_cast<double>(y.size())) - within_ - mean_gap(y);
}

double EnergyDistance::to_rows(std::span<const float> y) const {
  const Eigen::Index N = static_cast<Eigen::Index>(y.size()) / X_;
  Eigen::ArrayXf squares(rows_.rows());
  double between = 0;
  for (Eigen::Index n = 0; n < N; ++n) between += distances(rows_, rows_.rows(), Row(y.data() + n * X_, X_), squares);
  return 2 * between / static_cast<double>(rows_.rows() * N) - within_ -
         mean_distance(rows_of(y, X_, static_cast<int>(N)));
}

}  // namespace alfi::baselines
