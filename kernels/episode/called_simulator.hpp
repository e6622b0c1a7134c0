// A simulator of the host: functions that kernels call, once a tile and iteration.
#pragma once

#include "kernels/episode/simulate.hpp"
#include "kernels/team/host_team.hpp"

namespace alfi {

/// A simulator's functions. Those of a struct are compiled once for each instruction set.
struct HostSimulator {
  const void* context;  ///< handed to every function
  bool has_domain;      ///< of its own, that `clamp` moves θ into; else an episode moves it to the prior's end
  void (*simulate)(const void* context, const ObservationUnits<float>&, const Simulation&);
  void (*draw_sample)(const void* context, const Sample&);
  /// Moves theta (D), natural units, into the simulator's domain, if it has one.
  void (*clamp)(const void* context, float* theta, int D);
  /// Returns the log density of observations x (count, X) at theta (D), natural units; null where it is not known.
  double (*log_likelihood)(const void* context, const double* theta, const float* x, int count);
};

#ifndef __CUDACC__
inline namespace ALFI_ISA {

/// Source of observations that calls.
struct Called {
  static constexpr bool fails = true;
  const HostSimulator* simulator;

  template <class Team>
  void simulate(const Team&, const ObservationUnits<float>& units, const Simulation& to) const {
    simulator->simulate(simulator->context, units, to);
  }
};

/// Returns HostSimulator::log_likelihood of a simulator that knows its density.
template <class Sim>
constexpr auto log_likelihood_of() -> double (*)(const void*, const double*, const float*, int) {
  if constexpr (requires(const double* theta, const float* x) { Sim::exact(theta, x); })
    return [](const void*, const double* theta, const float* x, int count) {
      double sum = 0;
      for (int i = 0; i < count; ++i) sum += Sim::exact(theta, x + i * Sim::X);
      return sum;
    };
  else
    return nullptr;
}

template <class Sim>
constexpr bool domain_of() {
  if constexpr (Sim::D == any_size)
    return true;
  else
    return has_domain<Sim, float>();
}

/// Compiles a simulator's functions for this instruction set.
template <class Sim>
constexpr HostSimulator host_simulator() {
  using Team = HostTeam<FloatLanes>;
  return {.context = nullptr,
          .has_domain = domain_of<Sim>(),
          .simulate = [](const void*, const ObservationUnits<float>& units,
                         const Simulation& to) { simulate<Sim>(Team{}, units, to); },
          .draw_sample = [](const void*, const Sample& sample) { draw_sample<Sim>(Team{}, sample, 0, 1); },
          .clamp =
              [](const void*, [[maybe_unused]] float* theta, [[maybe_unused]] int D) {
                if constexpr (Sim::D == any_size) {
                  for (int d = 0; d < D; ++d) (void)Sim::template clamp<float>(d, D, theta[d]);
                } else if constexpr (has_domain<Sim, float>()) {
                  float moved[Sim::D];
                  for (int d = 0; d < Sim::D; ++d) moved[d] = theta[d];
                  (void)Sim::template clamp<float>(moved);
                  for (int d = 0; d < Sim::D; ++d) theta[d] = moved[d];
                }
              },
          .log_likelihood = log_likelihood_of<Sim>()};
}

template <class List>
struct HostSimulators;
template <class... Sims>
struct HostSimulators<SimulatorList<Sims...>> {
  static constexpr HostSimulator by_number[] = {host_simulator<Sims>()...};
};

}  // namespace ALFI_ISA
#endif
}  // namespace alfi
