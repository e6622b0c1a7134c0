// How a batch of episodes is laid out on a device: which memory, how many blocks, how many tiles at once. A function of
// sizes alone; whatever it decides, the bits of the result are the same.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/device.hpp"
#include "src/cuda/runtime.hpp"

namespace alfi::cuda {

struct LaunchPlan {
  int tiles;                          ///< of the batch
  int slots;                          ///< tiles on the device at once: a chunk
  int blocks;                         ///< that share the tiles of a chunk
  int shares;                         ///< > 1: the rollout is in pieces, and so many blocks share a tile in it
  Variant variant;                    ///< of the kernels
  std::int64_t tile_size, fast_size;  ///< numbers a tile takes, and a block's activations
  GradientSums sums;                  ///< all 0 without gradients
  std::int64_t bytes;                 ///< device memory in all

  int chunks() const { return (tiles + slots - 1) / slots; }
  /// Most blocks of a launch that keeps activations.
  int most_blocks() const { return blocks * std::max({1, shares, sums.pieces}); }
  int shared_bytes() const {
    return variant.activations == Activations::shared ? static_cast<int>(fast_size * std::int64_t{sizeof(float)}) : 0;
  }
};

/// Device memory that must be there at least for a batch of this kind, of one tile at a time.
std::int64_t least_bytes(const Shape& shape, int episodes, bool gradients, const DeviceProperties& device);

/// As many tiles at once as `free` bytes hold, some left over for others. Where a block a tile would leave most of the
/// device idle, several share one. RunError with the bytes that are needed where
/// that is not even one, or where a precision is not built for activations that shared memory does not hold.
LaunchPlan plan_launches(const Shape& shape, int episodes, bool gradients, Precision precision,
                         const DeviceProperties& device, std::int64_t free);

}  // namespace alfi::cuda
