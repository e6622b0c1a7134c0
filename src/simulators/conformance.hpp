// Conditions a simulator must meet to be inferred: equal bits on every instruction set and in any division of the work,
// finite observations of the kind that it says, a domain.
#pragma once

#include <string>
#include <vector>

#include "alfi/simulators.hpp"

namespace alfi {

struct Conformance {
  std::vector<std::string> faults;  ///< a sentence each; empty where the simulator conforms
  std::vector<std::string> notes;   ///< what is no fault, but should be known
  std::vector<std::string> sets;    ///< instruction sets that were compared
  int parameters;                   ///< θ that were drawn from the prior
  int observations;                 ///< of each
  double nanoseconds;               ///< an observation takes one core, in the best instruction set
  double steps;                     ///< an observation takes on average; 0 where the simulator does not go by steps
  double lanes_busy;                ///< part of the lanes' steps that moved an observation on
};

/// Returns θ (D), natural units, drawn from the prior and at its ends.
std::vector<std::vector<double>> prior_points(const SimulatorInfo& simulator);

/// Tries a simulator at draws of its prior. One that is called with batches draws once more, to be compared.
Conformance check_conformance(const SimulatorInfo& simulator);

}  // namespace alfi
