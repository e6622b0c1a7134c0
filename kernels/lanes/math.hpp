// Elementary functions in float, the same bits in every lane vector and on every machine: polynomials evaluated with
// fma, no tables, no branches. NaN in gives NaN out. For double (tests only) the C library's.
//
// Largest errors seen over every seventh float (tests/kernels/lanes/math_test.cpp holds them), in units in the last
// place:
//   exp 0.9  expm1 1.5  sigmoid 2.4  tanh 3.1  log 1.1  log1p 1.8  asinh 2.1  sincos_turns 1.6  tan 3.8
//   asin 2.4  cube_root 3.9
// Subnormal arguments and results are as accurate as the others. Polynomials were fitted with Sollya's fpminimax, the
// rational function in tanh by Lawson's algorithm.
#pragma once

#include "kernels/lanes/lanes.hpp"

#ifdef ALFI_MODULE
/// Rounds to float first, in a header of one's own: the C library's functions of double differ between machines.
#define ALFI_OF_DOUBLE(name, of_library) \
  ALFI_HD double name(double x) { return static_cast<double>(name(static_cast<float>(x))); }
#else
#define ALFI_OF_DOUBLE(name, of_library) \
  ALFI_HD double name(double x) { return of_library(x); }
#endif

namespace alfi::inline ALFI_ISA {

/// Returns c₀ + c₁ x + c₂ x² + …
template <class F>
ALFI_HD F polynomial(F, Real<F> c0) {
  return splat<F>(c0);
}
template <class F, class... C>
ALFI_HD F polynomial(F x, Real<F> c0, C... c) {
  return fma(polynomial(x, c...), x, splat<F>(c0));
}

/// Returns the integer nearest to scale · x, ties to even, as a number and in n. |scale · x| < 2²².
template <class F>
ALFI_HD F nearest(F x, Real<F> scale, Int<F>& n) {
  constexpr float shift = 0x1.8p23f;  // adding it rounds to an integer and leaves that integer in the low bits
  const F shifted = fma(x, splat<F>(scale), splat<F>(shift));
  n = bits(shifted) - 0x4b400000;
  return shifted - shift;
}

/// Returns 2ⁿ, −126 ≤ n ≤ 127.
template <class F>
ALFI_HD F power_of_two(Int<F> n) {
  return from_bits((n + 127) << 23);
}

/// Returns the float whose bits are those of x less e, wrapping: x 2⁻ᵏ for e = 2²³ k.
template <class F>
ALFI_HD F less_bits(F x, Int<F> e) {
  return from_bits(to_int(to_uint(bits(x)) - to_uint(e)));
}

/// Returns size with the sign of x, for size ≥ 0.
template <class F>
ALFI_HD F with_sign(F size, F x) {
  return from_bits(bits(size) | (bits(x) & INT32_MIN));
}

// --- exponentials
// ------------------------------------------------------------------------------------------------------ x = n log 2 +
// r, |r| ≤ log(2)/2, and e^r = 1 + r + r² c(r).

template <class F>
ALFI_HD F exp_remainder(F x, Int<F>& n) {
  const F k = nearest(x, 0x1.715476p0f, n);
  const F r = fma(k, splat<F>(-0x1.62e4p-1f), x);  // log 2 in two parts; the first has 14 bits, so this is exact
  return fma(k, splat<F>(-0x1.7f7d1cp-20f), r);
}
template <class F>
ALFI_HD F exp_curvature(F r) {
  return polynomial(r, 0x1.fffffap-2f, 0x1.555492p-3f, 0x1.555a26p-5f, 0x1.12398p-7f, 0x1.694ca6p-10f);
}

template <class F>
ALFI_HD F exp(F x) {
  x = min(splat<F>(89.0f), max(splat<F>(-104.0f), x));  // infinite above, 0 below
  Int<F> n;
  const F r = exp_remainder(x, n);
  const F mantissa = fma(fma(exp_curvature(r), r, splat<F>(1.0f)), r, splat<F>(1.0f));
  const Int<F> half = n >> 1;  // in two steps, as 2ⁿ alone need not be a normal float
  return mantissa * power_of_two<F>(half) * power_of_two<F>(n - half);
}
ALFI_OF_DOUBLE(exp, __builtin_exp)

/// e^x − 1
template <class F>
ALFI_HD F expm1(F x) {
  const F bounded = min(splat<F>(89.0f), max(splat<F>(-30.0f), x));
  Int<F> n;
  const F r = exp_remainder(bounded, n);
  const F scale = power_of_two<F>(n - 1);
  const F half = fma(fma(exp_curvature(r), r * r, r), scale, scale - 0.5f);
  return select(abs(x) < 0x1p-24f, x, half + half);
}
ALFI_OF_DOUBLE(expm1, __builtin_expm1)

/// Returns 1 / (1 + e^−x).
template <class F>
ALFI_HD F sigmoid(F x) {
  const F e = exp(-abs(x));
  return select(x < 0.0f, e, splat<F>(1.0f)) / (e + 1.0f);
}
ALFI_HD double sigmoid(double x) { return 1.0 / (1.0 + __builtin_exp(-x)); }

/// Returns tanh x. With n/2q ≈ tanh(|x|/2) rational, tanh |x| = nq / (q² + n²/4). An error of n/q counts only 1/cosh x
/// of its size; the fit on [0, 9] was weighted so. The common factor 1.8125 keeps q and the denominator where floats
/// are dense. Above 9 the result is 1.
template <class F>
ALFI_HD F tanh(F x) {
  const F size = min(splat<F>(9.0f), abs(x));
  const F z = size * size;
  const F n = size * polynomial(z, 0x1.dp0f, 0x1.ba2604p-5f, 0x1.b2a9cp-13f);
  const F q = polynomial(z, 0x1.dp0f, 0x1.a3decep-3f, 0x1.1ec006p-9f, 0x1.2b7ceap-19f);
  return with_sign(n * q / fma(q, q, 0.25f * n * n), x);
}
ALFI_OF_DOUBLE(tanh, __builtin_tanh)

// --- logarithms
// -------------------------------------------------------------------------------------------------------- x = 2ᵏ (1 +
// f), 2/3 ≤ 1 + f < 4/3, and log(1 + f) = f + f² c(f).

/// Returns 2²³ k of x = 2ᵏ (1 + f).
template <class F>
ALFI_HD Int<F> log_exponent(F x) {
  return bits(less_bits(x, Int<F>{} + 0x3f2aaaab)) & ~0x7fffff;  // 0x3f2aaaab is 2/3
}

/// Returns log x from e = 2²³ k and f.
template <class F>
ALFI_HD F log_of_parts(F e, F f) {
  const F c = polynomial(f, -0x1.ffffd4p-2f, 0x1.5554fap-2f, -0x1.0014c2p-2f, 0x1.99d47cp-3f, -0x1.5029fep-3f,
                         0x1.1e9c7p-3f, -0x1.3b55e8p-3f, 0x1.1f614ep-3f);
  return fma(e, splat<F>(0x1.62e43p-24f), fma(f * f, c, f));  // 2⁻²³ log 2
}

/// Returns log x for normal, finite x > 0.
template <class F>
ALFI_HD F log_of_normal(F x) {
  const Int<F> e = log_exponent(x);
  return log_of_parts(to_real(e), less_bits(x, e) - 1.0f);
}
ALFI_OF_DOUBLE(log_of_normal, __builtin_log)

template <class F>
ALFI_HD F log(F x) {
  const Mask<F> subnormal = x < 0x1p-126f;
  const F normal = select(subnormal, x * 0x1p23f, x);
  const Int<F> e = log_exponent(normal);
  const F offset = select(subnormal, splat<F>(-23.0f * 0x1p23f), splat<F>(0.0f));
  const F value = log_of_parts(to_real(e) + offset, less_bits(normal, e) - 1.0f);
  const F special = select(x == 0.0f, splat<F>(-__builtin_inff()), splat<F>(__builtin_nanf("")));
  return select(x > 0.0f, select(x < __builtin_inff(), value, x), special);
}
ALFI_OF_DOUBLE(log, __builtin_log)

/// Returns log(1 + x).
template <class F>
ALFI_HD F log1p(F x) {
  const Int<F> e = log_exponent(x + 1.0f);
  // (1 + x) 2⁻ᵏ − 1 rounded once: x is scaled through its exponent, and 1 − 2⁻ᵏ is exact where it matters.
  const F scale = less_bits(splat<F>(4.0f), e);  // 4 · 2⁻ᵏ, as 2⁻ᵏ may be subnormal
  const F f = less_bits(x, e) - fma(scale, splat<F>(-0.25f), splat<F>(1.0f));
  const F value = log_of_parts(to_real(e), f);
  const F special = select(x == -1.0f, splat<F>(-__builtin_inff()), splat<F>(__builtin_nanf("")));
  const F inside = select(abs(x) < 0x1p-24f, x, select(x < __builtin_inff(), value, x));
  return select(x > -1.0f, inside, special);
}
ALFI_OF_DOUBLE(log1p, __builtin_log1p)

/// Returns the inverse hyperbolic sine: sign(x) log1p(|x| + x² / (1 + √(1 + x²))).
template <class F>
ALFI_HD F asinh(F x) {
  const F size = abs(x);
  const Mask<F> large = size > 0x1p30f;  // here log 2|x|, and x² might overflow
  const F argument = size + size * (size / (sqrt(fma(size, size, splat<F>(1.0f))) + 1.0f));
  const F value = log1p(select(large, size, argument)) + select(large, splat<F>(0x1.62e43p-1f), splat<F>(0.0f));
  return with_sign(value, x);
}
ALFI_OF_DOUBLE(asinh, __builtin_asinh)

// --- angles
// ------------------------------------------------------------------------------------------------------------

/// Computes sin and cos of the angle 2π r, |r| ≤ 1/8.
template <class F>
ALFI_HD void sincos_eighth(F r, F& sin, F& cos) {
  const F z = r * r;
  sin = r * polynomial(z, 0x1.921fb6p2f, -0x1.4abbecp5f, 0x1.466b2p6f, -0x1.2f5992p6f);
  cos = polynomial(z, 1.0f, -0x1.3bd3ccp4f, 0x1.03c19ep6f, -0x1.55a5bp6f, 0x1.d09344p5f);
}

/// Computes sin and cos of the angle 2π u: u counts turns, |u| < 2²⁰.
template <class F>
ALFI_HD void sincos_turns(F u, F& sin, F& cos) {
  Int<F> quarter;
  const F k = nearest(u, 4.0f, quarter);
  F s, c;
  sincos_eighth(fma(k, splat<F>(-0.25f), u), s, c);
  const Mask<F> odd = (quarter & 1) != 0;
  sin = from_bits(bits(select(odd, c, s)) ^ ((quarter & 2) << 30));
  cos = from_bits(bits(select(odd, s, c)) ^ (((quarter + 1) & 2) << 30));
}
ALFI_HD void sincos_turns(double u, double& sin, double& cos) {
  const double angle = 6.283185307179586477 * (u - __builtin_rint(u));
  sin = __builtin_sin(angle);
  cos = __builtin_cos(angle);
}

/// Returns tan x for 0 ≤ x ≤ 1.57; above π/4 as cot(π/2 − x), with π/2 in two parts, so that it keeps its digits near
/// the pole.
template <class F>
ALFI_HD F tan_of_acute(F x) {
  const Mask<F> upper = x > 0x1.921fb6p-1f;
  const F angle = select(upper, (0x1.921fb6p0f - x) - 0x1.777a5cp-25f, x);
  F s, c;
  sincos_eighth(angle * 0x1.45f306p-3f, s, c);  // 1/2π: in turns
  return select(upper, c, s) / select(upper, s, c);
}
ALFI_OF_DOUBLE(tan_of_acute, __builtin_tan)

/// Returns arcsin x for 0 ≤ x ≤ 1; above ½ as π/2 − 2 arcsin √((1 − x)/2).
template <class F>
ALFI_HD F asin_of_positive(F x) {
  const Mask<F> upper = x > 0.5f;
  const F z = select(upper, fma(x, splat<F>(-0.5f), splat<F>(0.5f)), x * x);
  const F y = select(upper, sqrt(z), x);
  const F cubic = polynomial(z, 0x1.5555c8p-3f, 0x1.330206p-4f, 0x1.747b72p-5f, 0x1.8c415ap-6f, 0x1.5959aap-5f);
  const F angle = fma(y * z, cubic, y);
  return select(upper, fma(angle, splat<F>(-2.0f), splat<F>(0x1.921fb6p0f)), angle);
}
ALFI_OF_DOUBLE(asin_of_positive, __builtin_asin)

// --- roots
// -------------------------------------------------------------------------------------------------------------

/// Returns ∛x for normal x > 0, and 1/∛x, in which the iteration runs (no division): y ← y (1 + h/3 + 2h²/9), h = 1 − x
/// y³.
template <class F>
ALFI_HD F cube_root(F x, F& inverse) {
  F y = from_bits(0x54a2fa8c - to_int(to_real(bits(x)) * (1.0f / 3.0f)));  // within 4 %
  for (int step = 0; step < 2; ++step) {
    const F h = fma(x * y, -(y * y), splat<F>(1.0f));
    y = fma(y * h, fma(h, splat<F>(0x1.c71c72p-3f), splat<F>(0x1.555556p-2f)), y);
  }
  inverse = y;
  const F root = x * y * y;
  return root;
}
ALFI_HD double cube_root(double x, double& inverse) {
  const double root = __builtin_cbrt(x);
  inverse = 1.0 / root;
  return root;
}

}  // namespace alfi::inline ALFI_ISA
