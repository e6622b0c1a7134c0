// Time that a simulator takes by itself, of what an episode takes.
#pragma once

#include "src/model/model.hpp"
#include "src/model/plan.hpp"

namespace alfi {

/// Measures the seconds that one core takes to simulate an episode's observations, R of them real, at draws of the
/// prior. A program's are those that a caller waits.
double simulator_seconds(const Plan& plan, const Normalisation& normalisation, int R);

}  // namespace alfi
