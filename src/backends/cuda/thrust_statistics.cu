// Thrust on a device's stream.
#include <thrust/system/cuda/execution_policy.h>
#include <thrust/system_error.h>

#include <new>

#include "src/backends/cuda/thrust_statistics.cuh"
#include "src/backends/cuda/thrust_statistics.hpp"

namespace alfi::cuda {
namespace {

/// Turns what Thrust threw into the runtime's error it was thrown for.
template <class Body>
cudaError_t error_of(Body body) {
  try {
    body();
    return cudaSuccess;
  } catch (const thrust::system_error& error) {
    return error.code().category() == thrust::cuda_category() ? static_cast<cudaError_t>(error.code().value())
                                                              : cudaErrorUnknown;
  } catch (const std::bad_alloc&) {
    return cudaErrorMemoryAllocation;
  }
}

}  // namespace

cudaError_t sort_on_device(double* values, std::int64_t count, Scratch& scratch, cudaStream_t stream) {
  return error_of([&] {
    ScratchAllocator allocator{&scratch};
    sort_by_thrust(thrust::cuda::par_nosync(allocator).on(stream), values, count);
  });
}

cudaError_t moments_on_device(const MomentsOfPieces& pieces, Moments* to, cudaStream_t stream) {
  return error_of([&] { moments_by_thrust(thrust::cuda::par_nosync.on(stream), pieces, to); });
}

}  // namespace alfi::cuda
