// Bins of observations, for histograms of real ones beside simulated ones.
#pragma once

#include <vector>

namespace alfi::report {

/// Bins over the real observations and a quarter of their range to each side, as far as there is anything.
struct Bins {
  double low, width;
  int count;

  Bins(const std::vector<double>& real, const std::vector<double>& simulated, bool whole);

  double high() const { return low + count * width; }
  double middle(int bin) const { return low + (bin + 0.5) * width; }

  /// Returns the per cent of all values in each bin.
  std::vector<double> parts(const std::vector<double>& values) const;
};

/// Returns column `which` of rows (count, dimension).
std::vector<double> column(const std::vector<float>& rows, int dimension, int which);

}  // namespace alfi::report
