#include "src/report/bins.hpp"

#include <algorithm>
#include <cmath>

namespace alfi::report {

Bins::Bins(const std::vector<double>& real, const std::vector<double>& simulated, bool whole) {
  const auto [least, most] = std::minmax_element(real.begin(), real.end());
  const double margin = 0.25 * (*most - *least);
  double from = *least, to = *most;
  for (const double x : simulated) {
    from = std::min(from, std::max(x, *least - margin));
    to = std::max(to, std::min(x, *most + margin));
  }
  constexpr int most_bins = 30;
  if (whole) {
    from = std::floor(from);
    width = std::ceil((std::floor(to) - from + 1) / most_bins);
    count = static_cast<int>((std::floor(to) - from) / width) + 1;
    low = from - 0.5;
  } else {
    count = most_bins;
    width = to > from ? (to - from) / most_bins : 1;
    low = from;
  }
}

std::vector<double> Bins::parts(const std::vector<double>& values) const {
  std::vector<double> parts(static_cast<std::size_t>(count), 0.0);
  for (const double value : values) {
    const double place = (value - low) / width;
    if (!(place >= 0 && place <= count)) continue;  // outside what is shown
    parts[static_cast<std::size_t>(std::min(static_cast<int>(place), count - 1))] +=
        100 / static_cast<double>(values.size());
  }
  return parts;
}

std::vector<double> column(const std::vector<float>& rows, int dimension, int which) {
  std::vector<double> values;
  for (std::size_t i = static_cast<std::size_t>(which); i < rows.size(); i += static_cast<std::size_t>(dimension))
    values.push_back(rows[i]);
  return values;
}

}  // namespace alfi::report
