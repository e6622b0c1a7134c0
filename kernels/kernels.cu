// The kernel bodies as CUDA kernels: one block of 128 threads a tile.
//
// Arrays are those of kernels/episode.hpp, in device memory; `tiles`, `blocks` have one entry a block, and so has
// `gradients`, `gradient_size` numbers apart. settings.weights and the other pointers are device memory too.
#include "kernels/kernels.cuh"

namespace alfi {
namespace {

inline constexpr int threads = 128;
using Team = CudaTeam<threads>;

__global__ void __launch_bounds__(threads)
    rollout_tiles(const __grid_constant__ EpisodeSettings<float> settings, const StepInput* step, Draws draws,
                  const Tile<float>* tiles, const BlockMemory<float>* blocks) {
  const Team team;
  const int i = team.number();
  rollout(team, settings, *step, draws, tiles[i], blocks[i]);
}

__global__ void __launch_bounds__(threads)
    rollout_gradient_tiles(const __grid_constant__ EpisodeSettings<float> settings, const StepInput* step,
                           const Tile<float>* tiles, const BlockMemory<float>* blocks, float* gradients,
                           int gradient_size) {
  const Team team;
  const int i = team.number();
  rollout_gradient(team, settings, *step, tiles[i], blocks[i],
                   gradients + static_cast<std::int64_t>(i) * gradient_size);
}

__global__ void __launch_bounds__(threads)
    bulk_gradient_tiles(const __grid_constant__ EpisodeSettings<float> settings, const Tile<float>* tiles,
                        const BlockMemory<float>* blocks, int piece, int pieces, float* gradients, int gradient_size) {
  const Team team;
  const int i = team.number();
  bulk_gradient(team, settings, tiles[i], blocks[i], piece, pieces,
                gradients + static_cast<std::int64_t>(i) * gradient_size);
}

__global__ void __launch_bounds__(threads)
    sum_groups(const __grid_constant__ Optimizer<float> optimizer, int groups_per_block) {
  const Team team;
  const int first = team.number() * groups_per_block;
  sum_partials(team, optimizer, first, min(groups_per_block, optimizer.groups - first));
}

__global__ void __launch_bounds__(threads) update_norm(const __grid_constant__ Optimizer<float> optimizer) {
  gradient_norm(Team{}, optimizer);
}

__global__ void __launch_bounds__(threads)
    update_groups(const __grid_constant__ Optimizer<float> optimizer, float rate, int groups_per_block) {
  const Team team;
  const int first = team.number() * groups_per_block;
  apply_update(team, optimizer, rate, first, min(groups_per_block, optimizer.groups - first));
}

}  // namespace

CudaKernels cuda_kernels() {
  return {rollout_tiles, rollout_gradient_tiles, bulk_gradient_tiles, sum_groups, update_norm, update_groups};
}

}  // namespace alfi
