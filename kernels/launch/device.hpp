// Kernels of a CUDA device, each a function of one team, its block's number in the launch and the work
// of the meta-step. kernel_list.hpp lists them, kernels.cu makes CUDA kernels of them; the tests run them on fibers.
//
//   rollout            a tile after the other, forward; in fp32
//   begin, encode, then T times propose, encode, advance
//                      a rollout in pieces: blocks share a tile in propose and encode
//   rollout_gradient   back through time of the same tiles
//   encoder_gradient   the bulk pass over them
//   first_layer … first_slopes
//                      what is between the products of a wide encoder, instead of encode and encoder_gradient
//   sum_partials, gradient_norm, apply_update, conclude
//                      the update and the step's summary
//   draw_sample        observations of one θ
//   spin               nothing but multiply-adds, for the device's peak
//
// begin alone draws problems. Kernels follow each other on one stream: what one wrote the next may read. A tile keeps
// its slot from the rollout to the encoder's gradient; where there are more tiles than slots they come in chunks.
#pragma once

#include "kernels/launch/kernel_list.hpp"
#include "kernels/launch/report.hpp"
#include "kernels/networks/tensor_encoder.hpp"
#include "kernels/networks/wide_encoder.hpp"
#include "kernels/sim/sample.hpp"

namespace alfi {

/// Cuts out the fast memory of a block of the kernels that have the encoder alone. `kept`: observations whose
/// activations tensor cores keep at once.
template <Variant variant>
ALFI_HD auto carve_encoder(const Shape& shape, Carver<float>& carver, int kept) {
  if constexpr (variant.precision == Precision::fp32) {
    return carve_encoder(shape, carver, true);
  } else {
    TensorBlock<variant.precision, variant.widest> block{};
    carve_weights(shape, carver, block);
    carve_activations(shape, carver, kept, block);
    return block;
  }
}
/// Counts the numbers that carve_encoder cuts out.
inline std::int64_t encoder_block_size(Variant variant, const Shape& shape, int kept) {
  return with_device_kernel(DeviceKernel::encoder_gradient, variant, [&]<DeviceKernel, int number>() {
    Carver<float> counting(nullptr);
    carve_encoder<variants[number]>(shape, counting, kept);
    return counting.used();
  });
}

/// Pure multiply-adds on every thread of a launch.
struct Spin {
  std::int64_t rounds;
  float* sums;  ///< (blocks, device_threads): what they came to, so that they are not optimised away

  static constexpr int chains = 16;  ///< independent of each other
  static constexpr int length = 16;  ///< of a chain in a round: the loop's own instructions do not show
  static constexpr double operations_per_round = 2.0 * chains * length * device_threads;  ///< of a block
};

inline constexpr int real_set_alone = -1;

/// Codes before they are pooled, of one tile.
template <class R>
struct TileCodes {
  Rows<R> real;       ///< (C, real_rows · 16)
  Rows<R> generated;  ///< (C, M · N · 16) of one iteration
};
template <class R>
ALFI_HD TileCodes<R> carve_codes(const Shape& shape, Carver<R>& carver) {
  return {carver.rows(shape.C, shape.R * tile_lanes), carver.rows(shape.C, shape.M * shape.N * tile_lanes)};
}
/// Counts the numbers that carve_codes cuts out.
ALFI_HD std::int64_t code_size(const Shape& shape) {
  Carver<float> counting(nullptr);
  carve_codes(shape, counting);
  return counting.used();
}

template <class R>
ALFI_HD WideRows<R> carve_wide(const Shape& shape, Carver<R>& carver) {
  const std::int64_t rows = std::int64_t{wide_observations(shape)} * tile_lanes;
  return {.hidden1 = carver.rows(shape.encoder_hidden, rows),
          .hidden2 = carver.rows(shape.encoder_hidden, rows),
          .slope = carver.rows(shape.encoder_hidden, rows),
          .code_slope = carver.rows(shape.C, rows)};
}
/// Counts the numbers that carve_wide cuts out.
ALFI_HD std::int64_t wide_size(const Shape& shape) {
  Carver<float> counting(nullptr);
  carve_wide(shape, counting);
  return counting.used();
}

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
  /// Aggregator's activations of one block each (blocks, aggregator_block_size), where shared memory does not hold
  /// them.
  float* fast;
  int kept;  ///< observations whose activations encoder_gradient keeps at once in a block, on tensor cores

  // A split rollout.
  int shares;     ///< blocks that share a tile in propose, encode and between products
  int iteration;  ///< the launch's t; real_set_alone: what is encoded is the real set
  float* codes;   ///< (slots, code_size)

  // Between the products of a wide encoder: observations of the launch's iteration.
  int first_observation, observations;
  float* wide;  ///< (slots, wide_size)

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

/// Returns the encoder of a block, its weights in shared memory, of the size the launch asked for.
template <Variant variant, class Team>
ALFI_HD auto make_encoder(const Team& team, const DeviceWork& work, float* shared, int kept) {
  Carver<float> carver(shared);
  return staged_encoder(team, work.settings.layout, work.settings.weights,
                        carve_encoder<variant>(work.settings.shape, carver, kept));
}
/// Returns the aggregator's memory: the compiler must know in which of the two memories it is.
template <Variant variant>
ALFI_HD AggregatorBlock<float> aggregator_memory(const DeviceWork& work, int block, float* shared) {
  constexpr bool is_shared = variant.activations == Activations::shared;
  const Shape& shape = work.settings.shape;
  Carver<float> carver(is_shared ? shared : work.fast + block * aggregator_block_size(shape, false));
  return carve_aggregator(shape, carver, is_shared);
}

ALFI_HD TileCodes<float> codes_of_slot(const DeviceWork& work, int slot) {
  Carver<float> carver(work.codes + slot * code_size(work.settings.shape));
  return carve_codes(work.settings.shape, carver);
}

/// The part of `count` things that falls to a share: those from first to before last.
struct Part {
  int first, last;
};
ALFI_HD Part part_of(int count, int share, int shares) {
  return {static_cast<int>(std::int64_t{count} * share / shares),
          static_cast<int>(std::int64_t{count} * (share + 1) / shares)};
}

/// Reports what a tile's rollout came to, where a step is to be summarised. A lane's thread has just weighed its
/// losses.
template <class Team>
ALFI_HD void report_rollout(const Team& team, const DeviceWork& work, const Tile<float>& tile) {
  if (work.report.loss != nullptr) report_tile(team, work.settings.shape, tile, work.report);
}

template <class Team, class Source>
ALFI_HD void rollout_kernel(const Team& team, int block, float* shared, const DeviceWork& work, const Source& source) {
  Carver<float> carver(shared);
  const BlockMemory<float> memory = carve_block(work.settings.shape, carver, true);
  const auto encoder = staged_encoder(team, work.settings.layout, work.settings.weights, memory.encoder);
  for (int slot = block; slot < work.tile_count; slot += work.blocks) {
    Tile<float>& tile = work.tiles[slot];
    team.once([&] { tile.number = work.first_tile + slot; });
    team.sync();  // before this tile's activations take the place of the last one's, too
    rollout(team, work.settings, source, work.inputs[*work.position], work.draws, tile, encoder, memory.aggregator);
    report_rollout(team, work, tile);
  }
}

template <class Team, class Source>
ALFI_HD void begin_kernel(const Team& team, int block, const DeviceWork& work, const Source& source) {
  for (int slot = block; slot < work.tile_count; slot += work.blocks) {
    Tile<float>& tile = work.tiles[slot];
    team.once([&] { tile.number = work.first_tile + slot; });
    team.sync();
    begin(team, work.settings, source, work.inputs[*work.position], work.draws, tile);
  }
}

template <class Team, class Source>
ALFI_HD void propose_kernel(const Team& team, int block, const DeviceWork& work, const Source& source) {
  const Part part = part_of(work.settings.shape.M, block % work.shares, work.shares);
  for (int slot = block / work.shares; slot < work.tile_count; slot += work.blocks)
    propose(team, work.settings, source, work.inputs[*work.position], work.draws, work.tiles[slot], work.iteration,
            {part.first, part.last - part.first}, work.shares);
}

template <Variant variant, class Team>
ALFI_HD void encode_kernel(const Team& team, int block, float* shared, const DeviceWork& work) {
  const Shape& shape = work.settings.shape;
  const auto encoder = make_encoder<variant>(team, work, shared, 0);
  const bool real = work.iteration == real_set_alone;
  for (int slot = block / work.shares; slot < work.tile_count; slot += work.blocks) {
    const Tile<float>& tile = work.tiles[slot];
    const TileCodes<float> codes = codes_of_slot(work, slot);
    const ObservationSets<float> sets = real ? real_set(tile) : generated_sets(shape, tile, work.iteration, 1);
    const Part part = part_of(blocks_of(block_length, sets.observations), block % work.shares, work.shares);
    encode_observations(team, shape, encoder, sets, part.first, part.last, real ? codes.real : codes.generated);
  }
}

template <Variant variant, class Team>
ALFI_HD void advance_kernel(const Team& team, int block, float* shared, const DeviceWork& work) {
  const AggregatorBlock<float> memory = aggregator_memory<variant>(work, block, shared);
  const Shape& shape = work.settings.shape;
  const int t = work.iteration;
  for (int slot = block; slot < work.tile_count; slot += work.blocks) {
    const Tile<float>& tile = work.tiles[slot];
    const TileCodes<float> codes = codes_of_slot(work, slot);
    if (t == 0) {
      pool_sets(team, shape.pooling, shape.C, real_set(tile), codes.real, tile.real_code);
      team.sync();
      share_real_code(team, shape, work.settings.layout, work.settings.weights, tile.real_code, tile.real_share);
    }
    pool_sets(team, shape.pooling, shape.C, generated_sets(shape, tile, t, 1), codes.generated,
              codes_of(shape, tile, t));
    score_parameters(team, shape, tile, t);
    team.sync();  // before this tile's activations take the place of the last one's, too
    advance(team, work.settings, tile, t, memory);
    if (t < shape.T - 1) continue;
    weigh_losses(team, work.settings, work.inputs[*work.position], tile);
    report_rollout(team, work, tile);
  }
}

template <Variant variant, class Team>
ALFI_HD void rollout_gradient_kernel(const Team& team, int block, float* shared, const DeviceWork& work) {
  const AggregatorBlock<float> memory = aggregator_memory<variant>(work, block, shared);
  for (int slot = block; slot < work.tile_count; slot += work.blocks) {
    const Tile<float>& tile = work.tiles[slot];
    rollout_gradient(team, work.settings, work.inputs[*work.position], tile, memory,
                     work.partials + work.sums.rest(tile.number % gradient_partials));
  }
}

template <Variant variant, class Team>
ALFI_HD void encoder_gradient_kernel(const Team& team, int block, float* shared, const DeviceWork& work) {
  const auto encoder = make_encoder<variant>(team, work, shared, work.kept);
  const int pieces = work.sums.pieces, piece = block % pieces;
  for (int slot = block / pieces; slot < work.tile_count; slot += work.blocks)
    bulk_gradient(team, work.settings, work.tiles[slot], encoder, piece, pieces,
                  work.partials + work.sums.encoder((work.first_tile + slot) % gradient_partials, piece));
}

/// Computes what is between the products of a wide encoder, for a block's part of the launch's observations of each of
/// its tiles.
template <DeviceKernel kernel, class Team>
ALFI_HD void wide_kernel(const Team& team, int block, const DeviceWork& work) {
  const Shape& shape = work.settings.shape;
  const auto layer = [&](int l) { return linear_weights(work.settings.layout.encoder[l], work.settings.weights); };
  const bool real = work.iteration == real_set_alone;
  const Part part = part_of(work.observations, block % work.shares, work.shares);
  const int observations = part.last - part.first, rows = observations * tile_lanes, row = part.first * tile_lanes;
  const int first = work.first_observation + part.first;
  const auto from_row = [](Rows<float> all, int begin) { return Rows<float>{all.at(0, begin), all.stride}; };
  for (int slot = block / work.shares; slot < work.tile_count; slot += work.blocks) {
    const Tile<float>& tile = work.tiles[slot];
    const ObservationSets<float> sets = real ? real_set(tile) : generated_sets(shape, tile, work.iteration, 1);
    Carver<float> carver(work.wide + slot * wide_size(shape));
    const WideRows<float> wide = carve_wide(shape, carver);
    const Rows<float> hidden1 = from_row(wide.hidden1, row), hidden2 = from_row(wide.hidden2, row);
    if constexpr (kernel == DeviceKernel::first_layer) {
      forward(team, layer(0), {sets.x.at(0, first * tile_lanes), sets.x.stride}, hidden1, rows, Relu{});
    } else if constexpr (kernel == DeviceKernel::second_layer) {
      add_bias(team, layer(1), hidden2, rows, Relu{});
    } else if constexpr (kernel == DeviceKernel::code_layer) {
      const TileCodes<float> codes = codes_of_slot(work, slot);
      add_bias(team, layer(2), from_row(real ? codes.real : codes.generated, first * tile_lanes), rows, Tanh{});
    } else if constexpr (kernel == DeviceKernel::code_slopes) {
      const float* const slopes =
          real ? tile.real_slope : tile.slopes + work.iteration * shape.M * 2 * shape.C * tile_lanes;
      code_slopes(team, layer(2), sets, first, observations, slopes, from_row(wide.code_slope, row));
    } else if constexpr (kernel == DeviceKernel::second_slopes) {
      pass_relu(team, hidden2, from_row(wide.slope, row), shape.encoder_hidden, rows);
    } else {
      // The second layer's activations have done their part: the first's slopes take their place.
      pass_relu(team, hidden1, hidden2, shape.encoder_hidden, rows);
    }
  }
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

/// Runs a kernel's body; those that simulate have the source's simulator.
template <DeviceKernel kernel, Variant variant, class Team, class Source>
ALFI_HD void run_device_kernel(const Team& team, int block, float* shared, const DeviceWork& work,
                               const Source& source) {
  if constexpr (kernel == DeviceKernel::rollout) {
    rollout_kernel(team, block, shared, work, source);
  } else if constexpr (kernel == DeviceKernel::begin) {
    begin_kernel(team, block, work, source);
  } else if constexpr (kernel == DeviceKernel::propose) {
    propose_kernel(team, block, work, source);
  } else if constexpr (kernel == DeviceKernel::encode) {
    encode_kernel<variant>(team, block, shared, work);
  } else if constexpr (kernel == DeviceKernel::advance) {
    advance_kernel<variant>(team, block, shared, work);
  } else if constexpr (kernel == DeviceKernel::rollout_gradient) {
    rollout_gradient_kernel<variant>(team, block, shared, work);
  } else if constexpr (kernel == DeviceKernel::encoder_gradient) {
    encoder_gradient_kernel<variant>(team, block, shared, work);
  } else if constexpr (kernel >= DeviceKernel::first_layer && kernel <= DeviceKernel::first_slopes) {
    wide_kernel<kernel>(team, block, work);
  } else if constexpr (kernel == DeviceKernel::sum_partials) {
    const GroupShare share = group_share(work, block);
    sum_partials(team, work.optimizer, share.first, share.count);
  } else if constexpr (kernel == DeviceKernel::gradient_norm) {
    gradient_norm(team, work.optimizer);
  } else if constexpr (kernel == DeviceKernel::apply_update) {
    const GroupShare share = group_share(work, block);
    apply_update(team, work.optimizer, work.rates[*work.position], share.first, share.count);
  } else if constexpr (kernel == DeviceKernel::draw_sample) {
    source.draw_sample(team, work.sample, block, work.sample_blocks);
  } else if constexpr (kernel == DeviceKernel::spin) {
    spin_kernel(team, block, work.spin);
  } else {
    conclude_step(team, work.optimizer, work.report, work.episodes, work.outputs[*work.position]);
    team.once([&] { ++*work.position; });  // all have read it before a barrier of the line above
  }
}

/// Runs the body of a kernel that was built with alfi's own simulators.
template <DeviceKernel kernel, Variant variant, class Team>
ALFI_HD void run_device_kernel(const Team& team, int block, float* shared, const DeviceWork& work) {
  run_device_kernel<kernel, variant>(
      team, block, shared, work,
      Listed<Simulators>{kernel == DeviceKernel::draw_sample ? work.sample.simulator : work.settings.simulator});
}

}  // namespace ALFI_ISA
}  // namespace alfi
