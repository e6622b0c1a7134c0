// Thrust's statistics as device_runtime.cpp calls them. Pointers are the device's; nothing is waited for.
#pragma once

#include <cuda_runtime_api.h>

#include "kernels/networks/moments.hpp"

namespace alfi::cuda {

class Scratch;

/// Ascending, in place. The scratch has to last until the stream is at rest.
cudaError_t sort_on_device(double* values, std::int64_t count, Scratch& scratch, cudaStream_t stream);

/// `to` (pieces.size()).
cudaError_t moments_on_device(const MomentsOfPieces& pieces, Moments* to, cudaStream_t stream);

}  // namespace alfi::cuda
