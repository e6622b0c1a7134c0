// How the operands of a product are rounded in each precision. Sums are float's.
//
//   fp32     not at all
//   bf16     to 8 bits of mantissa, to nearest, ties to even
//   tf32x3   x = hi + lo, both of 11 bits, to nearest, ties away from 0; x y ≈ hi_x hi_y + (hi_x lo_y + lo_x hi_y)
#pragma once

#include "alfi/choices.hpp"
#include "kernels/lanes.hpp"

namespace alfi {

/// What a product is of: activations' rows and weights, or rows and rows, summed into weights.
enum class Tiling { rows, weights };

inline namespace ALFI_ISA {

ALFI_HD std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
ALFI_HD float float_of(std::uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

ALFI_HD bool is_special(std::uint32_t bits) { return (bits & 0x7F800000u) == 0x7F800000u; }  // infinite or NaN

ALFI_HD float round_bf16(float x) {
  const std::uint32_t bits = bits_of(x);
  if (is_special(bits)) return x;
  return float_of((bits + 0x7FFFu + ((bits >> 16) & 1u)) & 0xFFFF0000u);
}

ALFI_HD float round_tf32(float x) {
  const std::uint32_t bits = bits_of(x);
  if (is_special(bits)) return x;
  return float_of((bits + 0x1000u) & 0xFFFFE000u);
}

/// sum + a b, with operands as the tensor cores take them.
template <Precision precision>
ALFI_HD float multiply_add(float a, float b, float sum) {
  if constexpr (precision == Precision::bf16) {
    return fma(round_bf16(a), round_bf16(b), sum);
  } else {
    const float a_high = round_tf32(a), b_high = round_tf32(b);
    const float a_low = round_tf32(a - a_high), b_low = round_tf32(b - b_high);
    return fma(a_high, b_high, fma(a_high, b_low, fma(a_low, b_high, sum)));
  }
}

}  // namespace ALFI_ISA
}  // namespace alfi
