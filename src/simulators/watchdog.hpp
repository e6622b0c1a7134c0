// A simulator that never returns, told to the user: a call cannot be ended, but what it was given can be named.
#pragma once

#include <chrono>
#include <string>

#include "alfi/simulators.hpp"
#include "kernels/episode/called_simulator.hpp"

namespace alfi {

/// Watches a call while it lives. Where it takes longer than the limit, standard error gets the simulator's name and the
/// θ at which it does not return. To find that, each θ of the call is simulated in a process of its own.
class Watched {
 public:
  /// Keeps the references.
  Watched(const SimulatorFacts& facts, const HostSimulator& functions, const ObservationUnits<float>& units,
          const Simulation& call);
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  ~Watched();

 private:
  long number_;
};

/// Sets how long a call may take; a minute if nothing is said.
void set_watchdog_limit(std::chrono::milliseconds limit);

}  // namespace alfi
