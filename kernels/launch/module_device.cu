// A module's kernels for CUDA devices: those of kernels.cu that simulate, with the user's simulator alone. Compiled
// with ALFI_SIMULATOR_HEADER, the user's header, to PTX that the module carries.
#include ALFI_SIMULATOR_HEADER

#include "kernels/launch/device.hpp"
#include "kernels/launch/module.hpp"
#include "kernels/team/cuda_team.hpp"

namespace alfi {

/// Makes a kernel, named as module_kernel_prefix has it.
#define ALFI_MODULE_KERNEL(kernel)                                                                         \
  extern "C" __global__ void __launch_bounds__(block_threads(DeviceKernel::kernel, {}))                    \
      alfi_##kernel(const __grid_constant__ DeviceWork work) {                                             \
    extern __shared__ __align__(16) float shared[];                                                        \
    const CudaTeam<block_threads(DeviceKernel::kernel, {})> team;                                          \
    run_device_kernel<DeviceKernel::kernel, Variant{}>(team, team.number(), shared, work, ModuleSource{}); \
  }

using ModuleSource = Listed<SimulatorList<ModuleSimulator>, true>;

ALFI_MODULE_KERNEL(rollout)
ALFI_MODULE_KERNEL(begin)
ALFI_MODULE_KERNEL(propose)
ALFI_MODULE_KERNEL(draw_sample)

}  // namespace alfi
