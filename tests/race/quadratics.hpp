// Quadratics that a machine minimises, on fibers.
#pragma once

#include "tests/support/fiber_team.hpp"

namespace alfi::test {

/// Draws and minimises quadratics, and compares with the oracle within `tolerance`, gradient too, on teams of these
/// sizes. Says on standard output what is wrong.
bool quadratics_are_right(FiberLaunch launch, double tolerance);

}  // namespace alfi::test
