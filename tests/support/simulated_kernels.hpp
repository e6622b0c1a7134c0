// The device's kernels on other teams than a thread block. Compiled in one place, as that takes its time.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/launch/device.hpp"

namespace alfi::test {

/// Launches as many blocks as there are shared memories.
void run_kernel_on_lanes(DeviceKernel kernel, Variant variant, const std::vector<float*>& shared,
                         const DeviceWork& work);
void run_kernel_on_fibers(DeviceKernel kernel, Variant variant, const std::vector<float*>& shared,
                          const DeviceWork& work, std::uint64_t seed);

}  // namespace alfi::test
