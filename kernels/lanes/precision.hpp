// Roundings of a product's operands in each precision, and storage of activations for it. Sums are float's.
//
//   fp32     not at all
//   bf16     to 8 bits of mantissa, to nearest, ties to even; stored so
//   tf32x3   x = hi + lo, both of 11 bits, to nearest, ties away from 0; x y ≈ hi_x hi_y + (hi_x lo_y + lo_x hi_y)
#pragma once

#include "alfi/choices.hpp"
#include "kernels/lanes/lanes.hpp"

namespace alfi::inline ALFI_ISA {

ALFI_HD bool is_special(std::int32_t bits) { return (bits & 0x7F800000) == 0x7F800000; }  // infinite or NaN

ALFI_HD float round_bf16(float x) {
  const std::uint32_t word = to_uint(bits(x));
  if (is_special(to_int(word))) return x;
  return from_bits(to_int((word + 0x7FFFu + ((word >> 16) & 1u)) & 0xFFFF0000u));
}

ALFI_HD float round_tf32(float x) {
  const std::uint32_t word = to_uint(bits(x));
  if (is_special(to_int(word))) return x;
  return from_bits(to_int((word + 0x1000u) & 0xFFFFE000u));
}

/// A number as it is stored for products of this precision: 2 bytes or 4.
template <Precision>
struct Stored {
  float value;
};
template <>
struct Stored<Precision::bf16> {
  std::uint16_t half;  ///< the upper one of a float
};

/// Rounds, where a number is stored rounded.
template <Precision precision>
ALFI_HD Stored<precision> stored(float x) {
  if constexpr (precision == Precision::bf16)
    return {static_cast<std::uint16_t>(to_uint(bits(round_bf16(x))) >> 16)};
  else
    return {x};
}
template <Precision precision>
ALFI_HD float number(Stored<precision> x) {
  if constexpr (precision == Precision::bf16)
    return from_bits(to_int(std::uint32_t{x.half} << 16));
  else
    return x.value;
}

}  // namespace alfi::inline ALFI_ISA
