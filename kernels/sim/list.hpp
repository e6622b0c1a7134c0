// The one list of simulators. Names, dispatch, tests and benchmarks follow it; add a simulator here. A simulator is
// known by its number in the list.
#pragma once

#include "kernels/sim/facts.hpp"
#include "kernels/sim/gaussian.hpp"
#include "kernels/sim/gaussian_linear.hpp"
#include "kernels/sim/linear_regression.hpp"
#include "kernels/sim/multi_distribution.hpp"
#include "kernels/sim/poisson.hpp"
#include "kernels/sim/weinberg.hpp"

namespace alfi {

/// In a simulator's place where nothing is simulated: all draws were recorded.
inline constexpr int recorded = -1;

inline namespace ALFI_ISA {

/// Members that every simulator has. simulator_at.hpp says what else, by whether its sizes are known.
template <class Sim>
concept SimulatorStruct = requires {
  SimulatorFacts{Sim::facts}, static_cast<int>(Sim::group);
};

template <SimulatorStruct... Sims>
struct SimulatorList {
  static constexpr int size = sizeof...(Sims);
  static_assert(((Sims::D == Sims::facts.dimension() && Sims::X == Sims::facts.observation.dimension) && ...));

  /// Calls body.template operator()<Sim>() for number `index`; not at all for `recorded`.
  template <class Body>
  static ALFI_HD void with(int index, [[maybe_unused]] Body body) {
    int number = 0;
    ((number++ == index ? body.template operator()<Sims>() : void()), ...);
  }
};

/// Counts the whole numbers that a simulator's observations mostly are, from 0 on, a multiple of 16; 0 where they are
/// not whole.
template <class Sim>
constexpr int table_of() {
  if constexpr (requires { Sim::table; })
    return Sim::table;
  else
    return 0;
}

using Simulators = SimulatorList<Poisson, Gaussian, Weinberg, MultiDistribution, LinearRegression, GaussianLinear>;

}  // namespace ALFI_ISA
}  // namespace alfi
