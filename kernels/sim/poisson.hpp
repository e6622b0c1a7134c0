// Poisson: k ~ Poisson(λ), θ = log λ. Prior log λ ~ U(0.2, 7). Domain log λ ≤ 16, so that k stays exact in float32.
//
// λ ≥ 10: transformed rejection, Hörmann 1993, "The transformed rejection method for generating Poisson random
// variables" (PTRS, without its squeezes). With U ~ U(−½, ½), s = ½ − |U| and V ~ U(0, 1),
//     k = ⌊(2a/s + b) U + λ + 0.43⌋ is accepted if V (1/α) / (a/s² + b) ≤ P(k).
// Nothing is lost to cancellation: λ = ⌊λ⌋ + fraction, so k − λ is exact to one rounding, and with n = k + 1, v = (n −
// λ)/(n + λ)
//     P(k) = λ⁻¹ √(n/2π) exp(−δ(n) − D(n)),   δ(n) = log Γ(n) − Stirling's formula ≈ 1/(12 n) − …,
//     D(n) = n log(n/λ) + λ − n = (n − λ) v + 2n (v³/3 + v⁵/5 + …)      (Loader 2000; n ≥ 1 spares k = 0 its own case).
// λ < 10: inversion by sequential search, from the tail 1 − P(0), so that small λ keep their digits.
#pragma once

#include "kernels/math.hpp"
#include "kernels/random.hpp"

namespace alfi::inline ALFI_ISA {

struct Poisson {
  static constexpr const char* name = "poisson";
  static constexpr int D = 1, X = 1;
  static constexpr int group = 1;
  static constexpr double low[D] = {0.2}, high[D] = {7.0};
  static constexpr float largest_log_rate = 16.0f;
  static constexpr float rejection_from = 10.0f;

  template <class F>
  struct Law {
    F rate;
    Mask<F> large;      ///< by rejection, else by inversion
    F whole, fraction;  ///< λ = whole + fraction
    F a, b, scale;      ///< of the hat; scale = α / (λ √2π)
    F none, some;       ///< P(0) and P(k > 0); for large λ some = 0
  };

  template <class F>
  static ALFI_HD Mask<F> clamp(F (&theta)[D]) {
    const Mask<F> above = theta[0] > largest_log_rate;
    theta[0] = select(above, splat<F>(largest_log_rate), theta[0]);
    return above;
  }

  template <class F>
  static ALFI_HD Law<F> law(const F (&theta)[D]) {
    Law<F> law;
    law.rate = exp(theta[0]);
    law.large = law.rate >= rejection_from;
    law.whole = floor(law.rate);
    law.fraction = law.rate - law.whole;
    law.b = fma(sqrt(law.rate), splat<F>(2.53f), splat<F>(0.931f));
    law.a = fma(law.b, splat<F>(0.02483f), splat<F>(-0.059f));
    // With Hörmann's 1/α the ratio V is compared to exceeds 1 by up to 0.57 % (at λ = 13.2, k = 20): hence the 1.006.
    const F inverse_alpha = 1.006f * (1.1328f / (law.b - 3.4f) + 1.1239f);
    law.scale = 0.3989422804f / (inverse_alpha * law.rate);
    law.none = exp(-law.rate);
    law.some = select(law.large, splat<F>(0.0f), -expm1(-law.rate));
    return law;
  }

  template <class F>
  static ALFI_HD void observe(const Law<F>& law, const Stream<F>& stream, std::uint32_t first, F (&x)[group][X]) {
    const PhiloxBlock<Uint<F>> block = stream.block(first);
    F count = splat<F>(0.0f);
    if (any(!law.large)) count = inverted(law, uniform_fine<F>(block.word[0]));
    if (any(law.large)) count = select(law.large, accepted(law, stream, first, block), count);
    x[0][0] = select(law.rate == law.rate, count, law.rate);  // NaN stays NaN
  }

 private:
  /// The smallest k with P(> k) ≤ u.
  template <class F>
  static ALFI_HD F inverted(const Law<F>& law, F u) {
    F k = splat<F>(0.0f), p = law.none, tail = law.some;
    Mask<F> more = u < tail;
    for (int i = 1; any(more); ++i) {
      k = k + select(more, splat<F>(1.0f), splat<F>(0.0f));
      p = p * (law.rate * (1.0f / static_cast<float>(i)));
      tail = tail - p;
      // Where p is below half the smallest u, the true tail is too, and what is left in `tail` is rounding.
      more = (u < tail) & (p > 0x1p-33f);
    }
    return k;
  }

  /// Each lane's first accepted attempt, two attempts a block. At least 3 of 5 succeed, whatever λ.
  template <class F>
  static ALFI_HD F accepted(const Law<F>& law, const Stream<F>& stream, std::uint32_t first,
                            PhiloxBlock<Uint<F>> block) {
    F count = splat<F>(0.0f);
    Mask<F> pending = law.large;
    for (std::uint32_t draw = 1;; ++draw) {
      attempt(law, block.word[0], block.word[1], pending, count);
      if (!any(pending)) return count;
      attempt(law, block.word[2], block.word[3], pending, count);
      if (!any(pending)) return count;
      block = stream.block(first, Uint<F>{} + draw);
    }
  }

  template <class F>
  static ALFI_HD void attempt(const Law<F>& law, Uint<F> word_u, Uint<F> word_v, Mask<F>& pending, F& count) {
    const F u = uniform<F>(word_u) - 0.5f;
    const F inverse_s = 1.0f / (0.5f - abs(u));
    const F slope = law.a * inverse_s;
    const F above = floor(fma(slope + slope + law.b, u, law.fraction + 0.43f)) + 1.0f;  // n − ⌊λ⌋
    const F n = law.whole + above;
    const F distance = above - law.fraction;  // n − λ
    const F sum = n + law.rate;
    const F reciprocal = 1.0f / (n * sum);
    const F v = distance * (n * reciprocal);
    const F z = v * v;
    // 2 (1/3 + z/5 + z²/7 + …) on z ≤ 0.67, its error weighted by the root of the probability of such a k
    const F series = polynomial(z, 0x1.555342p-1f, 0x1.9ae194p-2f, 0x1.073cecp-2f, 0x1.03dcdp-1f, -0x1.4306b8p+0f,
                                0x1.03c5acp+2f, -0x1.545f96p+2f, 0x1.a8f6cp+1f);
    const F deviance = v * fma(n * z, series, distance);
    const F inverse_n = sum * reciprocal;
    const F correction = inverse_n * polynomial(inverse_n * inverse_n, 0x1.55553p-4f, -0x1.6b3424p-9f, 0x1.72f6p-11f,
                                                -0x1.b4c34p-13f);  // at integers n ≥ 1 to 1e-8
    const F ratio = law.scale * fma(slope, inverse_s, law.b) * (sqrt(n) * exp(-(deviance + correction)));
    const Mask<F> accept = pending & (n >= 1.0f) & (uniform_fine<F>(word_v) <= ratio);
    count = select(accept, n - 1.0f, count);
    pending = pending & !accept;
  }
};

}  // namespace alfi::inline ALFI_ISA
