// Gaussian linear: the mean of a normal law under a normal prior, in n dimensions,
//     θ ~ N(0, 0.1 I), x ~ N(θ, 0.1 I)        (0.1: a variance)
// Lueckmann et al. 2021, arXiv 2101.04653, task T.1, with n = 10 and one observation. No domain: any θ will do.
//
// n is known at run time alone: D = X = n. Four observations have n Philox blocks: draw k is number k's, of all four.
#pragma once

#include "kernels/sim/facts.hpp"
#include "kernels/sim/normal.hpp"

namespace alfi::inline ALFI_ISA {

struct GaussianLinear {
  static constexpr double variance = 0.1, deviation = 0.31622776601683793320;  // of the prior and of the noise
  static constexpr auto facts =
      simulator("gaussian_linear",
                "the mean of a normal law of several dimensions, itself normal before anything is observed")
          .constant("dimensions", "of θ", 1, most_parameters, 10)
          .repeated_parameter("mean", "", normal(0.0, deviation))
          .observations(any_size, real(-infinity, infinity), "real numbers")
          .always_finite()
          .price(119);
  static constexpr int D = facts.dimension(), X = facts.observation.dimension;
  static constexpr int group = 4;

  template <class F>
  static ALFI_HD Mask<F> clamp(int, int, F&) {
    return Mask<F>{};
  }

  /// Draws `count` observations. theta(d) is parameter d of D; emit(i, k, x) takes number k of observation first + i.
  template <class F, class Theta, class Emit>
  static ALFI_HD void observe(const Theta& theta, int D, const Stream<F>& stream, std::uint32_t first,
                              const Emit& emit) {
    for (int k = 0; k < D; ++k) {
      F z[group];
      standard_normals<F>(stream.block(first, Uint<F>{} + static_cast<std::uint32_t>(k)), z);
      const F mean = theta(k);
#pragma GCC unroll 4
      for (int i = 0; i < group; ++i) emit(i, k, fma(splat<F>(static_cast<float>(deviation)), z[i], mean));
    }
  }
};

}  // namespace alfi::inline ALFI_ISA
