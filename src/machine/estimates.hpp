// Estimates of an answer in natural units.
#pragma once

#include "alfi/machine.hpp"
#include "alfi/simulators.hpp"
#include "src/model/truncated_law.hpp"

namespace alfi {

/// Returns what an answer's `standard`, `correlation` and `truncated` say.
TruncatedLaw law_of(const Posterior& posterior, const SimulatorInfo& simulator);

/// Adds what the law says of each parameter in its natural units, and a warning of each that lies outside its prior.
void add_estimates(const TruncatedLaw& law, const SimulatorInfo& simulator, Posterior& posterior);

}  // namespace alfi
