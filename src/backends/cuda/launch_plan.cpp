#include "src/backends/cuda/launch_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alfi/error.hpp"

namespace alfi::cuda {
namespace {

/// Part of the free memory that is used: the driver and others need some, and it is handed out in pages.
constexpr double usable = 0.9;
/// Blocks a multiprocessor gets of a pass that has no partial sums to share out.
constexpr int blocks_per_multiprocessor = 4;

constexpr std::int64_t number = sizeof(float);

/// Everything but tiles and activations.
std::int64_t fixed_bytes(const Shape& shape, int tiles, const GradientSums& sums, bool gradients) {
  const std::int64_t weights = make_layout(shape).size;
  const std::int64_t tables = 2 * shape.R + 2 * shape.X + shape.T;
  constexpr std::int64_t reported = tile_lanes * (sizeof(float) + sizeof(std::int32_t));
  constexpr std::int64_t odds_and_ends = 1 << 20;  // every array begins on a boundary of 256 bytes; steps of a window
  const std::int64_t training = gradients ? 4 * weights * number + sums.all() * number + tiles * reported : 0;
  return weights * number + tables * number + training + odds_and_ends;
}

/// Plan of the encoder's computation. On tensor cores a block keeps as many observations at once as there is room for.
struct EncoderPlan {
  EncoderKernels kernels;
  Variant variant;
  int kept;
  std::int64_t encode_block_size, gradient_block_size;
};

/// Returns the precision in which cuBLAS multiplies. tf32x3's three products of split operands would move several times
/// the memory of one in fp32, which is more accurate and, up to some hundred features, faster.
Precision precision_of_products(Precision precision) {
  return precision == Precision::tf32x3 ? Precision::fp32 : precision;
}

EncoderPlan plan_encoder(const Shape& shape, Precision precision, const DeviceProperties& device) {
  const bool rounded = precision != Precision::fp32;
  const int widest = rounded ? tensor_kernels(precision, shape) : 0;
  const EncoderPlan products{.kernels = EncoderKernels::cublas,
                             .variant = {precision_of_products(precision), Activations::shared, 0},
                             .kept = 0,
                             .encode_block_size = 0,
                             .gradient_block_size = 0};
  if (rounded && widest == 0) return products;
  EncoderPlan fused{.kernels = EncoderKernels::fused,
                    .variant = {precision, Activations::shared, widest},
                    .kept = 0,
                    .encode_block_size = 0,
                    .gradient_block_size = 0};
  fused.encode_block_size = encoder_block_size(fused.variant, shape, 0);
  for (fused.kept = rounded ? most_kept(fused.variant) : 0;; --fused.kept) {
    fused.gradient_block_size = encoder_block_size(fused.variant, shape, fused.kept);
    if (fused.gradient_block_size * number <= device.shared_bytes) return fused;
    if (fused.kept <= 1) return products;
  }
}

/// Returns the blocks that share a tile when `slots` tiles are at work at once, so that the device is busy. The
/// smallest piece of work is a block of observations.
int most_shares(const Shape& shape, Precision precision, const DeviceProperties& device, int slots) {
  if (code_size(shape) > most_tile_size) return 1;
  const bool fused = encoder_kernels(shape, precision, device) == EncoderKernels::fused;
  const int blocks = (fused ? 1 : blocks_per_multiprocessor) * device.multiprocessors;
  return std::clamp(blocks / slots, 1, blocks_of(block_length, std::max(shape.R, shape.M * shape.N)));
}

LaunchPlan plan_with(const Shape& shape, int episodes, bool gradients, Precision precision,
                     const DeviceProperties& device, int slots, int shares, bool split) {
  LaunchPlan plan{};
  plan.tiles = blocks_of(tile_lanes, episodes);
  plan.slots = std::min(slots, plan.tiles);
  // Tiles that add to the same partial sum must be one block's.
  plan.blocks =
      std::min(plan.slots, gradients ? gradient_partials : blocks_per_multiprocessor * device.multiprocessors);
  plan.shares = shares;
  const EncoderPlan encoder = plan_encoder(shape, precision, device);
  plan.encoder = encoder.kernels;
  plan.variant = encoder.variant;
  plan.kept = encoder.kept;
  plan.encode_block_size = encoder.encode_block_size;
  plan.gradient_block_size = encoder.gradient_block_size;
  plan.tile_size = tile_size(shape);
  plan.aggregator_block_size = aggregator_block_size(shape, true);
  if (plan.aggregator_block_size * number > device.shared_bytes) {
    plan.variant.activations = Activations::global;
    plan.aggregator_block_size = aggregator_block_size(shape, false);
  }
  // One kernel needs the weights of the encoder and the activations of either network at a time. On tensor cores it
  // would need registers enough that a multiprocessor had one block only.
  plan.block_size = block_size(shape, true);
  plan.split = split || shares > 1 || precision != Precision::fp32 || plan.block_size * number > device.shared_bytes;
  if (gradients) plan.sums = gradient_sums(make_layout(shape), plan.tiles);
  const bool products = plan.encoder == EncoderKernels::cublas;
  const std::int64_t in_slot = plan.tile_size + (plan.split ? code_size(shape) : 0) + (products ? wide_size(shape) : 0);
  const std::int64_t activations =
      plan.variant.activations == Activations::global ? plan.aggregator_block_size * plan.blocks : 0;
  const std::int64_t ones = products ? std::int64_t{wide_observations(shape)} * tile_lanes : 0;
  plan.bytes = fixed_bytes(shape, plan.tiles, plan.sums, gradients) + (activations + ones) * number +
               (products ? products_workspace : 0) +
               plan.slots * (in_slot * number + std::int64_t{sizeof(Tile<float>) + sizeof(TileInput<float>)});
  return plan;
}

}  // namespace

EncoderKernels encoder_kernels(const Shape& shape, Precision precision, const DeviceProperties& device) {
  return plan_encoder(shape, precision, device).kernels;
}

int widest_fused_encoder(int code, Precision precision, const DeviceProperties& device) {
  Shape shape{};
  shape.X = 1;
  shape.C = code;
  while (encoder_kernels(shape, precision, device) == EncoderKernels::fused) ++shape.encoder_hidden;
  return shape.encoder_hidden - 1;
}

int LaunchPlan::shared_bytes(DeviceKernel kernel) const {
  std::int64_t size = 0;
  if (kernel == DeviceKernel::rollout)
    size = block_size;
  else if (kernel == DeviceKernel::encode)
    size = encode_block_size;
  else if (kernel == DeviceKernel::encoder_gradient)
    size = gradient_block_size;
  else if (aggregates(kernel) && variant.activations == Activations::shared)
    size = aggregator_block_size;
  return static_cast<int>(size * number);
}

std::int64_t least_bytes(const Shape& shape, int episodes, bool gradients, Precision precision,
                         const DeviceProperties& device) {
  return plan_with(shape, episodes, gradients, precision, device, 1, 1, false).bytes;
}

LaunchPlan plan_launches(const Shape& shape, int episodes, bool gradients, Precision precision,
                         const DeviceProperties& device, std::int64_t free, bool split) {
  const auto budget = static_cast<std::int64_t>(usable * static_cast<double>(free));
  const auto plan = [&](int slots, int shares = 1) {
    return plan_with(shape, episodes, gradients, precision, device, slots, shares, split);
  };
  if (plan(1).split && code_size(shape) > most_tile_size)
    throw RunError(fmt::format("{}: the codes of 16 episodes of these sizes are {} numbers; at most {} are addressed",
                               device.name, code_size(shape), most_tile_size));
  const auto fits = [&](int slots) { return plan(slots).bytes <= budget; };
  if (!fits(1))
    throw RunError(fmt::format(
        "{}: 16 episodes of these sizes, and what all share, need {} bytes of device memory; {} are free, of which {} "
        "may be used",
        device.name, plan(1).bytes, free, budget));
  int most = blocks_of(tile_lanes, episodes), least = 1;
  if (fits(most)) least = most;
  while (most - least > 1) {
    const int middle = least + (most - least) / 2;
    (fits(middle) ? least : most) = middle;
  }
  // Full rounds of the partial sums, so that no block waits in the middle of a batch.
  const int slots = least > gradient_partials && least < most ? least / gradient_partials * gradient_partials : least;
  const LaunchPlan spread = plan(slots, most_shares(shape, precision, device, slots));
  return spread.bytes <= budget ? spread : plan(slots);
}

}  // namespace alfi::cuda
