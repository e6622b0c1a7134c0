// What a CUDA device runs, kernel by kernel: each a function of one team, its block's number in the launch and the work
// of the meta-step. kernels.cu makes CUDA kernels of them; the tests run them on fibers.
//
//   draw_problems      who the lanes are, θ* and the real observations
//   draw_sample        observations of one θ
//   rollout            a tile after the other, forward; with gradients then back through time
//   encoder_gradient   the bulk pass over the same tiles
//   sum_partials, gradient_norm, apply_update, conclude    the update and the step's summary
//   spin               nothing but multiply-adds, for the device's peak
//
// Kernels follow each other on one stream: what one wrote the next may read. A tile keeps its slot from the rollout to
// the encoder's gradient; where there are more tiles than slots they come in chunks.
#pragma once

#include "kernels/report.hpp"
#include "kernels/sample.hpp"

namespace alfi {

enum class DeviceKernel {
  draw_problems,
  rollout,
  encoder_gradient,
  sum_partials,
  gradient_norm,
  apply_update,
  conclude,
  draw_sample,
  spin
};
inline constexpr const char* device_kernel_names[] = {"draw_problems", "rollout",       "encoder_gradient",
                                                      "sum_partials",  "gradient_norm", "apply_update",
                                                      "conclude",      "draw_sample",   "spin"};

/// Where a block's activations are: in its shared memory, or in the device's where that is too small.
enum class Activations { shared, global };

/// The kernels with products of the encoder are built for these; the others are the same for all.
struct Variant {
  Precision precision = Precision::fp32;
  Activations activations = Activations::shared;
  int widest = 0;  ///< of the layers tensor cores have code for
  constexpr bool operator==(const Variant&) const = default;
  constexpr EncoderPath path() const { return {precision, activations == Activations::shared, widest}; }
};
inline constexpr Variant variants[] = {{Precision::fp32, Activations::shared, 0},
                                       {Precision::tf32x3, Activations::shared, narrow_tensor},
                                       {Precision::bf16, Activations::shared, narrow_tensor},
                                       {Precision::bf16, Activations::shared, wide_tensor},
                                       {Precision::fp32, Activations::global, 0}};
constexpr bool has_variants(DeviceKernel kernel) {
  return kernel == DeviceKernel::rollout || kernel == DeviceKernel::encoder_gradient;
}

/// Threads of a block.
inline constexpr int device_threads = 256;

/// Numbers a block's activations take.
template <int number = 0>
std::int64_t block_size(Variant variant, const Shape& shape, int kept) {
  if (variant == variants[number]) return block_size<variants[number].path()>(shape, kept);
  if constexpr (number + 1 < static_cast<int>(sizeof variants / sizeof variants[0]))
    return block_size<number + 1>(variant, shape, kept);
  else
    return 0;
}

/// Pure multiply-adds on every thread of a launch.
struct Spin {
  std::int64_t rounds;
  float* sums;  ///< (blocks, device_threads): what they came to, so that they are not optimised away

  static constexpr int chains = 16;  ///< independent of each other
  static constexpr int length = 16;  ///< of a chain in a round: the loop's own instructions do not show
  static constexpr double operations_per_round = 2.0 * chains * length * device_threads;  ///< of a block
};

/// The arguments of every kernel; all pointers are the device's.
struct DeviceWork {
  EpisodeSettings<float> settings;
  Draws draws;
  bool gradients;

  // The steps of a window.
  const StepInput* inputs;
  const float* rates;
  StepOutput* outputs;
  int* position;  ///< of the step at work in them

  // The tiles of a chunk.
  Tile<float>* tiles;  ///< (slots)
  int first_tile, tile_count;
  int episodes;  ///< B
  int blocks;    ///< that share the tiles of a chunk: block b takes slots b, b + blocks, …
  /// For the activations of one block each (blocks · pieces, fast_size), where shared memory does not hold them.
  float* fast;
  std::int64_t fast_size;
  int kept;  ///< observations whose activations a block keeps at once, on tensor cores

  // The gradient and the update.
  GradientSums sums;
  float* partials;  ///< (sums.all())
  Optimizer<float> optimizer;
  int groups_per_block;
  BatchReport<float> report;

  Sample sample;
  int sample_blocks;  ///< that share it
  Spin spin;
};

inline namespace ALFI_ISA {

/// Where a block's activations are. `shared` is its shared memory, of the size the launch asked for; the compiler must
/// know which of the two it is.
template <Variant variant>
ALFI_HD auto fast_memory(const DeviceWork& work, int block, float* shared) {
  Carver<float> carver(variant.activations == Activations::shared ? shared : work.fast + block * work.fast_size);
  return carve_block<variant.path()>(work.settings.shape, carver, work.kept);
}

template <class Team>
ALFI_HD void draw_problems_kernel(const Team& team, int block, const DeviceWork& work) {
  for (int slot = block; slot < work.tile_count; slot += work.blocks) {
    Tile<float>& tile = work.tiles[slot];
    team.once([&] { tile.number = work.first_tile + slot; });
    team.sync();
    draw_problem(team, work.settings, work.inputs[*work.position], tile);
  }
}

template <Variant variant, class Team>
ALFI_HD void rollout_kernel(const Team& team, int block, float* shared, const DeviceWork& work) {
  const StepInput& step = work.inputs[*work.position];
  const auto memory = fast_memory<variant>(work, block, shared);
  for (int slot = block; slot < work.tile_count; slot += work.blocks) {
    Tile<float>& tile = work.tiles[slot];
    const int number = work.first_tile + slot;
    team.once([&] { tile.number = number; });
    team.sync();  // before this tile's activations take the place of the last one's, too
    rollout<variant.path()>(team, work.settings, step, work.draws, tile, memory);
    if (work.gradients) {
      rollout_gradient(team, work.settings, step, tile, memory.aggregator,
                       work.partials + work.sums.rest(number % gradient_partials));
      if (work.report.loss != nullptr) report_tile(team, work.settings.shape, tile, work.report);
    }
  }
}

template <Variant variant, class Team>
ALFI_HD void encoder_gradient_kernel(const Team& team, int block, float* shared, const DeviceWork& work) {
  const auto memory = fast_memory<variant>(work, block, shared);
  const int pieces = work.sums.pieces, piece = block % pieces;
  for (int slot = block / pieces; slot < work.tile_count; slot += work.blocks)
    bulk_gradient<variant.path()>(
        team, work.settings, work.tiles[slot], memory, piece, pieces,
        work.partials + work.sums.encoder((work.first_tile + slot) % gradient_partials, piece));
}

template <class Team>
ALFI_HD void spin_kernel(const Team& team, int block, const Spin& spin) {
  using F = typename Team::F;
  float* const sums = spin.sums + block * device_threads;
  team.each(device_threads / tile_lanes, [&](int item, int lane) {
    const F factor = splat<F>(0.999f), addend = splat<F>(0.001f);
    Array<F, Spin::chains> sum;
    for (int i = 0; i < Spin::chains; ++i) sum[i] = splat<F>(static_cast<float>(i));
    for (std::int64_t round = 0; round < spin.rounds; ++round)
#pragma GCC unroll 16
      for (int step = 0; step < Spin::length; ++step)
#pragma GCC unroll 16
        for (int i = 0; i < Spin::chains; ++i) sum[i] = fma(sum[i], factor, addend);
    for (int i = 1; i < Spin::chains; ++i) sum[0] = sum[0] + sum[i];
    store<F>(&sums[item * tile_lanes + lane], sum[0]);
  });
}

/// Groups of weights that fall to a block.
struct GroupShare {
  int first, count;
};
ALFI_HD GroupShare group_share(const DeviceWork& work, int block) {
  const int first = block * work.groups_per_block, left = work.optimizer.groups - first;
  return {first, left < work.groups_per_block ? left : work.groups_per_block};
}

template <DeviceKernel kernel, Variant variant, class Team>
ALFI_HD void run_device_kernel(const Team& team, int block, float* shared, const DeviceWork& work) {
  if constexpr (kernel == DeviceKernel::draw_problems) {
    draw_problems_kernel(team, block, work);
  } else if constexpr (kernel == DeviceKernel::rollout) {
    rollout_kernel<variant>(team, block, shared, work);
  } else if constexpr (kernel == DeviceKernel::encoder_gradient) {
    encoder_gradient_kernel<variant>(team, block, shared, work);
  } else if constexpr (kernel == DeviceKernel::sum_partials) {
    const GroupShare share = group_share(work, block);
    sum_partials(team, work.optimizer, share.first, share.count);
  } else if constexpr (kernel == DeviceKernel::gradient_norm) {
    gradient_norm(team, work.optimizer);
  } else if constexpr (kernel == DeviceKernel::apply_update) {
    const GroupShare share = group_share(work, block);
    apply_update(team, work.optimizer, work.rates[*work.position], share.first, share.count);
  } else if constexpr (kernel == DeviceKernel::draw_sample) {
    draw_sample(team, work.sample, block, work.sample_blocks);
  } else if constexpr (kernel == DeviceKernel::spin) {
    spin_kernel(team, block, work.spin);
  } else {
    conclude_step(team, work.optimizer, work.report, work.episodes, work.outputs[*work.position]);
    team.once([&] { ++*work.position; });  // all have read it before a barrier of the line above
  }
}

}  // namespace ALFI_ISA
}  // namespace alfi
