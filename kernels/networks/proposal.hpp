// The proposal's families: what the P numbers of ψ are, and the law of θ they stand for. Standardised units.
//
//   gaussian        μ, log σ                  θ = μ + σ ε, ε ~ N(0, I)
//   gaussian_fixed  μ                         θ = μ + σ ε with the configured σ
//   point           μ                         θ = μ
//   gaussian_full   μ, log σ, c               C u = ε with u = (θ − μ)/σ, C unit lower triangular:
//                                             u_i = ε_i − Σ_{j<i} c_ij u_j
//
// The couplings c come row by row, c₂₁, c₃₁, c₃₂, … So σ_i is the deviation of θ_i given those before it, and −c_ij is
// what u_j adds to its mean: the modified Cholesky factor of the precision, Σ⁻¹ = σ⁻¹ CᵀC σ⁻¹ (Pourahmadi 1999,
// Biometrika 86, 677). Of a factor of the precision rather than of the covariance, since the log density is then a
// square in c, without a triangular system to be solved, neither for the loss nor for its gradient. With c = 0 it is
// family gaussian, and since u is in units of σ a step of c means the same at every scale.
#pragma once

#include "kernels/lanes/math.hpp"
#include "kernels/team/team.hpp"

namespace alfi::inline ALFI_ISA {

/// Returns the number of the pair j < i among the couplings; in ψ it comes after μ and log σ.
constexpr int pair_number(int i, int j) { return i * (i - 1) / 2 + j; }
constexpr int coupling_place(int D, int i, int j) { return 2 * D + pair_number(i, j); }

/// Returns log σ of dimension d from psi (P, 16), or log_sigma for family gaussian_fixed.
template <class F>
ALFI_HD F log_deviation(Family family, double log_sigma, int D, const Real<F>* psi, int d, int lane) {
  return learns_deviation(family) ? load<F>(psi + (D + d) * tile_lanes + lane)
                                  : splat<F>(static_cast<Real<F>>(log_sigma));
}

/// Returns c_ij.
template <class F>
ALFI_HD F coupling(int D, const Real<F>* psi, int i, int j, int lane) {
  return load<F>(psi + coupling_place(D, i, j) * tile_lanes + lane);
}

}  // namespace alfi::inline ALFI_ISA
