// A fit in numbers and words, and when it is called poor.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "alfi/machine.hpp"

namespace alfi {

/// Part of the false alarms that each check may give. Data that no simulator made change what is simulated at the
/// answer most; and its least p-value, 1/129, must do for an alarm.
inline constexpr double predictive_share = 0.8, code_share = 0.1, likelihood_share = 0.1;
/// False alarms of all checks together.
inline constexpr double alarm = 0.01;

/// Says in words how badly observations fit; nothing of a fit that is good enough.
std::string poor_fit(const Fit& fit);

/// Names all numbers of a fit but the simulated distances, as files have them.
std::vector<std::pair<const char*, double>> numbers_of(const Fit& fit);

/// Returns the fit of an answer that was not checked: NaN.
Fit unchecked_fit();

/// Returns the fit of several sets together: p alone, the probability that as many of them fit poorly, or one of them
/// as badly as the worst.
Fit combined_fit(std::span<const Posterior> posteriors);
/// Says in words how many of the sets fit poorly, where that is no chance.
std::string poor_fit_of_sets(std::span<const Posterior> posteriors, const Fit& fit);

}  // namespace alfi
