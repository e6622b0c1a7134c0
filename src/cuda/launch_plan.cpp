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

/// Blocks that can share a tile, on a device that has `blocks` at work at once, when so many tiles are. The smallest
/// piece of work is a block of observations.
int most_shares(const Shape& shape, int slots, int blocks) {
  const int pieces = blocks_of(block_length, std::max(shape.R, shape.M * shape.N));
  return code_size(shape) > most_tile_size ? 1 : std::clamp(blocks / slots, 1, pieces);
}

LaunchPlan plan_with(const Shape& shape, int episodes, bool gradients, const DeviceProperties& device, int slots,
                     int shares) {
  LaunchPlan plan{};
  plan.tiles = blocks_of(tile_lanes, episodes);
  plan.slots = std::min(slots, plan.tiles);
  // Tiles that add to the same partial sum must be one block's.
  plan.blocks =
      std::min(plan.slots, gradients ? gradient_partials : blocks_per_multiprocessor * device.multiprocessors);
  plan.shares = shares;
  plan.tile_size = tile_size(shape);
  plan.fast_size = block_size(shape, true);
  if (plan.fast_size * number > device.shared_bytes) {
    plan.variant.activations = Activations::global;
    plan.fast_size = block_size(shape);
  }
  if (gradients) plan.sums = gradient_sums(make_layout(shape), plan.tiles);
  const std::int64_t codes = shares > 1 ? code_size(shape) : 0;
  const std::int64_t in_slot =
      (plan.tile_size + codes) * number + std::int64_t{sizeof(Tile<float>) + sizeof(TileInput<float>)};
  const std::int64_t activations = plan.shared_bytes() > 0 ? 0 : plan.fast_size * number * plan.most_blocks();
  plan.bytes = fixed_bytes(shape, plan.tiles, plan.sums, gradients) + plan.slots * in_slot + activations;
  return plan;
}

}  // namespace

std::int64_t least_bytes(const Shape& shape, int episodes, bool gradients, const DeviceProperties& device) {
  return plan_with(shape, episodes, gradients, device, 1, 1).bytes;
}

LaunchPlan plan_launches(const Shape& shape, int episodes, bool gradients, Precision precision,
                         const DeviceProperties& device, std::int64_t free) {
  const auto budget = static_cast<std::int64_t>(usable * static_cast<double>(free));
  const auto plan = [&](int slots, int shares = 1) {
    LaunchPlan result = plan_with(shape, episodes, gradients, device, slots, shares);
    result.variant.precision = precision;
    return result;
  };
  if (precision != Precision::fp32 && plan(1).variant.activations == Activations::global)
    throw RunError(
        fmt::format("{}: engine.precision = tf32x3 and bf16 keep a block's activations, {} bytes for these networks, "
                    "in shared memory, "
                    "of which there are {}; engine.precision = fp32 does without",
                    device.name, block_size(shape, true) * number, device.shared_bytes));
  const auto fits = [&](int slots) { return plan(slots).bytes <= budget; };
  if (!fits(1))
    throw RunError(fmt::format(
        "{}: 16 episodes of these sizes, and what all share, need {} bytes of device memory; {} are free, of which {} "
        "may be used",
        device.name, least_bytes(shape, episodes, gradients, device), free, budget));
  int most = blocks_of(tile_lanes, episodes), least = 1;
  if (fits(most)) least = most;
  while (most - least > 1) {
    const int middle = least + (most - least) / 2;
    (fits(middle) ? least : most) = middle;
  }
  // Full rounds of the partial sums, so that no block waits in the middle of a batch.
  const int slots = least > gradient_partials && least < most ? least / gradient_partials * gradient_partials : least;
  const LaunchPlan spread = plan(slots, most_shares(shape, slots, device.multiprocessors));
  return spread.bytes <= budget ? spread : plan(slots);
}

}  // namespace alfi::cuda
