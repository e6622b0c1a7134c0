// Trainings on the device's kernels as PTX, compared with what the same source computes on a host team.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alfi/configuration.hpp"
#include "tests/support/processor_runs.hpp"
#include "tests/support/simulated_device.hpp"

namespace alfi::test {

/// Returns the architecture whose PTX this program runs: ALFI_PTX_ARCHITECTURE, or sm_90.
std::string architecture();
const PtxKernels& ptx_kernels();

/// Training on a device, and what the device is like.
struct DeviceRun {
  Configuration configuration{};
  Precision precision = Precision::fp32;
  int multiprocessors = 4;
  std::int64_t shared_bytes = 232448;
  int steps = 1;
};

/// Returns a training of an encoder of these widths, and little else.
DeviceRun run_of_widths(const std::string& simulator, int hidden, int code, Precision precision);

/// Lists small runs that together launch every kernel of a training, those that cost least first.
std::vector<DeviceRun> runs_of_every_kernel();

/// Says in one line what is trained.
std::string text_of(const DeviceRun& run);

/// Says whether the configuration breaks no rule.
bool is_valid(const Configuration& configuration);

/// Returns a device with kernels on this team.
SimulatedDevice device_of(const DeviceRun& run, SimulatedTeam team);
Trained train_on(SimulatedDevice& device, const DeviceRun& run);

/// Expects that PTX trains to the bits of a host team, and that they are numbers.
void expect_bits_of_lanes(const DeviceRun& run);

}  // namespace alfi::test
