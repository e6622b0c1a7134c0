// Every barrier is needed: passed over, each is missed by a race, by other bits or by an error, or is listed here with
// the reason why it can be passed over.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/ptx/kernels/runs.hpp"

namespace alfi::test {
namespace {

/// Runs all but one kernel on a host team, with a barrier of that one passed over; returns what was noticed.
std::optional<std::string> noticed(const DeviceRun& run, const Trained& expected, const std::string& kernel,
                                   int barrier) {
  SimulatedDevice device = device_of(run, SimulatedTeam::ptx);
  device.on_ptx = kernel;
  device.checks = {.races = true, .without_barrier = barrier};
  try {
    if (train_on(device, run) == expected) return std::nullopt;
    return "other bits";
  } catch (const ptx::Error& error) {
    return error.what();
  }
}

TEST(PtxBarriers, AreEachMissed) {
  const std::vector<DeviceRun> runs = runs_of_every_kernel();
  std::vector<Trained> expected;
  for (const DeviceRun& run : runs) {
    SimulatedDevice lanes = device_of(run, SimulatedTeam::lanes);
    expected.push_back(train_on(lanes, run));
  }
  int barriers = 0;
  for (const auto& [name, kernel] : ptx_kernels().kernels())
    for (const ptx::Line& barrier : ptx::barriers(*kernel)) {
      ++barriers;
      std::optional<std::string> what;
      for (std::size_t i = 0; i < runs.size() && !what; ++i) what = noticed(runs[i], expected[i], name, barrier.number);
      fmt::print("{} line {}: {}\n", name, barrier.number, what.value_or("not missed"));
      EXPECT_TRUE(what.has_value()) << name << ", line " << barrier.number
                                    << ": nothing noticed that it was passed over";
    }
  EXPECT_GT(barriers, 100);
}

}  // namespace
}  // namespace alfi::test
