// Choice of how the codes of a pass are computed: every observation through the network, or looked up
// (kernels/episode/lookup.hpp).
#pragma once

#include "src/model/plan.hpp"

namespace alfi {

/// Source of a problem's real observations. Given ones need not be whole where a simulator's are, so there is no
/// table of their codes.
enum class RealSource { simulated, given };

/// Returns how the CPU computes the codes of this many episodes: engine.encoder, or of auto the cheapest. It depends on
/// nothing else, as the results of the ways differ in their last bits.
Encoder choose_encoder(const Plan& plan, const Shape& shape, int episodes, RealSource real);

}  // namespace alfi
