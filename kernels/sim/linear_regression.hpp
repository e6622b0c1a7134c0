// Linear regression on p inputs: θ = (α₁, …, αₚ, b), the angles α ~ U(0, π/2), the offset b ~ U(−1, 1). Observed are
//     u ~ U(−1, 1)ᵖ and y = Σ tan(αᵢ) uᵢ + b + N(0, 0.1)        (0.1: a standard deviation)
// Pesah, Wehenkel and Louppe 2018, whose constant column of x is left out. Domain α in [0, 1.57].
//
// p is known at run time alone: D = X = p + 1. Nothing is kept for each input: the slopes of four observations are
// computed as they come, which is a hundredth of what encoding those costs. Four observations have p + 1 Philox blocks:
// draw i is uᵢ₊₁'s, the last one the noise's, of all four.
#pragma once

#include "kernels/sim/facts.hpp"
#include "kernels/sim/normal.hpp"

namespace alfi::inline ALFI_ISA {

struct LinearRegression {
  static constexpr auto facts =
      simulator("linear_regression",
                "a linear function of uniform inputs, with noise; the slopes are tangents of angles")
          .constant("inputs", "of the regression", 1, most_parameters - 1, 3)
          .repeated_parameter("angle", "rad", alfi::uniform(0.0, 1.57079632679489661923))
          .parameter("offset", "", alfi::uniform(-1.0, 1.0))
          .observations(any_size, real(-infinity, infinity), "inputs and what follows of them, real numbers")
          .always_finite()
          .price(91);
  static constexpr int D = facts.dimension(), X = facts.observation.dimension;
  static constexpr int group = 4;
  static constexpr float largest_angle = 1.57f;
  static constexpr float noise = 0.1f;

  /// Moves parameter d of D into its domain and returns the lanes where it was outside.
  template <class F>
  static ALFI_HD Mask<F> clamp(int d, int D, F& value) {
    if (d == D - 1) return Mask<F>{};
    const Mask<F> above = value > largest_angle, below = value < 0.0f;
    value = select(above, splat<F>(largest_angle), value);
    value = select(below, splat<F>(0.0f), value);
    return above | below;
  }

  /// Draws observations. theta(d) is parameter d of D, inside the domain; emit(i, k, x) takes number k of observation
  /// first + i.
  template <class F, class Theta, class Emit>
  static ALFI_HD void observe(const Theta& theta, int D, const Stream<F>& stream, std::uint32_t first,
                              const Emit& emit) {
    const int inputs = D - 1;
    const auto block = [&](int draw) { return stream.block(first, Uint<F>{} + static_cast<std::uint32_t>(draw)); };
    F y[group];
#pragma GCC unroll 4
    for (int i = 0; i < group; ++i) y[i] = theta(inputs);
    for (int k = 0; k < inputs; ++k) {
      const F slope = tan_of_acute(theta(k));
      const PhiloxBlock<Uint<F>> words = block(k);
#pragma GCC unroll 4
      for (int i = 0; i < group; ++i) {
        const F u = fma(uniform<F>(words.word[i]), splat<F>(2.0f), splat<F>(-1.0f));
        emit(i, k, u);
        y[i] = fma(slope, u, y[i]);
      }
    }
    F z[group];
    standard_normals<F>(block(inputs), z);
#pragma GCC unroll 4
    for (int i = 0; i < group; ++i) emit(i, inputs, fma(splat<F>(noise), z[i], y[i]));
  }
};

}  // namespace alfi::inline ALFI_ISA
