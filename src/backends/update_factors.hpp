// Factors of an update, which depend on how many there were before it.
#pragma once

#include <cstdint>

#include "kernels/launch/optimizer.hpp"

namespace alfi {

/// Returns the factors of the update after `updates` others. `decay` is the average's in the long run: early on it
/// looks back only over the steps there have been, min(decay, k/(k + 9)) at update k, so that it soon forgets the
/// initial weights.
UpdateFactors update_factors(std::int64_t updates, double decay);

}  // namespace alfi
