// Facts that follow of a proposal family and of a loss. Code asks them instead of comparing with enumerators, so that
// an added one is judged here. Inlined by command: kernels of different instruction sets must not share a function.
#pragma once

#include "alfi/choices.hpp"

namespace alfi {

/// Returns whether q(θ|ψ) has a density.
[[gnu::always_inline]] constexpr bool has_density(Family family) { return family != Family::point; }

/// Returns whether ψ has a log σ.
[[gnu::always_inline]] constexpr bool learns_deviation(Family family) {
  return family == Family::gaussian || family == Family::gaussian_full;
}

/// Returns whether ψ has a number for each pair of parameters.
[[gnu::always_inline]] constexpr bool couples(Family family) { return family == Family::gaussian_full; }

/// Returns whether ℓ is made of the density of the truth.
[[gnu::always_inline]] constexpr bool needs_density(Loss loss) {
  return loss == Loss::normal || loss == Loss::beta_normal;
}

/// Returns whether ℓ is the mean over the dimensions of a distance from the truth.
[[gnu::always_inline]] constexpr bool is_distance(Loss loss) { return loss == Loss::mse || loss == Loss::l1; }

/// Returns whether ℓ weighs each dimension's term by a power of its σ.
[[gnu::always_inline]] constexpr bool weighs_by_deviation(Loss loss) { return loss == Loss::beta_normal; }

/// Returns the loss without such weights, by which machines are compared.
[[gnu::always_inline]] constexpr Loss plain(Loss loss) { return weighs_by_deviation(loss) ? Loss::normal : loss; }

}  // namespace alfi
