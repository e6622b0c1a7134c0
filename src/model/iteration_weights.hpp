// The fixed weights w_t of an episode's iterations.
#pragma once

#include <vector>

#include "alfi/choices.hpp"

namespace alfi {

/// Returns (T) numbers that sum to 1: exp ∝ (e^{3τ} − 1)/(e³ − 1), τ = t/(T − 1); const 1/T; last. Zeros for oi, whose
/// weights depend on the losses.
template <class R = double>
std::vector<R> iteration_weights(Weights weights, int T);

}  // namespace alfi
