// A simulator that is written for one episode, as those for lanes are: its lanes are simulated one after the other, on
// a device each by a thread of its own.
#pragma once

#include "kernels/sim/facts.hpp"
#include "kernels/sim/random.hpp"

namespace alfi::inline ALFI_ISA {

/// Members of such a simulator beside `facts`: simulate(theta, random, x) draws an observation x (X) at theta (D),
/// natural units; what it does not write is NaN. Optional: `clamp(theta)` moves theta into the domain and returns
/// whether it was outside; `exact(theta, x)`, in double on the host, is the log density of an observation.
template <class User>
concept ForOneEpisode = requires(const float* theta, Random& random, float* x) {
  User::simulate(theta, random, x);
};

template <ForOneEpisode User>
struct OneEpisode {
  static constexpr auto facts = User::facts;
  static constexpr int D = facts.dimension(), X = facts.observation.dimension;
  static constexpr int group = 1;

  template <class F>
  struct Law {
    Array<Array<float, D>, LaneTraits<F>::width> theta;
  };

  template <class F>
  requires requires(float* one) { User::clamp(one); }
  static ALFI_HD Mask<F> clamp(Array<F, D>& theta) {
    constexpr int width = LaneTraits<F>::width;
    Array<float, width> lanes, moved;
    Law<F> each = law<F>(theta);
    for (int l = 0; l < width; ++l) moved[l] = User::clamp(each.theta[l]) ? 1.0f : 0.0f;
    for (int d = 0; d < D; ++d) {
      for (int l = 0; l < width; ++l) lanes[l] = each.theta[l][d];
      theta[d] = load<F>(lanes);
    }
    return load<F>(moved) > 0.0f;
  }

  static double exact(const double* theta, const float* x) requires requires { User::exact(theta, x); }
  { return User::exact(theta, x); }

  template <class F>
  static ALFI_HD Law<F> law(const Array<F, D>& theta) {
    constexpr int width = LaneTraits<F>::width;
    Law<F> law;
    ALFI_UNROLL
    for (int d = 0; d < D; ++d) {
      Array<float, width> lanes;
      store<F>(lanes, theta[d]);
      for (int l = 0; l < width; ++l) law.theta[l][d] = lanes[l];
    }
    return law;
  }

  template <class F>
  static ALFI_HD void observe(const Law<F>& law, const Stream<F>& stream, std::uint32_t first,
                              Array<Array<F, X>, group>& x) {
    constexpr int width = LaneTraits<F>::width;
    Array<Array<float, width>, X> drawn;
    for (int l = 0; l < width; ++l) {
      Random random(lane_of(stream, l), first);
      Array<float, X> one;
      for (int k = 0; k < X; ++k) one[k] = __builtin_nanf("");  // what it does not write is no number
      User::simulate(law.theta[l], random, one);
      for (int k = 0; k < X; ++k) drawn[k][l] = one[k];
    }
    for (int k = 0; k < X; ++k) x[0][k] = load<F>(drawn[k]);
  }
};

}  // namespace alfi::inline ALFI_ISA
