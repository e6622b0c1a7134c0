// Draws of θ, from an answer's law and from the prior. Key, number of the draw and parameter name a
// random number.
#pragma once

#include <vector>

#include "alfi/simulators.hpp"
#include "kernels/lanes/random.hpp"
#include "src/model/truncated_law.hpp"

namespace alfi {

/// Draws `count` times from a law of standardised parameters: (count, D), row by row. NaN where the law is not finite.
/// Where the law is coupled and less than a hundredth of the normal law is within the ranges, some draws may be at
/// their ends instead.
std::vector<double> draw(const TruncatedLaw& law, PhiloxKey key, int count);

/// Draws θ (D) number `number` from the prior, in natural units.
std::vector<double> draw_prior(const SimulatorInfo& simulator, PhiloxKey key, std::uint32_t number);

}  // namespace alfi
