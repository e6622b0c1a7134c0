// Episodes on tapes and updates on made-up numbers, on every team. The kernels are compiled for all of them in one
// place, as that takes its time.
#pragma once

#include "tests/support/fiber_team.hpp"
#include "tests/support/run_update.hpp"
#include "tests/support/tape.hpp"

namespace alfi::test {

TapeOutputs run_host_double(const Tape& tape);
TapeOutputs run_host_float(const Tape& tape);
TapeOutputs run_host_lanes(const Tape& tape);
TapeOutputs run_fibers(const Tape& tape, const FiberLaunch& launch);

void update_host_float(UpdateArrays& arrays, const UpdateSettings& settings);
void update_host_lanes(UpdateArrays& arrays, const UpdateSettings& settings);
void update_fibers(UpdateArrays& arrays, const UpdateSettings& settings, const FiberLaunch& launch);

}  // namespace alfi::test
