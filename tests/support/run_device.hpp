// Meta-steps by the kernels of a device, launched in the order of the CUDA processor, on any team.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/launch/device.hpp"
#include "src/backends/cuda/launcher.hpp"
#include "tests/support/arena.hpp"
#include "tests/support/drawn_settings.hpp"
#include "tests/support/kernel_runtime.hpp"

namespace alfi::test {

/// Bytes of an array, those that nothing wrote among them.
struct NamedBytes {
  std::string name;
  std::vector<unsigned char> bytes;
  bool operator==(const NamedBytes&) const = default;
};

/// All that the kernels of a run wrote.
using DeviceMemory = std::vector<NamedBytes>;

/// Launches by launch(blocks, body).
template <class Launch>
class KernelsOn final : public KernelRuntime {
 public:
  explicit KernelsOn(Launch launch) : launch_(launch) {}

  cuda::Status launch(const cuda::Launch& launch, const DeviceWork& work, cuda::StreamHandle) override {
    std::vector<Arena<float>> shared(static_cast<std::size_t>(launch.blocks),
                                     Arena<float>(launch.shared_bytes / static_cast<std::int64_t>(sizeof(float))));
    run(launch, work, shared);
    for (const Arena<float>& memory : shared)
      if (!memory.sentinels_hold()) throw std::logic_error("a kernel wrote behind the end of shared memory");
    return {};
  }

 private:
  /// Says whether a variant is run: tf32x3 and wide networks have the barriers of narrow ones in bf16.
  static constexpr bool is_run(Variant variant) {
    return variant.precision != Precision::tf32x3 && variant.widest != wide_tensor;
  }

  void run(const cuda::Launch& launch, const DeviceWork& work, std::vector<Arena<float>>& shared) {
    with_device_kernel(launch.kernel, launch.variant, [&]<DeviceKernel kernel, int number>() {
      if constexpr (is_run(variants[number]))
        launch_(launch.blocks, [&](const auto& team, int block) {
          run_device_kernel<kernel, variants[number]>(team, block, shared[static_cast<std::size_t>(block)].base(),
                                                      work);
        });
      else
        throw std::logic_error("this variant is not built here");
    });
  }

  Launch launch_;
};

/// Choices by which a rollout is computed.
struct DeviceRollout {
  Variant variant;  ///< one of variants that KernelsOn runs
  int shares;       ///< 1, or how many blocks share a tile
  cuda::EncoderKernels encoder = cuda::EncoderKernels::fused;
};

/// Runs two meta-steps.
/// launch(blocks, body) runs body(team, block) on every thread of `blocks` teams, and ends before the next begins.
template <class Launch>
DeviceMemory run_device(const DrawnChoices& choices, const DeviceRollout& rollout, Launch launch) {
  // Two blocks share the tiles of a chunk, so that one of them gets two; each piece of a tile has some of the blocks of
  // observations.
  constexpr int steps = 2, slots = 3, blocks = 2, pieces = 2, first_update = 4;
  constexpr int kept = 4;  // a part of a block of observations
  const DrawnSettings drawn(choices);
  const alfi::Shape& shape = drawn.settings.shape;
  const Layout& layout = drawn.settings.layout;
  const int tiles = blocks_of(tile_lanes, choices.episodes);
  const GradientSums sums{.count = tiles, .pieces = pieces, .encoder_size = layout.encoder_size(), .size = layout.size};
  const int groups = layout.size / tile_lanes, encoder_groups = layout.encoder_size() / tile_lanes;

  Arena<float> weights(layout.size), first_moment(layout.size), second_moment(layout.size), average(layout.size);
  for (int i = 0; i < layout.size; ++i) {
    const float weight = drawn.weights[static_cast<std::size_t>(i)];
    weights.base()[i] = average.base()[i] = weight;
    first_moment.base()[i] = 0.01F * weight;
    second_moment.base()[i] = 0.001F * weight * weight;
  }
  Arena<float> tile_memory(slots * tile_size(shape)), fast(blocks * aggregator_block_size(shape, false));
  Arena<float> codes(slots * code_size(shape)), wide(slots * wide_size(shape));
  // Memory that a product multiplies by 0 must hold numbers.
  if (rollout.encoder == cuda::EncoderKernels::cublas) std::fill_n(tile_memory.base(), tile_memory.size(), 0.0F);
  Arena<float> partials(sums.all()), squares(groups), norm(1), losses(tiles * tile_lanes);
  Arena<std::int32_t> clamped(tiles * tile_lanes), left_out(tiles * tile_lanes);
  Arena<double> loss_sums(sum_places);
  Arena<std::int64_t> clamped_sums(sum_places), left_out_sums(sum_places);
  Arena<TileInput<float>> inputs(slots);
  Arena<StepOutput> outputs(steps);
  std::vector<Tile<float>> tile_list;
  for (int slot = 0; slot < slots; ++slot) {
    Carver<float> carver(tile_memory.base() + slot * tile_size(shape));
    tile_list.push_back(carve_tile(shape, carver));
    tile_list.back().input = inputs.base() + slot;
  }
  std::vector<StepInput> step_inputs;
  std::vector<UpdateFactors> factors;
  for (int step = 0; step < steps; ++step) {
    step_inputs.push_back(drawn.step(static_cast<std::uint64_t>(step)));
    factors.push_back({2.5F, 200.0F, 0.9F});
  }
  const std::vector<float> rates(steps, 1e-3F);
  const std::int64_t first = first_update;
  UpdateCounts counts{first_update, 1};
  int position = 0;

  DeviceWork work{};
  work.settings = drawn.settings;
  work.settings.weights = weights.base();
  work.draws = {true, true, true};
  work.gradients = true;
  work.inputs = step_inputs.data();
  work.rates = rates.data();
  work.outputs = outputs.base();
  work.position = &position;
  work.tiles = tile_list.data();
  work.episodes = choices.episodes;
  work.blocks = blocks;
  work.fast = fast.base();
  work.kept = kept;
  work.shares = rollout.shares;
  work.wide = wide.base();
  work.codes = codes.base();
  work.sums = sums;
  work.partials = partials.base();
  work.optimizer = {
      .groups = groups,
      .weights = weights.base(),
      .first_moment = first_moment.base(),
      .second_moment = second_moment.base(),
      .average = average.base(),
      .partials = {{.data = partials.base(), .count = sums.count * pieces, .first_group = 0, .groups = encoder_groups},
                   {.data = partials.base() + sums.rest_begin(),
                    .count = sums.count,
                    .first_group = encoder_groups,
                    .groups = groups - encoder_groups}},
      .squares = squares.base(),
      .norm = norm.base(),
      .counts = &counts,
      .factors = factors.data(),
      .first_update = &first,
      .clip_norm = 1.0F};
  work.groups_per_block = device_threads / tile_lanes;
  work.report = {.loss = losses.base(),
                 .clamped = clamped.base(),
                 .left_out = left_out.base(),
                 .loss_sums = loss_sums.base(),
                 .clamped_sums = clamped_sums.base(),
                 .left_out_sums = left_out_sums.base()};

  cuda::LaunchPlan plan{};
  plan.tiles = tiles;
  plan.slots = slots;
  plan.blocks = blocks;
  plan.shares = rollout.shares;
  plan.encoder = rollout.encoder;
  plan.split = rollout.shares > 1 || rollout.encoder == cuda::EncoderKernels::cublas ||
               rollout.variant.precision != Precision::fp32;
  plan.variant = rollout.variant;
  plan.kept = kept;
  plan.tile_size = tile_size(shape);
  plan.block_size = block_size(shape, true);
  plan.encode_block_size = encoder_block_size(rollout.variant, shape, 0);
  plan.gradient_block_size = encoder_block_size(rollout.variant, shape, kept);
  plan.aggregator_block_size = aggregator_block_size(shape, rollout.variant.activations == Activations::shared);
  plan.sums = sums;
  KernelsOn<Launch> runtime(launch);
  const cuda::Stream stream;
  const cuda::Products products;
  const cuda::Launcher launcher(runtime, stream, products, plan, {});
  const std::vector<float> ones(static_cast<std::size_t>(wide_observations(shape)) * tile_lanes, 1.0F);
  for (int step = 0; step < steps; ++step) {
    std::memset(partials.base(), 0, static_cast<std::size_t>(partials.size()) * sizeof(float));
    for (work.first_tile = 0; work.first_tile < tiles; work.first_tile += slots) {
      work.tile_count = std::min(slots, tiles - work.first_tile);
      if (step == 0) {  // by a launch of its own; else by the rollout
        work.draws = {true, false, false};
        launcher.kernel(DeviceKernel::begin, std::min(blocks, work.tile_count), work);
      }
      work.draws = {step > 0, true, true};
      launcher.chunk(work, {tile_list.front().x, tile_list.front().real, ones.data()});
    }
    const int update_blocks = blocks_of(work.groups_per_block, groups);
    launcher.kernel(DeviceKernel::sum_partials, update_blocks, work);
    launcher.kernel(DeviceKernel::gradient_norm, 1, work);
    launcher.kernel(DeviceKernel::apply_update, update_blocks, work);
    launcher.kernel(DeviceKernel::conclude, 1, work);
  }
  constexpr int sample_size = 1000;
  Arena<float> sample(sample_size * shape.X);
  work.sample = {.simulator = choices.simulator,
                 .D = shape.D,
                 .X = shape.X,
                 .key = stream_key(choices.seed, Phase::simulation, Purpose::observe, 0),
                 .theta = {1, 0.5F},
                 .first = 0,
                 .count = sample_size,
                 .x = sample.base()};
  work.sample_blocks = blocks;
  launcher.kernel(DeviceKernel::draw_sample, blocks, work);
  if (counts.applied != first_update + steps) throw std::logic_error("a gradient of the meta-steps is not finite");

  Arena<double> summaries(steps * 4);  // a StepOutput has bytes that mean nothing
  for (int step = 0; step < steps; ++step) {
    const StepOutput& output = outputs.base()[step];
    const double numbers[4] = {output.loss, output.gradient_norm, static_cast<double>(output.clamped),
                               static_cast<double>(output.left_out)};
    std::copy_n(numbers, 4, summaries.base() + step * 4);
  }
  if (!outputs.sentinels_hold()) throw std::logic_error("a kernel wrote behind the end of the outputs");
  DeviceMemory result;
  const auto keep = [&](const std::string& name, auto& arena) {
    if (!arena.sentinels_hold()) throw std::logic_error("a kernel wrote behind the end of " + name);
    const auto* const begin = reinterpret_cast<const unsigned char*>(arena.base());
    result.push_back({name, {begin, begin + arena.size() * static_cast<std::int64_t>(sizeof *arena.base())}});
  };
  keep("the weights", weights);
  keep("the first moment", first_moment);
  keep("the second moment", second_moment);
  keep("the average", average);
  keep("the tiles", tile_memory);
  keep("the tiles' inputs", inputs);
  keep("the partial sums", partials);
  keep("the squares", squares);
  keep("the norm", norm);
  keep("the losses", losses);
  keep("the clamped draws", clamped);
  keep("the observations left out", left_out);
  keep("the sums of losses", loss_sums);
  keep("the sums of clamped draws", clamped_sums);
  keep("the sums of observations left out", left_out_sums);
  keep("the activations", fast);
  keep("the codes", codes);
  keep("the rows of products", wide);
  keep("the sample", sample);
  keep("the summaries", summaries);
  return result;
}

}  // namespace alfi::test
