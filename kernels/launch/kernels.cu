// The device's kernels, for CUDA.
#include "kernels/launch/kernels.cuh"
#include "kernels/team/cuda_team.hpp"

namespace alfi {
namespace {

// 100 KB a multiprocessor: the aggregator's activations of two blocks do not fit.
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ == 860 || __CUDA_ARCH__ == 890 || __CUDA_ARCH__ >= 1200)
constexpr bool little_shared_memory = true;
#else
constexpr bool little_shared_memory = false;
#endif

/// Returns the number of blocks a multiprocessor has at once: one, where activations in shared memory or registers
/// leave no room for two.
constexpr int resident_blocks(DeviceKernel kernel, Variant variant) {
  const bool narrow_bf16 = variant.precision == Precision::bf16 && variant.widest == narrow_tensor;
  if (encodes(kernel)) return kernel == DeviceKernel::encode && narrow_bf16 ? 2 : 1;
  if (kernel == DeviceKernel::rollout_gradient)
    return little_shared_memory || variant.activations == Activations::global ? 1 : 2;
  return kernel == DeviceKernel::rollout ? 1 : 2;
}

/// The variant is its number: nvcc's host half cannot name one.
template <DeviceKernel kernel, int variant>
__global__ void __launch_bounds__(block_threads(kernel, variants[variant]), resident_blocks(kernel, variants[variant]))
    device_kernel(const __grid_constant__ DeviceWork work) {
  extern __shared__ __align__(16) float shared[];
  const CudaTeam<block_threads(kernel, variants[variant])> team;
  run_device_kernel<kernel, variants[variant]>(team, team.number(), shared, work);
}

}  // namespace

const void* cuda_function(DeviceKernel kernel, Variant variant) {
  return with_device_kernel(kernel, variant, []<DeviceKernel built, int number>() {
    void (*const function)(DeviceWork) = device_kernel<built, number>;
    return reinterpret_cast<const void*>(function);
  });
}

}  // namespace alfi
