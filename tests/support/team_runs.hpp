// Recorded episodes, drawn episodes and updates on every team. The kernels are compiled for all of them in one
// place, as that takes its time.
#pragma once

#include <cstdint>

#include "tests/support/fiber_team.hpp"
#include "tests/support/run_drawn.hpp"
#include "tests/support/run_tape.hpp"
#include "tests/support/run_update.hpp"
#include "tests/support/tape.hpp"

namespace alfi::test {

TapeOutputs run_host_double(const Tape& tape, const TapeEncoder& encoder = {});
TapeOutputs run_host_float(const Tape& tape, const TapeEncoder& encoder = {});
TapeOutputs run_host_lanes(const Tape& tape, const TapeEncoder& encoder = {});
TapeOutputs run_fibers(const Tape& tape, const FiberLaunch& launch, const TapeEncoder& encoder = {});

// Draw an episode on a host team of floats, one of lanes, one of fibers; `simulator` is a number in the list of
// simulators.
DrawnEpisode draw_host_float(int simulator, std::uint64_t seed);
DrawnEpisode draw_host_lanes(int simulator, std::uint64_t seed);
DrawnEpisode draw_fibers(int simulator, std::uint64_t seed, const FiberLaunch& launch);

void update_host_float(UpdateArrays& arrays, const UpdateSettings& settings);
void update_host_lanes(UpdateArrays& arrays, const UpdateSettings& settings);
void update_fibers(UpdateArrays& arrays, const UpdateSettings& settings, const FiberLaunch& launch);

}  // namespace alfi::test
