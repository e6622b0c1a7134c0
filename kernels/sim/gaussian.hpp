// Gaussian: x ~ N(μ, σ), θ = (μ, log σ). Prior μ ~ U(−10, 10), log σ ~ U(−2, 1.5). Domain |log σ| ≤ 20.
#pragma once

#include "kernels/sim/normal.hpp"

namespace alfi::inline ALFI_ISA {

struct Gaussian {
  static constexpr const char* name = "gaussian";
  static constexpr int D = 2, X = 1;
  static constexpr int group = 4;
  static constexpr double low[D] = {-10.0, -2.0}, high[D] = {10.0, 1.5};
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
