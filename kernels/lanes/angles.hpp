// Angles in radians, and powers: functions that simulators of one's own may need. Equal bits everywhere, as those of
// math.hpp.
#pragma once

#include "kernels/lanes/math.hpp"

namespace alfi::inline ALFI_ISA {

/// Computes sin and cos of x radians, |x| < 10⁶: x in turns, in two parts, so that it keeps its digits.
template <class F>
ALFI_HD void sincos(F x, F& sin, F& cos) {
  const F inverse = splat<F>(0x1.45f306p-3f);  // 1/2π, and what it lacks
  const F turns = x * inverse, rest = fma(x, splat<F>(0x1.b9391p-28f), fma(x, inverse, -turns));
  Int<F> quarter;
  const F k = nearest(turns, 4.0f, quarter);
  F s, c;
  sincos_eighth(fma(k, splat<F>(-0.25f), turns) + rest, s, c);
  const Mask<F> odd = (quarter & 1) != 0;
  sin = from_bits(bits(select(odd, c, s)) ^ ((quarter & 2) << 30));
  cos = from_bits(bits(select(odd, s, c)) ^ (((quarter + 1) & 2) << 30));
}

/// Returns sin x, |x| < 10⁶.
template <class F>
ALFI_HD F sin(F x) {
  F s, c;
  sincos(x, s, c);
  return s;
}
/// Returns cos x, |x| < 10⁶.
template <class F>
ALFI_HD F cos(F x) {
  F s, c;
  sincos(x, s, c);
  return c;
}
/// Returns tan x, |x| < 10⁶.
template <class F>
ALFI_HD F tan(F x) {
  F s, c;
  sincos(x, s, c);
  return s / c;
}

/// Returns arcsin x, −1 ≤ x ≤ 1.
template <class F>
ALFI_HD F asin(F x) {
  return with_sign(asin_of_positive(abs(x)), x);
}
/// Returns arccos x, −1 ≤ x ≤ 1; near 1 as 2 arcsin √((1 − x)/2), so that it keeps its digits.
template <class F>
ALFI_HD F acos(F x) {
  const Mask<F> upper = x > 0.5f;
  const F y = select(upper, sqrt(fma(x, splat<F>(-0.5f), splat<F>(0.5f))), abs(x));
  const F angle = asin_of_positive(y);
  return select(upper, 2.0f * angle, 0x1.921fb6p0f - with_sign(angle, x));
}
/// Returns arctan x; of |x| > 1 as π/2 − arctan 1/|x|.
template <class F>
ALFI_HD F atan(F x) {
  const F size = abs(x);
  const Mask<F> upper = size > 1.0f;
  const F y = select(upper, 1.0f / size, size);
  const F angle = asin_of_positive(y / sqrt(fma(y, y, splat<F>(1.0f))));
  return with_sign(select(upper, 0x1.921fb6p0f - angle, angle), x);
}

/// Returns xʸ for x ≥ 0, with a relative error of up to 1.2e-7 (1 + |y log x|); NaN for x < 0.
template <class F>
ALFI_HD F pow(F x, F y) {
  const F power = exp(y * log(x));
  const F zeroth = splat<F>(1.0f);
  return select((y == 0.0f) | (x == 1.0f), zeroth, power);
}

}  // namespace alfi::inline ALFI_ISA
