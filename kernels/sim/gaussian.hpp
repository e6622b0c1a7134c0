// Gaussian: x ~ N(μ, σ), θ = (μ, log σ). Prior μ ~ U(−10, 10), log σ ~ U(−2, 1.5). Domain |log σ| ≤ 20.
#pragma once

#include "kernels/sim/facts.hpp"
#include "kernels/sim/normal.hpp"

namespace alfi::inline ALFI_ISA {

struct Gaussian {
  static constexpr auto facts = simulator("gaussian", "normal numbers with unknown mean and deviation")
                                    .parameter("mean", "", alfi::uniform(-10.0, 10.0))
                                    .parameter("log_deviation", "", alfi::uniform(-2.0, 1.5))
                                    .observations(1, real(-infinity, infinity), "real numbers")
                                    .always_finite()
                                    .price(107);
  static constexpr int D = facts.dimension(), X = facts.observation.dimension;
  static constexpr int group = 4;
  static constexpr float largest_log_deviation = 20.0f;

  template <class F>
  struct Law {
    F mean, deviation;
  };

  template <class F>
  static ALFI_HD Mask<F> clamp(F (&theta)[D]) {
    const Mask<F> above = theta[1] > largest_log_deviation, below = theta[1] < -largest_log_deviation;
    theta[1] = select(above, splat<F>(largest_log_deviation), theta[1]);
    theta[1] = select(below, splat<F>(-largest_log_deviation), theta[1]);
    return above | below;
  }

  template <class F>
  static ALFI_HD Law<F> law(const F (&theta)[D]) {
    return {theta[0], exp(theta[1])};
  }

  template <class F>
  static ALFI_HD void observe(const Law<F>& law, const Stream<F>& stream, std::uint32_t first, F (&x)[group][X]) {
    F z[group];
    standard_normals<F>(stream.block(first), z);
#pragma GCC unroll 4
    for (int i = 0; i < group; ++i) x[i][0] = fma(law.deviation, z[i], law.mean);
  }
};

}  // namespace alfi::inline ALFI_ISA
