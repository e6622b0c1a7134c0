// The device's kernels, for CUDA.
#include "kernels/kernels.cuh"

namespace alfi {
namespace {

using Team = CudaTeam<device_threads>;

template <DeviceKernel kernel>
__global__ void __launch_bounds__(device_threads, 2) device_kernel(const __grid_constant__ DeviceWork work) {
  extern __shared__ __align__(16) float shared[];
  const Team team;
  run_device_kernel<kernel>(team, team.number(), shared, work);
}

}  // namespace

const void* cuda_function(DeviceKernel kernel) {
  const auto function = [](auto* pointer) { return reinterpret_cast<const void*>(pointer); };
  switch (kernel) {
    case DeviceKernel::draw_problems:
      return function(device_kernel<DeviceKernel::draw_problems>);
    case DeviceKernel::rollout:
      return function(device_kernel<DeviceKernel::rollout>);
    case DeviceKernel::encoder_gradient:
      return function(device_kernel<DeviceKernel::encoder_gradient>);
    case DeviceKernel::sum_partials:
      return function(device_kernel<DeviceKernel::sum_partials>);
    case DeviceKernel::gradient_norm:
      return function(device_kernel<DeviceKernel::gradient_norm>);
    case DeviceKernel::apply_update:
      return function(device_kernel<DeviceKernel::apply_update>);
    case DeviceKernel::conclude:
      return function(device_kernel<DeviceKernel::conclude>);
  }
  return nullptr;
}

}  // namespace alfi
