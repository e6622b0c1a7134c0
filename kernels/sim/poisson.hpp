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
//
// An observation's attempts are named by its number, the first ones of two neighbours in one block of random numbers,
// so who makes them when is free. `observe` draws two observations until all lanes have accepted. `observe_batch` makes
// everybody's first attempt, and then each lane goes on with the ones it rejected, whichever they are.
#pragma once

#include "kernels/lanes/random.hpp"
#include "kernels/sim/counts.hpp"
#include "kernels/sim/facts.hpp"

namespace alfi::inline ALFI_ISA {

struct Poisson {
  static constexpr auto facts = simulator("poisson", "counts with an unknown rate")
                                    .parameter("log_rate", "log counts", alfi::uniform(0.2, 7.0))
                                    .observations(1, whole(0, infinity), "counts")
                                    .always_finite()
                                    .price(733);
  static constexpr int D = facts.dimension(), X = facts.observation.dimension;
  static constexpr int group = 2, batch = 30;
  /// Counts below it may have a code of their own: 6.5 deviations above the prior's largest rate.
  static constexpr int table = 1312;
  static constexpr float largest_log_rate = 16.0f, largest_rate = 0x1.0f2ebep23f;  // e¹⁶
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
    return law_of_rate<F>(exp(theta[0]));
  }

  template <class F>
  static ALFI_HD Law<F> law_of_rate(F rate) {
    Law<F> law;
    law.rate = rate;
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
#pragma GCC unroll 2
    for (int i = 0; i < group; ++i) {
      F count[1] = {};
      if (any(!law.large)) {
        const F u[1] = {uniform_fine<F>(block.word[2 * i])};
        invert<1>(law, 1, u, count);
      }
      Mask<F> pending = law.large;
      if (any(pending)) attempt(law, block.word[2 * i], block.word[2 * i + 1], pending, count[0]);
      // At least 3 of 5 attempts succeed, whatever λ.
      for (std::uint32_t draw = 1; any(pending); ++draw) {
        const PhiloxBlock<Uint<F>> next = stream.block(first + static_cast<std::uint32_t>(i), Uint<F>{} + draw);
        attempt(law, next.word[0], next.word[1], pending, count[0]);
      }
      x[i][0] = select(law.rate == law.rate, count[0], law.rate);  // NaN stays NaN
    }
  }

#ifndef __CUDACC__
  /// Draws the first `wanted` observations of a batch, with the bits of `observe`. `first` is even.
  template <class F>
  static ALFI_HD void observe_batch(const Law<F>& law, const Stream<F>& stream, std::uint32_t first, int wanted,
                                    F (&x)[batch][X]) {
    F u[batch], count[batch];
    const bool inverts = any(!law.large), rejects = any(law.large);
    Uint<F> pending{};  // bit i: observation i
    for (int i = 0; i < wanted; i += 2) {
      const PhiloxBlock<Uint<F>> block = stream.block(first + static_cast<std::uint32_t>(i));
      for (int j = 0; j < 2; ++j) {
        count[i + j] = F{};
        u[i + j] = uniform_fine<F>(block.word[2 * j]);
        if (!rejects) continue;
        Mask<F> rejected = law.large;
        attempt(law, block.word[2 * j], block.word[2 * j + 1], rejected, count[i + j]);
        if (i + j < wanted) pending = pending | select(rejected, Uint<F>{} + (1u << (i + j)), Uint<F>{});
      }
    }
    if (inverts) invert<batch>(law, wanted, u, count);
    Uint<F> draw = Uint<F>{} + 1u;
    for (;;) {
      const Mask<F> busy = to_int(pending) != 0;
      if (!any(busy)) break;
      const Uint<F> bit = pending & (~pending + 1u);
      const Int<F> number = (bits(to_real(to_int(bit))) >> 23) - 127;  // of the bit, by the exponent
      const PhiloxBlock<Uint<F>> block = stream.block_of_each(to_uint(number) + first, draw);
      Mask<F> rejected = busy;
      F accepted{};
      attempt(law, block.word[0], block.word[1], rejected, accepted);
      const Mask<F> done = busy & !rejected;
      scatter(&count[0], number, done, accepted);
      pending = pending ^ select(done, bit, Uint<F>{});
      draw = select(done, Uint<F>{} + 1u, draw + 1u);
    }
    for (int i = 0; i < wanted; ++i) x[i][0] = select(law.rate == law.rate, count[i], law.rate);
  }
#endif

  /// Finds for each u the smallest k with P(> k) ≤ u; 0 for large λ.
  template <int most, class F>
  static ALFI_HD void invert(const Law<F>& law, int wanted, const Array<F, most>& u, Array<F, most>& k) {
    F p = law.none, tail = law.some, least = u[0];
    for (int i = 1; i < wanted; ++i) least = min(least, u[i]);
    for (int i = 1; any(least < tail); ++i) {
      for (int j = 0; j < wanted; ++j) k[j] = k[j] + select(u[j] < tail, splat<F>(1.0f), splat<F>(0.0f));
      p = p * (law.rate * (1.0f / static_cast<float>(i)));
      // If p is below half the smallest u, the true tail is too, and what is left in `tail` is rounding.
      tail = select(p > 0x1p-33f, tail - p, splat<F>(0.0f));
    }
  }

  /// Makes an attempt of the pending lanes from two words: those that accept have their count and are not pending.
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
    const F deviance = deviance_of(n, distance, v);
    const F correction = stirling_correction(sum * reciprocal);
    const F ratio = law.scale * fma(slope, inverse_s, law.b) * (sqrt(n) * exp(-(deviance + correction)));
    const F margin = select(n >= 1.0f, ratio - uniform_fine<F>(word_v), splat<F>(-1.0f));
    count = select((margin >= 0.0f) & pending, n - 1.0f, count);
    pending = pending & (margin < 0.0f);
  }
};

}  // namespace alfi::inline ALFI_ISA
