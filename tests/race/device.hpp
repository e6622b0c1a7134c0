// The kernels of a device on fibers.
#pragma once

#include "tests/support/fiber_team.hpp"

namespace alfi::test {

/// Whether meta-steps on blocks of device_threads fibers leave the same bytes as on a host team, whatever is trained.
/// Of the launch, its seed and the barrier left out count.
bool device_is_right(const FiberLaunch& launch);

}  // namespace alfi::test
