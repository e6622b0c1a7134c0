// Probabilities of counts without cancellation (Loader 2000, "Fast and accurate computation of binomial
// probabilities"): n! by Stirling's formula and its correction, powers by their deviance from the mean.
#pragma once

#include "kernels/lanes/math.hpp"

namespace alfi::inline ALFI_ISA {

/// Returns n log(n/m) + m − n of n and m = n − distance, where v = distance / (n + m): distance v + 2n (v³/3 + v⁵/5 +
/// …). It is for z = v² ≤ 0.67, its error weighted by the root of the probability of such a count.
template <class F>
ALFI_HD F deviance_of(F n, F distance, F v) {
  const F z = v * v;
  // 2 (1/3 + z/5 + z²/7 + …)
  const F series = polynomial(z, 0x1.555342p-1f, 0x1.9ae194p-2f, 0x1.073cecp-2f, 0x1.03dcdp-1f, -0x1.4306b8p+0f,
                              0x1.03c5acp+2f, -0x1.545f96p+2f, 0x1.a8f6cp+1f);
  return v * fma(n * z, series, distance);
}

/// Returns log Γ(n) − Stirling's formula from 1/n, at whole n ≥ 1 to 1e-8: 1/(12 n) − …
template <class F>
ALFI_HD F stirling_correction(F inverse_n) {
  return inverse_n * polynomial(inverse_n * inverse_n, 0x1.55553p-4f, -0x1.6b3424p-9f, 0x1.72f6p-11f, -0x1.b4c34p-13f);
}

}  // namespace alfi::inline ALFI_ISA
