// The kernels of a device on fibers.
#pragma once

#include "tests/support/fiber_team.hpp"

namespace alfi::test {

/// Whether meta-steps leave the same bytes on blocks of fibers as on a host team, whatever is trained: on blocks as
/// large as a device's, and on small ones, between which races are seen.
bool device_is_right(std::uint64_t seed, CallSite left_out);

}  // namespace alfi::test
