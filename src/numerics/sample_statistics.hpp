// Statistics of all numbers of a sample at once: their order and their moments. The host finds them, or a CUDA
// device by Thrust, to the same bits.
#pragma once

#include <span>
#include <vector>

#include "kernels/networks/moments.hpp"

namespace alfi {

/// May be called from any thread. Throws RunError where a device fails.
class SampleStatistics {
 public:
  virtual ~SampleStatistics() = default;

  /// Sorts in ascending order. None is NaN; which of two zeros comes first is not said.
  virtual void sort(std::span<double> values) = 0;

  /// Returns the moments of each column of x (rows, columns); at least one row.
  std::vector<Moments> moments(std::span<const float> x, int columns);

 private:
  /// Returns the moments (pieces, columns).
  virtual std::vector<Moments> moments_of(const MomentsOfPieces& pieces) = 0;
};

/// Returns the statistics that the host computes.
SampleStatistics& host_statistics();

}  // namespace alfi
