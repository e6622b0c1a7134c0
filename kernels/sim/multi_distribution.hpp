// Multi-distribution: five independent components z, mixed linearly, x = A z, θ = (θ₁, θ₂, θ₃) ~ U(−3, 3)³:
//     z₁ ~ N(θ₁, 1)   z₂ ~ N(3, e^(θ₂/3))   z₃ ~ ½ N(−2, 1) + ½ N(2, ½)   z₄ ~ U(−5, θ₃)   z₅ ~ Exp(rate ½)
// N's second arguments are standard deviations; z₃ and z₅ say nothing of θ. Task and A: Pesah, Wehenkel and Louppe
// 2018, after Cranmer, Pavez and Louppe 2015, arXiv 1506.02169. Domain θ₃ > −5, |θ₂| ≤ 60.
//
// Four observations have five Philox blocks, one for each component: draw i is zᵢ₊₁'s, of all four.
#pragma once

#include "kernels/sim/facts.hpp"
#include "kernels/sim/normal.hpp"

namespace alfi::inline ALFI_ISA {

struct MultiDistribution {
  static constexpr auto facts =
      simulator("multi_distribution",
                "five components of different laws, mixed linearly; three of them depend on the parameters")
          .parameter("mean", "", alfi::uniform(-3.0, 3.0))
          .parameter("spread", "", alfi::uniform(-3.0, 3.0))
          .parameter("upper_end", "", alfi::uniform(-3.0, 3.0))
          .observations(5, real(-infinity, infinity), "real numbers")
          .always_finite()
          .price(94);
  static constexpr int D = facts.dimension(), X = facts.observation.dimension;
  static constexpr int group = 4;
  static constexpr float uniform_low = -5.0f, least_uniform_high = -0x1.3ffffep2f;  // the next float above
  static constexpr float largest_second = 60.0f;                                    // a deviation of e²⁰

  /// A, symmetric.
  struct Mixing {
    double row[X][X];
  };
  static constexpr Mixing mixing{{{1.31229955, 0.10499961, 0.48310515, -0.3249938, -0.26387927},
                                  {0.10499961, 1.15833058, -0.55865473, 0.25275522, -0.39790775},
                                  {0.48310515, -0.55865473, 2.25874579, -0.52087938, -0.39271231},
                                  {-0.3249938, 0.25275522, -0.52087938, 1.4034925, -0.63521059},
                                  {-0.26387927, -0.39790775, -0.39271231, -0.63521059, 1.0}}};

  template <class F>
  struct Law {
    F mean;       ///< of z₁
    F deviation;  ///< of z₂
    F width;      ///< θ₃ + 5
  };

  template <class F>
  static ALFI_HD Mask<F> clamp(F (&theta)[D]) {
    const Mask<F> above = theta[1] > largest_second, below = theta[1] < -largest_second;
    const Mask<F> empty = theta[2] < least_uniform_high;
    theta[1] = select(above, splat<F>(largest_second), theta[1]);
    theta[1] = select(below, splat<F>(-largest_second), theta[1]);
    theta[2] = select(empty, splat<F>(least_uniform_high), theta[2]);
    return above | below | empty;
  }

  template <class F>
  static ALFI_HD Law<F> law(const F (&theta)[D]) {
    return {theta[0], exp(theta[1] * (1.0f / 3.0f)), theta[2] - uniform_low};
  }

  template <class F>
  static ALFI_HD void observe(const Law<F>& law, const Stream<F>& stream, std::uint32_t first, F (&x)[group][X]) {
    constexpr Mixing a = mixing;  // a local one: device code cannot read the member
    const auto block = [&](std::uint32_t draw) { return stream.block(first, Uint<F>{} + draw); };
    F z[X][group];
    standard_normals<F>(block(0), z[0]);
    standard_normals<F>(block(1), z[1]);
    standard_normals<F>(block(2), z[2]);
    const PhiloxBlock<Uint<F>> fourth = block(3), fifth = block(4);
#pragma GCC unroll 4
    for (int i = 0; i < group; ++i) {
      const Mask<F> right = (fourth.word[i] & 1) != 0;  // a uniform number has the upper 23 bits
      z[0][i] = z[0][i] + law.mean;
      z[1][i] = fma(law.deviation, z[1][i], splat<F>(3.0f));
      z[2][i] = select(right, fma(z[2][i], splat<F>(0.5f), splat<F>(2.0f)), z[2][i] - 2.0f);
      z[3][i] = fma(law.width, uniform<F>(fourth.word[i]), splat<F>(uniform_low));
      z[4][i] = -2.0f * log_of_normal(uniform_fine<F>(fifth.word[i]));
#pragma GCC unroll 5
      for (int k = 0; k < X; ++k) {
        F sum = static_cast<float>(a.row[k][0]) * z[0][i];
#pragma GCC unroll 5
        for (int j = 1; j < X; ++j) sum = fma(splat<F>(static_cast<float>(a.row[k][j])), z[j][i], sum);
        x[i][k] = sum;
      }
    }
  }
};

}  // namespace alfi::inline ALFI_ISA
