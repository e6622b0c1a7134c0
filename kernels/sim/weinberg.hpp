// Weinberg: the direction of the muons in e⁺e⁻ → μ⁺μ⁻. θ = (E, G): the beam's energy E in GeV, prior U(40, 50), and
// Fermi's constant G in units of its nominal value, prior U(0.5, 1.5). Observed is c, the cosine of the angle between
// the muons and the beam, with density
//     p(c) ∝ max(0, 1 + c² + a c) on [−1, 1],   a = 2 tanh(10 (2E − 90)/90) G        (90 GeV: the Z boson's mass)
// θ is not identifiable from c, only a is: the posterior is a ridge. This is a property of the problem. Domain G ≥ 0.
//
// Exact inversion of F(c) = c³/3 + a c²/2 + c at u, for a ≥ 0; for a < 0 by reflection (c → −c, u → 1 − u). Where a > 2
// the density is cut at its root c₀ = −1/(a/2 + t₀), t₀ = √(a²/4 − 1), and renormalised; otherwise c₀ = −1. With t = c
// + a/2 and P = 1 − a²/4 = −t₀²,
//     t³ + 3 P t = 2Q,   Q = Q₀ + u (Q₁ − Q₀)    (Q₀, Q₁ at c = c₀, 1).
// Q² + P³ ≥ 0: Cardano. Otherwise (only a > 2) Q = t₀³ cos φ, t = 2t₀ cos(φ/3), in the form t = t₀ + s, which
// keeps its digits for large a: with h = (Q + t₀³)/(2t₀³), s = 4t₀ sin A cos(A + π/6), A = arcsin(√h)/3.
// One Newton step then removes the rounding of the roots; its derivative is positive, as u ≥ 2⁻²⁴.
#pragma once

#include "kernels/lanes/math.hpp"
#include "kernels/lanes/random.hpp"
#include "kernels/sim/facts.hpp"

namespace alfi::inline ALFI_ISA {

struct Weinberg {
  static constexpr auto facts =
      simulator(
          "weinberg",
          "angles of muon pairs from electron-positron collisions; only a combination of energy and coupling shows")
          .parameter("beam_energy", "GeV", alfi::uniform(40.0, 50.0))
          .parameter("fermi_constant", "nominal", alfi::uniform(0.5, 1.5))
          .observations(1, real(-1, 1), "cosines")
          .always_finite()
          .price(264);
  static constexpr int D = facts.dimension(), X = facts.observation.dimension;
  static constexpr int group = 4;
  static constexpr float half_mass = 45.0f;          // GeV
  static constexpr float steepness = 20.0f / 90.0f;  // 1/GeV

  template <class F>
  struct Law {
    Mask<F> reflected, cut;  ///< a < 0; |a| > 2
    F half;                  ///< |a|/2
    F p, q_low, q_slope;     ///< P; Q = q_low + u q_slope
    F low;                   ///< c₀
    F root;                  ///< t₀
    F h_slope, area;         ///< h = u h_slope; s³/3 + t₀ s² = u area
  };

  template <class F>
  static ALFI_HD Mask<F> clamp(F (&theta)[D]) {
    const Mask<F> below = theta[1] < 0.0f;
    theta[1] = select(below, splat<F>(0.0f), theta[1]);
    return below;
  }

  template <class F>
  static ALFI_HD Law<F> law(const F (&theta)[D]) {
    const F a = 2.0f * tanh((theta[0] - half_mass) * steepness) * theta[1];
    Law<F> law;
    law.reflected = a < 0.0f;
    law.half = 0.5f * min(splat<F>(0x1p30f), abs(a));  // from 2²⁴ on the density is that of a → ∞, proportional to c
    law.cut = law.half > 1.0f;
    const F beside = 1.0f - law.half, beyond = 1.0f + law.half;
    law.p = beside * beyond;
    law.root = sqrt(max(splat<F>(0.0f), -law.p));
    law.low = select(law.cut, -1.0f / (law.half + law.root), splat<F>(-1.0f));
    const F length = 1.0f - law.low;
    const F cube = law.root * law.root * law.root;
    law.area = length * length * fma(length, splat<F>(1.0f / 3.0f), law.root);
    law.q_low = select(law.cut, -cube, -(beside * beside * (law.half + 2.0f)));
    law.q_slope = select(law.cut, 1.5f * law.area, splat<F>(4.0f));
    const F relative = length / law.root;
    law.h_slope = 0.25f * relative * relative * (relative + 3.0f);
    return law;
  }

  template <class F>
  static ALFI_HD void observe(const Law<F>& law, const Stream<F>& stream, std::uint32_t first, F (&x)[group][X]) {
    const PhiloxBlock<Uint<F>> block = stream.block(first);
#pragma GCC unroll 4
    for (int i = 0; i < group; ++i) {
      const F v = uniform<F>(block.word[i]);
      const F u = select(law.reflected, 1.0f - v, v);
      F c = by_cardano(law, u);
      if (any(law.cut)) {
        const F h = u * law.h_slope;
        c = select(law.cut & (h < 1.0f), by_angle(law, u, h), c);
      }
      c = min(splat<F>(1.0f), max(law.low, c));
      x[i][0] = select(law.reflected, -c, c);
    }
  }

 private:
  template <class F>
  static ALFI_HD F by_cardano(const Law<F>& law, F u) {
    const F q = fma(u, law.q_slope, law.q_low);
    const F discriminant = fma(q, q, law.p * law.p * law.p);
    F inverse;
    const F w = cube_root(abs(q) + sqrt(max(splat<F>(0.0f), discriminant)), inverse);
    // w − P/w, whose digits cancel for small Q, times (w² + P + P²/w²) is w³ − P³/w³ = 2Q.
    const F ratio = law.p * inverse;
    const F t = (q + q) / fma(w, w, fma(ratio, ratio, law.p));
    const F square = t * t;
    const F excess = fma(t, fma(law.p, splat<F>(3.0f), square), -(q + q));
    return (t - excess / (3.0f * (square + law.p))) - law.half;
  }

  template <class F>
  static ALFI_HD F by_angle(const Law<F>& law, F u, F h) {
    F sin, cos;
    sincos_eighth(asin_of_positive(min(splat<F>(1.0f), sqrt(h))) * 0x1.b2995ep-5f, sin,
                  cos);  // 1/(6π): a third, in turns
    const F s =
        law.root * sin * fma(cos, splat<F>(0x1.bb67aep+1f), -2.0f * sin);  // 4 cos(A + π/6) = 2√3 cos A − 2 sin A
    const F excess = fma(s * s, fma(s, splat<F>(1.0f / 3.0f), law.root), -(u * law.area));
    return (s - excess / (s * (s + 2.0f * law.root))) + law.low;
  }
};

}  // namespace alfi::inline ALFI_ISA
