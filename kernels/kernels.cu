// The device's kernels, for CUDA.
#include "kernels/kernels.cuh"

namespace alfi {
namespace {

using Team = CudaTeam<device_threads>;

/// Blocks a multiprocessor has at once: those of activations fill its shared memory alone.
constexpr int resident_blocks(DeviceKernel kernel) {
  return kernel == DeviceKernel::rollout || kernel == DeviceKernel::encoder_gradient ? 1 : 2;
}

template <DeviceKernel kernel, Precision precision = Precision::fp32>
__global__ void __launch_bounds__(device_threads, resident_blocks(kernel))
    device_kernel(const __grid_constant__ DeviceWork work) {
  extern __shared__ __align__(16) float shared[];
  const Team team;
  run_device_kernel<kernel, precision>(team, team.number(), shared, work);
}

using Function = void (*)(DeviceWork);

template <DeviceKernel kernel>
Function in(Precision precision) {
  switch (precision) {
    case Precision::tf32x3:
      return device_kernel<kernel, Precision::tf32x3>;
    case Precision::bf16:
      return device_kernel<kernel, Precision::bf16>;
    default:
      return device_kernel<kernel>;
  }
}

Function function_of(DeviceKernel kernel, Precision precision) {
  switch (kernel) {
    case DeviceKernel::draw_problems:
      return device_kernel<DeviceKernel::draw_problems>;
    case DeviceKernel::rollout:
      return in<DeviceKernel::rollout>(precision);
    case DeviceKernel::encoder_gradient:
      return in<DeviceKernel::encoder_gradient>(precision);
    case DeviceKernel::sum_partials:
      return device_kernel<DeviceKernel::sum_partials>;
    case DeviceKernel::gradient_norm:
      return device_kernel<DeviceKernel::gradient_norm>;
    case DeviceKernel::apply_update:
      return device_kernel<DeviceKernel::apply_update>;
    case DeviceKernel::conclude:
      return device_kernel<DeviceKernel::conclude>;
  }
  return nullptr;
}

}  // namespace

const void* cuda_function(DeviceKernel kernel, Precision precision) {
  return reinterpret_cast<const void*>(function_of(kernel, precision));
}

}  // namespace alfi
