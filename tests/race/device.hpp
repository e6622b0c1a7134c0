// The kernels of a device on fibers.
#pragma once

#include "tests/support/fiber_team.hpp"

namespace alfi::test {

/// Says whether meta-steps leave on blocks of fibers the bytes that they leave on a host team, whatever is trained.
/// Some blocks are as large as a device's; between the others, small ones, races are seen.
bool device_is_right(std::uint64_t seed, CallSite left_out);

}  // namespace alfi::test
