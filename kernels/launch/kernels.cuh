// The device's kernels as the CUDA runtime knows them.
#pragma once

#include "kernels/launch/device.hpp"

namespace alfi {

/// Returns a kernel for cudaLaunchKernel, of one argument, a DeviceWork. Stops the process where the variant is not
/// built.
const void* cuda_function(DeviceKernel kernel, Variant variant);

}  // namespace alfi
