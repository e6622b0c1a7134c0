// Standard normal numbers: Box and Muller 1958. With u, v uniform, √(−2 log u) (cos 2πv, sin 2πv) are two.
#pragma once

#include "kernels/lanes/math.hpp"
#include "kernels/lanes/random.hpp"

namespace alfi::inline ALFI_ISA {

/// Draws four normal numbers from one Philox block; |z| ≤ 6.7, where u has its smallest value 2⁻³².
template <class F>
ALFI_HD void standard_normals(const PhiloxBlock<Uint<F>>& block, F (&z)[4]) {
#pragma GCC unroll 2
  for (int pair = 0; pair < 2; ++pair) {
    const F radius = sqrt(-2.0f * log_of_normal(uniform_fine<F>(block.word[2 * pair])));
    F sin, cos;
    sincos_turns(uniform<F>(block.word[2 * pair + 1]), sin, cos);
    z[2 * pair] = radius * cos;
    z[2 * pair + 1] = radius * sin;
  }
}

}  // namespace alfi::inline ALFI_ISA
