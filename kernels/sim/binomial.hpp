// Counts of successes in n tries of probability p each. With r = min(p, 1 − p), q = 1 − r:
//
// n r ≥ 10: transformed rejection, Hörmann 1993, "The generation of binomial random variates" (BTRS, without its
// squeeze). With U ~ U(−½, ½), s = ½ − |U|, V ~ U(0, 1) and m the mode,
//     k = ⌊(2a/s + b) U + n r + ½⌋ is accepted if V α / (a/s² + b) ≤ P(k)/P(m).
// Nothing is lost to cancellation: with N = n + 2, K = k + 1, L = n − k + 1, so that k = 0 and k = n are no cases of
// their own,
//     P(k) ∝ √(K L) exp(−δ(K) − δ(L) − D(K, N r) − D(L, N q))                     (counts.hpp has δ and D)
// and both deviances are of one distance, K − N r = −(L − N q), exact to two roundings.
// n r < 10: inversion by sequential search, from the tail 1 − P(0).
#pragma once

#include "kernels/lanes/random.hpp"
#include "kernels/sim/counts.hpp"

namespace alfi::inline ALFI_ISA {

/// The law of n tries of probability p, of each lane.
template <class F>
class Binomial {
 public:
  /// Largest n: whole numbers up to it are exact in float.
  static constexpr float most_tries = 0x1p24f;
  static constexpr float rejection_from = 10.0f;

  ALFI_HD Binomial(F n, F p) : n_(n) {
    valid_ = (p >= 0.0f) & (p <= 1.0f) & (n >= 0.0f) & (n <= most_tries) & (n == floor(n));
    flipped_ = p > 0.5f;
    r_ = select(flipped_, 1.0f - p, p);
    mean_ = n * r_;
    large_ = valid_ & (mean_ >= rejection_from);
    whole_ = floor(mean_);
    fraction_ = mean_ - whole_;
    const F deviation = sqrt(mean_ * (1.0f - r_));
    b_ = fma(deviation, splat<F>(2.53f), splat<F>(1.15f));
    a_ = fma(b_, splat<F>(0.0248f), fma(r_, splat<F>(0.01f), splat<F>(-0.0873f)));
    const F mode = floor((n + 1.0f) * r_);
    scale_ = 1.0f / (deviation * (5.1f / b_ + 2.83f) * weight(mode - whole_));
  }

  /// Returns the lanes that draw by rejection; the others by inversion.
  ALFI_HD Mask<F> large() const { return large_; }

  /// Finds the smallest k with P(> k) ≤ u; of the large lanes 0.
  ALFI_HD void invert(F u, F& k) const {
    const F odds = r_ / (1.0f - r_), exponent = n_ * log1p(-r_);
    F p = exp(exponent), tail = select(valid_ & !large_, -expm1(exponent), F{});
    for (int i = 1; any(u < tail); ++i) {
      k = k + select(u < tail, splat<F>(1.0f), F{});
      p = p * (odds * ((n_ + static_cast<float>(1 - i)) * (1.0f / static_cast<float>(i))));
      // If p is below half the smallest u, the true tail is too, and what is left in `tail` is rounding; so it is after
      // n.
      tail = select((p > 0x1p-33f) & (splat<F>(static_cast<float>(i)) < n_), tail - p, F{});
    }
  }

  /// Makes an attempt of the pending lanes from two words: those that accept have their k and are not pending.
  ALFI_HD void attempt(Uint<F> word_u, Uint<F> word_v, Mask<F>& pending, F& k) const {
    const F u = uniform<F>(word_u) - 0.5f;
    const F inverse_s = 1.0f / (0.5f - abs(u));
    const F slope = a_ * inverse_s;
    const F above = floor(fma(slope + slope + b_, u, fraction_ + 0.5f));  // k − ⌊n r⌋
    const F drawn = whole_ + above;
    const F ratio = scale_ * fma(slope, inverse_s, b_) * weight(above);
    const Mask<F> accepted = pending & (drawn >= 0.0f) & (drawn <= n_) & (uniform_fine<F>(word_v) <= ratio);
    k = select(accepted, drawn, k);
    pending = pending & !accepted;
  }

  /// Returns the count of k drawn with r; NaN where n or p cannot be.
  ALFI_HD F finish(F k) const { return select(valid_, select(flipped_, n_ - k, k), splat<F>(__builtin_nanf(""))); }

 private:
  /// Returns a number in proportion to P(⌊n r⌋ + above); NaN or anything for counts that cannot be.
  ALFI_HD F weight(F above) const {
    const F distance = above - fraction_ + fma(r_, splat<F>(-2.0f), splat<F>(1.0f));  // K − N r
    const F K = whole_ + above + 1.0f, L = n_ - (whole_ + above) + 1.0f;
    const F deviance = deviance_of(K, distance, distance / (K + K - distance)) +
                       deviance_of(L, -distance, distance / -(L + L + distance));
    const F correction = stirling_correction(1.0f / K) + stirling_correction(1.0f / L);
    return sqrt(K) * sqrt(L) * exp(-(deviance + correction));
  }

  F n_, r_, mean_, whole_, fraction_, a_, b_, scale_;
  Mask<F> valid_, flipped_, large_;
};

}  // namespace alfi::inline ALFI_ISA
