// R, the number of real observations of an episode, as the kernels draw it: log-uniform between the configured bounds.
#pragma once

#include <cstdint>
#include <vector>

#include "alfi/configuration.hpp"

namespace alfi {

/// The tables of a ProblemRule (kernels/episode/problem.hpp): the least random words that give more than min, min + 1,
/// … observations, and how the RIM sees min, …, max.
struct RealCounts {
  std::vector<std::uint32_t> above;  ///< (max − min)
  std::vector<float> input;          ///< (max − min + 1)
};

using CountRange = Configuration::Episode::RealObservations;

/// Tells whether the RIM sees R: it is trained over a range.
inline bool sees_count(const CountRange& range) { return range.min != range.max; }

/// Returns log R, standardised by the mean and deviation of log R ~ U(log min, log max); 0 where R is fixed.
float count_input(const CountRange& range, double count);

RealCounts real_counts(const CountRange& range);

}  // namespace alfi
