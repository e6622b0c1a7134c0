// Layout of a batch of episodes on a device: which memory, how many blocks, how many tiles at once. It is a function of
// sizes alone. Whatever it decides, in fp32 the bits of the result are equal.
#pragma once

#include <cstdint>

#include "kernels/launch/device.hpp"
#include "src/backends/cuda/runtime.hpp"

namespace alfi::cuda {

/// Kinds of kernels that compute the encoder: those that keep a block's activations in shared memory, or, where those
/// do not fit, one product of matrices after the other.
enum class EncoderKernels { fused, cublas };

struct LaunchPlan {
  int tiles;   ///< of the batch
  int slots;   ///< tiles on the device at once: a chunk
  int blocks;  ///< that share the tiles of a chunk
  int shares;  ///< of a tile, each a block's, in a split rollout
  bool split;  ///< whether a rollout is a row of kernels; else it is one
  EncoderKernels encoder;
  Variant variant;          ///< of the kernels
  int kept;                 ///< observations whose activations a block keeps at once, on tensor cores
  std::int64_t tile_size;   ///< numbers a tile takes
  std::int64_t block_size;  ///< numbers a block's activations take in a rollout that is one kernel
  std::int64_t encode_block_size, gradient_block_size;  ///< and in encode and encoder_gradient
  std::int64_t aggregator_block_size;                   ///< and in kernels with products of the aggregator alone
  GradientSums sums;                                    ///< all 0 without gradients
  std::int64_t bytes;                                   ///< device memory in all

  int chunks() const { return (tiles + slots - 1) / slots; }
  int shared_bytes(DeviceKernel kernel) const;
};

/// Device memory cuBLAS works in.
inline constexpr std::int64_t products_workspace = std::int64_t{32} << 20;

EncoderKernels encoder_kernels(const Shape& shape, Precision precision, const DeviceProperties& device);

/// Returns the widest encoder whose kernels are fused, for observations of one number and codes of `code`.
int widest_fused_encoder(int code, Precision precision, const DeviceProperties& device);

/// Returns the device memory that a batch of this kind needs at least, one tile at a time.
std::int64_t least_bytes(const Shape& shape, int episodes, bool gradients, Precision precision,
                         const DeviceProperties& device);

/// Plans as many tiles at once as `free` bytes hold, with some left over for others. Where a block a tile would leave
/// most of the device idle, several share one. Throws RunError with the bytes that are needed where that is not even
/// one.
/// `split` wants a rollout to be a row of kernels, between which the host can do something.
LaunchPlan plan_launches(const Shape& shape, int episodes, bool gradients, Precision precision,
                         const DeviceProperties& device, std::int64_t free, bool split = false);

}  // namespace alfi::cuda
