// The one list of simulators. Names, dispatch, tests and benchmarks follow it; add a simulator here.
#pragma once

#include "kernels/sim/gaussian.hpp"
#include "kernels/sim/poisson.hpp"
#include "kernels/sim/weinberg.hpp"

namespace alfi::inline ALFI_ISA {

template <class... Sims>
struct SimulatorList {
  static constexpr int size = sizeof...(Sims);

  /// Calls body.template operator()<Sim>() for number `index`, 0 ≤ index < size.
  template <class Body>
  static void with(int index, Body body) {
    int number = 0;
    ((number++ == index ? body.template operator()<Sims>() : void()), ...);
  }
};

using Simulators = SimulatorList<Poisson, Gaussian, Weinberg>;

}  // namespace alfi::inline ALFI_ISA
