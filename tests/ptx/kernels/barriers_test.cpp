// Every barrier is needed: passed over, each is missed by a race, by other bits or by an error, or is listed here with
// the reason why its kernel can do without it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/ptx/kernels/runs.hpp"

namespace alfi::test {
namespace {

/// A barrier its kernel could do without: it comes of a function that other kernels share, or of the last turn of a
/// loop.
struct Redundant {
  const char* architecture;
  const char* kernel;
  int number;  ///< among the kernel's barriers
  const char* reason;
};
constexpr const char* staged = "the loop over tiles begins with another one, before anything reads the staged weights";
constexpr const char* codes_leave =
    "codes are read by another launch, and the barriers within a block of observations keep its layers apart";
constexpr const char* first_thread = "the last sum of all is the first thread's, and so is what reads it";
constexpr Redundant redundant[] = {{"sm_90", "rollout/0", 0, staged},
                                   {"sm_90", "encode/0", 3, codes_leave},
                                   {"sm_120", "rollout/0", 0, staged},
                                   {"sm_120", "encode/0", 3, codes_leave},
                                   {"sm_120", "gradient_norm/0", 8, first_thread},
                                   {"sm_120", "conclude/0", 8, first_thread}};

/// Finds why a barrier is not missed; null: it has to be.
const char* redundancy(const std::string& kernel, int number) {
  for (const Redundant& known : redundant)
    if (known.architecture == architecture() && known.kernel == kernel && known.number == number) return known.reason;
  return nullptr;
}

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
  int missed = 0;
  for (const auto& [name, kernel] : ptx_kernels().kernels()) {
    const std::vector<ptx::Line> barriers = ptx::barriers(*kernel);
    for (int number = 0; number < static_cast<int>(barriers.size()); ++number) {
      const int line = barriers[static_cast<std::size_t>(number)].number;
      std::optional<std::string> what;
      for (std::size_t i = 0; i < runs.size() && !what; ++i) what = noticed(runs[i], expected[i], name, line);
      missed += what ? 1 : 0;
      const char* const reason = redundancy(name, number);
      fmt::print("{} {} line {}: {}\n", name, number, line, what.value_or(reason != nullptr ? reason : "not missed"));
      EXPECT_EQ(what.has_value(), reason == nullptr) << name << ", barrier " << number << ", line " << line;
    }
  }
  EXPECT_GT(missed, 100);
}

}  // namespace
}  // namespace alfi::test
