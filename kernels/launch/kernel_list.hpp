// The list of the device's kernels and of the variants they are built in, and the one dispatch to them. Its names are
// read by scripts too (tests/machine_code, scripts/gpu_kit.sh).
#pragma once

#include "kernels/networks/tensor_block.hpp"

namespace alfi {

enum class DeviceKernel {
  rollout,
  begin,
  propose,
  encode,
  advance,
  rollout_gradient,
  encoder_gradient,
  first_layer,
  second_layer,
  code_layer,
  code_slopes,
  second_slopes,
  first_slopes,
  sum_partials,
  gradient_norm,
  apply_update,
  conclude,
  draw_sample,
  spin
};
inline constexpr const char* device_kernel_names[] = {"rollout",
                                                      "begin",
                                                      "propose",
                                                      "encode",
                                                      "advance",
                                                      "rollout_gradient",
                                                      "encoder_gradient",
                                                      "first_layer",
                                                      "second_layer",
                                                      "code_layer",
                                                      "code_slopes",
                                                      "second_slopes",
                                                      "first_slopes",
                                                      "sum_partials",
                                                      "gradient_norm",
                                                      "apply_update",
                                                      "conclude",
                                                      "draw_sample",
                                                      "spin"};
/// Beginning of the names of a module's kernels, before the above.
inline constexpr const char* module_kernel_prefix = "alfi_";
inline constexpr int device_kernel_count = sizeof device_kernel_names / sizeof device_kernel_names[0];

/// Memory of the aggregator's activations: a block's shared memory, or the device's where that is too small.
/// The encoder's are in shared memory; where they do not fit, its products are not a kernel's.
enum class Activations { shared, global };

/// Choices that a kernel is built for.
struct Variant {
  Precision precision = Precision::fp32;
  Activations activations = Activations::shared;
  int widest = 0;  ///< of the layers tensor cores have code for
  constexpr bool operator==(const Variant&) const = default;
};
inline constexpr Variant variants[] = {{Precision::fp32, Activations::shared, 0},
                                       {Precision::tf32x3, Activations::shared, narrow_tensor},
                                       {Precision::bf16, Activations::shared, narrow_tensor},
                                       {Precision::bf16, Activations::shared, wide_tensor},
                                       {Precision::fp32, Activations::global, 0}};
inline constexpr int variant_count = sizeof variants / sizeof variants[0];

/// Say whether a kernel has products of the encoder, or of the aggregator. A rollout has both, and is in fp32.
constexpr bool encodes(DeviceKernel kernel) {
  return kernel == DeviceKernel::encode || kernel == DeviceKernel::encoder_gradient;
}
constexpr bool aggregates(DeviceKernel kernel) {
  return kernel == DeviceKernel::advance || kernel == DeviceKernel::rollout_gradient;
}
/// Says whether a kernel has the simulator: of one of these a module brings its own.
constexpr bool has_simulator(DeviceKernel kernel) {
  return kernel == DeviceKernel::rollout || kernel == DeviceKernel::begin || kernel == DeviceKernel::propose ||
         kernel == DeviceKernel::draw_sample;
}

/// Threads of a block, but for kernels that need more.
inline constexpr int device_threads = 256;

/// Returns the threads of a kernel's block. In fp32 an encoder's activations fill a multiprocessor's memory with one
/// block, so that its threads alone hide each other's waiting. Layers 50 wide divide among 640 without a rest: 10
/// fives of outputs for 256 rows by fours. A rollout's simulators need more registers than 640 threads have.
constexpr int block_threads(DeviceKernel kernel, Variant variant) {
  if (kernel == DeviceKernel::rollout) return 512;
  if (encodes(kernel) && variant.precision == Precision::fp32) return 640;
  const bool narrow_bf16 = variant.precision == Precision::bf16 && variant.widest == narrow_tensor;
  return kernel == DeviceKernel::encoder_gradient && narrow_bf16 ? 512 : device_threads;
}

/// Returns the observations whose activations encoder_gradient keeps at once at most, one for each warp.
constexpr int most_kept(Variant variant) { return block_threads(DeviceKernel::encoder_gradient, variant) / 32; }

/// Returns the variant that does a kernel's work: what does not concern it is the first's.
constexpr Variant variant_of(DeviceKernel kernel, Variant variant) {
  if (encodes(kernel)) return {variant.precision, Activations::shared, variant.widest};
  if (aggregates(kernel)) return {Precision::fp32, variant.activations, 0};
  return {};
}

/// Goes from run-time to compile-time numbers, here alone: calls body.template operator()<kernel, number>(), where
/// variants[number] does `kernel`'s work for `variant`. Stops the process where there is none, on the host.
template <int kernel = 0, int number = 0, class Body>
auto with_device_kernel(DeviceKernel wanted, Variant variant, Body body) {
  constexpr auto candidate = static_cast<DeviceKernel>(kernel);
  if constexpr (variant_of(candidate, variants[number]) == variants[number]) {
    if (wanted == candidate && variant_of(wanted, variant) == variants[number])
      return body.template operator()<candidate, number>();
  }
  if constexpr (number + 1 < variant_count)
    return with_device_kernel<kernel, number + 1>(wanted, variant, body);
  else if constexpr (kernel + 1 < device_kernel_count)
    return with_device_kernel<kernel + 1>(wanted, variant, body);
  else {
    __builtin_trap();
    return body.template operator()<DeviceKernel::rollout, 0>();  // for its type
  }
}

}  // namespace alfi
