// The kernels as the CUDA backend launches them.
#pragma once

#include "kernels/host_kernels.hpp"

namespace alfi {

/// To be launched with cudaLaunchKernel; kernels/kernels.cu says what each expects.
struct CudaKernels {
  void (*rollout)(EpisodeSettings<float>, const StepInput*, Draws, const Tile<float>* tiles,
                  const BlockMemory<float>* blocks);
  void (*rollout_gradient)(EpisodeSettings<float>, const StepInput*, const Tile<float>* tiles,
                           const BlockMemory<float>* blocks, float* gradients, int gradient_size);
  void (*bulk_gradient)(EpisodeSettings<float>, const Tile<float>* tiles, const BlockMemory<float>* blocks, int piece,
                        int pieces, float* gradients, int gradient_size);
  void (*sum_partials)(Optimizer<float>, int groups_per_block);
  void (*gradient_norm)(Optimizer<float>);
  void (*update)(Optimizer<float>, float rate, int groups_per_block);
};

CudaKernels cuda_kernels();

}  // namespace alfi
