// A simulator that never returns, told to the user: a call cannot be ended, but what it was given can be named.
#pragma once

#include <chrono>
#include <string>

#include "alfi/simulators.hpp"
#include "kernels/episode/called_simulator.hpp"

namespace alfi {

/// Functions of a simulator whose calls are watched. Where one takes longer than the limit, standard error gets the
/// simulator's name and the θ at which it does not return. To find that of `simulate`, each θ of the call is simulated
/// in a process of its own; `draw_sample` has one θ.
class WatchedSimulator {
 public:
  /// Keeps a reference to the functions.
  WatchedSimulator(const SimulatorFacts& facts, const HostSimulator& functions);
  WatchedSimulator(const WatchedSimulator&) = delete;
  WatchedSimulator& operator=(const WatchedSimulator&) = delete;

  const HostSimulator& functions() const { return watched_; }

 private:
  SimulatorFacts facts_;
  const HostSimulator& functions_;
  HostSimulator watched_;
};

/// Sets how long a call may take; a minute if nothing is said.
void set_watchdog_limit(std::chrono::milliseconds limit);

}  // namespace alfi
