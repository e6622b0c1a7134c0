// How the codes of a pass are computed: every observation through the network, or looked up
// (kernels/episode/lookup.hpp).
#pragma once

#include "alfi/configuration.hpp"
#include "kernels/shape.hpp"

namespace alfi {

/// What runs on the CPU for so many episodes: engine.encoder, of auto the cheapest. `given`: the observations are not
/// simulated, so they need not be whole where a simulator's are, and there is no table. Depends on nothing else, as the
/// paths' results differ in their last bits.
Encoder choose_encoder(const Configuration& configuration, const Shape& shape, int episodes, bool given);

}  // namespace alfi
