// Distance of a code from the codes of training's problems.
//
// The encoder turns a data set into a code, the mean over its observations. Codes of what a simulator makes lie near a
// surface with as many dimensions as θ has, and noise about it; data that no simulator makes fall off it. The distance
// is Mahalanobis', with mean and covariance of some problems' codes. Its tail probability is calibrated on others:
// their rank, and beyond the farthest of them, where ranks end, a power of the distance that the farthest tenth tells.
// The surface is curved: the tail of a normal law would give false alarms.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace alfi {

class CodeDistance {
 public:
  /// Learns from codes (problems, C), row by row: one half gives mean and covariance, the other calibrates. At
  /// least 96 problems.
  CodeDistance(std::span<const float> codes, int C);

  /// Returns the distance of a code (C), in deviations. NaN for one that is not finite.
  double of(std::span<const float> code) const;
  /// Returns the probability that a problem of training is as far away. NaN for NaN.
  double probability(double distance) const;

 private:
  Eigen::VectorXd mean_;
  Eigen::MatrixXd whitening_;  ///< (directions, C)
  std::vector<double> calibration_;
  std::size_t tail_;       ///< how many of them are its tail
  double tail_index_ = 0;  ///< mean logarithm, in the tail, of the distance over that where it begins
};

}  // namespace alfi
