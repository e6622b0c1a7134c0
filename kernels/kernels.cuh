// The device's kernels as the CUDA runtime knows them.
#pragma once

#include "kernels/device.hpp"

namespace alfi {

/// For cudaLaunchKernel: a kernel of one argument, a DeviceWork.
const void* cuda_function(DeviceKernel kernel, Precision precision);

}  // namespace alfi
