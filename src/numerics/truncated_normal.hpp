// The normal law N(0, 1) between two ends, either of which may be infinite; with its digits in the farthest tail.
#pragma once

namespace alfi {

/// Returns log(Φ(high) − Φ(low)) for low < high.
double log_normal_probability(double low, double high);

/// Returns the p-quantile of N(0, 1) truncated to [low, high], low < high; q is 1 − p, with its own digits.
double truncated_normal_quantile(double low, double high, double p, double q);

}  // namespace alfi
