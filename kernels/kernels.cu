// The device's kernels, for CUDA.
#include <iterator>

#include "kernels/kernels.cuh"

namespace alfi {
namespace {

using Team = CudaTeam<device_threads>;

/// Blocks a multiprocessor has at once: one, where so many activations are at work, in shared memory or registers, that
/// two would not fit.
constexpr int resident_blocks(DeviceKernel kernel, Variant variant) {
  if (encodes(kernel)) return variant.precision == Precision::bf16 && variant.widest == narrow_tensor ? 2 : 1;
  return kernel == DeviceKernel::rollout || kernel == DeviceKernel::rollout_gradient ? 1 : 2;
}

/// The variant is its number: nvcc's host half cannot name one.
template <DeviceKernel kernel, int variant>
__global__ void __launch_bounds__(device_threads, resident_blocks(kernel, variants[variant]))
    device_kernel(const __grid_constant__ DeviceWork work) {
  extern __shared__ __align__(16) float shared[];
  const Team team;
  run_device_kernel<kernel, variants[variant]>(team, team.number(), shared, work);
}

using Function = void (*)(DeviceWork);

template <DeviceKernel kernel, int number = 0>
Function function_of(Variant variant) {
  if constexpr (variant_of(kernel, variants[number]) == variants[number]) {
    if (variant_of(kernel, variant) == variants[number]) return device_kernel<kernel, number>;
  }
  if constexpr (number + 1 < static_cast<int>(std::size(variants)))
    return function_of<kernel, number + 1>(variant);
  else
    return nullptr;
}

template <int number = 0>
Function function_of(DeviceKernel kernel, Variant variant) {
  constexpr auto candidate = static_cast<DeviceKernel>(number);
  if (kernel == candidate) return function_of<candidate>(variant);
  if constexpr (number + 1 < static_cast<int>(std::size(device_kernel_names)))
    return function_of<number + 1>(kernel, variant);
  else
    return nullptr;
}

}  // namespace

const void* cuda_function(DeviceKernel kernel, Variant variant) {
  return reinterpret_cast<const void*>(function_of(kernel, variant));
}

}  // namespace alfi
