// A CUDA runtime without a device: kernels run on a host team, on fibers or as PTX, memory is the host's.
//
// The runtime is as lazy as a device may be: what is put on a stream is done when a call waits for it, not before.
// Memory that nothing wrote is NaN. Pointers that are no device memory where it is asked for, and what would be written
// behind the end of shared memory, throw std::logic_error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/backends/cuda/runtime.hpp"
#include "src/backends/processor.hpp"
#include "tests/ptx/device_kernels.hpp"

namespace alfi::test {

enum class SimulatedTeam { lanes, fibers, ptx };

/// Settings that a test gives the device beforehand, and what the test sees of it afterwards. Lives longer than its
/// runtime.
struct SimulatedDevice {
  cuda::DeviceProperties properties{.name = "a simulated device",
                                    .major = 9,
                                    .minor = 0,
                                    .multiprocessors = 4,
                                    .shared_bytes = 232448,
                                    .shared_bytes_per_multiprocessor = 233472};
  std::int64_t memory = std::int64_t{1} << 30;
  SimulatedTeam team = SimulatedTeam::lanes;
  std::uint64_t seed = 1;           ///< seed of the order of fibers and of warps
  const PtxKernels* ptx = nullptr;  ///< kernels of the team ptx
  PtxChecks checks{};               ///< checks that its launches make
  std::string on_ptx{};             ///< name of the kernel that alone runs as PTX, the others on lanes; empty: all

  /// The call of this number, counting from 0 all those that can fail, fails so.
  int failing_call = -1;
  cuda::Failure failure = cuda::Failure::other;

  std::string failed;                    ///< the call that failed
  int calls = 0;                         ///< number of calls that could have failed
  std::vector<std::string> log;          ///< calls, and operations of streams and graphs as they are done
  int live = 0;                          ///< allocations, streams, events and graphs not given back
  std::int64_t used = 0, most_used = 0;  ///< bytes of device memory
};

std::unique_ptr<cuda::Runtime> simulated_runtime(SimulatedDevice& device);
/// Returns a CUDA processor on the device.
std::unique_ptr<Processor> simulated_processor(SimulatedDevice& device, Precision precision = Precision::fp32);

}  // namespace alfi::test
