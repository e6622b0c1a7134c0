// No kernel races, and none reads memory that nothing wrote.
#include <gtest/gtest.h>

#include "alfi/simulators.hpp"
#include "tests/ptx/kernels/runs.hpp"

namespace alfi::test {
namespace {

TEST(PtxChecks, FindNeitherRacesNorReadsOfFreshMemory) {
  for (const DeviceRun& run : runs_of_every_kernel()) {
    SCOPED_TRACE(text_of(run));
    SimulatedDevice lanes = device_of(run, SimulatedTeam::lanes), ptx = device_of(run, SimulatedTeam::ptx);
    ptx.checks = {.races = true, .fresh = true};
    EXPECT_TRUE(train_on(ptx, run) == train_on(lanes, run));
  }
}

TEST(PtxChecks, FindNeitherInSamplesAndSpin) {
  for (const SimulatorInfo& simulator : simulators()) {
    SCOPED_TRACE(simulator.name);
    SimulatedDevice ptx = device_of({}, SimulatedTeam::ptx);
    ptx.checks = {.races = true, .fresh = true};
    EXPECT_EQ(sample_of(simulator.name, 700, *simulated_processor(ptx)).empty(), false);
    EXPECT_GT(simulated_processor(ptx)->spin(1), 0);
  }
}

}  // namespace
}  // namespace alfi::test
