// Hares and lynx: Lotka and Volterra's equations, observed once a year with noise,
//     x' = α x − β x y,   y' = δ x y − γ y;   hares x e^(σ ε), lynx y e^(σ ε'), 1900 to 1920,
// in thousands of pelts (Howard 2009; Carpenter 2018, "Predator-prey population dynamics: the Lotka-Volterra model in
// Stan"). The logarithms u, v of x, y are integrated by Runge and Kutta's method, 40 steps a year.
//
// All take equally many steps, so it is written over lanes: 16 simulations are as fast as one.
#include <alfi/simulator.hpp>

struct Pelts {
  static constexpr auto facts =
      alfi::simulator("pelts", "hares and lynx, 21 years of pelts")
          .parameter("log_alpha", "log 1/year", alfi::normal(-0.125, 0.5))
          .parameter("log_beta", "log 1/year", alfi::normal(-3, 0.5))
          .parameter("log_gamma", "log 1/year", alfi::normal(-0.125, 0.5))
          .parameter("log_delta", "log 1/year", alfi::normal(-3, 0.5))
          .parameter("log_hares", "log thousands", alfi::normal(2.302585, 1))
          .parameter("log_lynx", "log thousands", alfi::normal(2.302585, 1))
          .parameter("log_sigma", "log of the noise", alfi::normal(-1, 1))
          .observations(42, alfi::real(0, alfi::infinity), "thousands of pelts, of hares in 21 years and then of lynx");
  static constexpr int D = 7, X = 42, group = 1, years = 21, steps = 40;

  template <class F>
  struct Law {
    F alpha, beta, gamma, delta, hares, lynx, sigma;
  };

  template <class F>
  static ALFI_DEVICE Law<F> law(const F* theta) {
    return {alfi::exp(theta[0]), alfi::exp(theta[1]), alfi::exp(theta[2]), alfi::exp(theta[3]), theta[4], theta[5],
            alfi::exp(theta[6])};
  }

  template <class F>
  static ALFI_DEVICE void year(const Law<F>& law, F& u, F& v) {
    constexpr float h = 1.0f / steps;
    const auto bounded = [](F x) { return alfi::min(F{} + 12.0f, alfi::max(F{} - 87.0f, x)); };
    const auto du = [&](F at_v) { return law.alpha - law.beta * alfi::exp(at_v); };
    const auto dv = [&](F at_u) { return law.delta * alfi::exp(at_u) - law.gamma; };
    for (int i = 0; i < steps; ++i) {
      const F u1 = du(v), v1 = dv(u);
      const F u2 = du(v + (h / 2) * v1), v2 = dv(u + (h / 2) * u1);
      const F u3 = du(v + (h / 2) * v2), v3 = dv(u + (h / 2) * u2);
      const F u4 = du(v + h * v3), v4 = dv(u + h * u3);
      u = bounded(u + (h / 6) * (u1 + 2.0f * (u2 + u3) + u4));
      v = bounded(v + (h / 6) * (v1 + 2.0f * (v2 + v3) + v4));
    }
  }

  template <class F>
  static ALFI_DEVICE void observe(const Law<F>& law, const alfi::Stream<F>& stream, std::uint32_t first,
                                  F (&x)[group][X]) {
    const alfi::Variates<F> variates(stream, alfi::Uint<F>{} + first);
    F u = law.hares, v = law.lynx;
    for (int t = 0; t < years; ++t) {
      if (t > 0) year(law, u, v);
      const auto name = alfi::Uint<F>{} + static_cast<std::uint32_t>(t);
      x[0][t] = alfi::exp(u + law.sigma * variates.normal(name));
      x[0][years + t] = alfi::exp(v + law.sigma * variates.normal(name + static_cast<std::uint32_t>(years)));
    }
  }
};
ALFI_SIMULATOR(Pelts)
