// Roundings that C++ has no operation for.
#pragma once

#include <bit>
#include <cstdint>

namespace alfi::test::ptx {

/// Rounds to the 11 bits of a tf32, to nearest, ties away from zero.
inline float rounded_tf32(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return std::bit_cast<float>(0x7FFFE000U);
  if ((bits & 0x7FFFFFFF) == 0x7F800000) return x;
  return std::bit_cast<float>((bits + 0x1000) & 0xFFFFE000);
}

/// Rounds to a bf16, to nearest, ties to even; returns its bits.
inline std::uint32_t bits_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return 0x7FFF;
  return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

/// Takes one of a pair of bf16, the lower half first.
inline float number_bf16(std::uint32_t pair, int half) {
  return std::bit_cast<float>(half == 0 ? pair << 16 : pair & 0xFFFF0000);
}

}  // namespace alfi::test::ptx
