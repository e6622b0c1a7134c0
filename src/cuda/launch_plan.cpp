#include "src/cuda/launch_plan.hpp"

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

/// Where a block's activations are, and how many. On tensor cores it is as many observations at once as there is room
/// for; false where there is not even for one.
bool place_activations(const Shape& shape, Precision precision, const DeviceProperties& device, LaunchPlan& plan) {
  const int widest = precision == Precision::fp32 ? 0 : tensor_kernels(precision, shape);
  plan.variant = {precision, Activations::shared, widest};
  plan.kept = precision == Precision::fp32 ? 0 : most_kept;
  const auto measure = [&] { plan.fast_size = block_size(plan.variant, shape, plan.kept); };
  measure();
  for (; plan.fast_size * number > device.shared_bytes && plan.kept > 1; measure()) plan.kept /= 2;
  if (plan.fast_size * number <= device.shared_bytes) return true;
  plan.variant = {Precision::fp32, Activations::global, 0};
  measure();
  return precision == Precision::fp32;
}

LaunchPlan plan_with(const Shape& shape, int episodes, bool gradients, Precision precision,
                     const DeviceProperties& device, int slots) {
  LaunchPlan plan{};
  plan.tiles = blocks_of(tile_lanes, episodes);
  plan.slots = std::min(slots, plan.tiles);
  // Tiles that add to the same partial sum must be one block's.
  plan.blocks =
      std::min(plan.slots, gradients ? gradient_partials : blocks_per_multiprocessor * device.multiprocessors);
  plan.tile_size = tile_size(shape);
  if (precision != Precision::fp32 && tensor_kernels(precision, shape) == 0)
    throw RunError(fmt::format(
        "networks.encoder.hidden = {} and code = {}: engine.precision = bf16 takes up to {}, tf32x3 up to {}, fp32 any",
        shape.encoder_hidden, shape.C, 16 * wide_tensor, 16 * narrow_tensor));
  if (!place_activations(shape, precision, device, plan))
    throw RunError(fmt::format(
        "{}: engine.precision = tf32x3 and bf16 keep a block's activations in shared memory, of which there are {} bytes, "
        "too few for networks.encoder.hidden = {} and code = {} with networks.aggregator.hidden = {} and code = {}; "
        "engine.precision = fp32 does without",
        device.name, device.shared_bytes, shape.encoder_hidden, shape.C, shape.aggregator_hidden, shape.A));
  if (gradients) plan.sums = gradient_sums(make_layout(shape), plan.tiles);
  const std::int64_t in_slot = plan.tile_size * number + std::int64_t{sizeof(Tile<float>) + sizeof(TileInput<float>)};
  const std::int64_t activations =
      plan.shared_bytes() > 0 ? 0 : plan.fast_size * number * plan.blocks * std::max(1, plan.sums.pieces);
  plan.bytes = fixed_bytes(shape, plan.tiles, plan.sums, gradients) + plan.slots * in_slot + activations;
  return plan;
}

}  // namespace

std::int64_t least_bytes(const Shape& shape, int episodes, bool gradients, Precision precision,
                         const DeviceProperties& device) {
  return plan_with(shape, episodes, gradients, precision, device, 1).bytes;
}

LaunchPlan plan_launches(const Shape& shape, int episodes, bool gradients, Precision precision,
                         const DeviceProperties& device, std::int64_t free) {
  const auto budget = static_cast<std::int64_t>(usable * static_cast<double>(free));
  const auto plan = [&](int slots) { return plan_with(shape, episodes, gradients, precision, device, slots); };
  const auto fits = [&](int slots) { return plan(slots).bytes <= budget; };
  if (!fits(1))
    throw RunError(fmt::format(
        "{}: 16 episodes of these sizes, and what all share, need {} bytes of device memory; {} are free, of which {} "
        "may be used",
        device.name, least_bytes(shape, episodes, gradients, precision, device), free, budget));
  int most = blocks_of(tile_lanes, episodes), least = 1;
  if (fits(most)) return plan(most);
  while (most - least > 1) {
    const int middle = least + (most - least) / 2;
    (fits(middle) ? least : most) = middle;
  }
  // Full rounds of the partial sums, so that no block waits in the middle of a batch.
  const int slots = least > gradient_partials ? least / gradient_partials * gradient_partials : least;
  return plan(slots);
}

}  // namespace alfi::cuda
