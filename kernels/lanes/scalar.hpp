// Lanes of one number: float on a CUDA thread and in a fiber, double where a test wants more digits.
#pragma once

#include <cstdint>
#include <cstring>

#ifndef ALFI_ISA
#define ALFI_ISA baseline
#endif

#ifdef __CUDACC__
#define ALFI_HD __host__ __device__ __forceinline__
#else
#define ALFI_HD inline __attribute__((always_inline))
#endif

namespace alfi::inline ALFI_ISA {

// Types that belong to a lane vector: its scalar, the signed and unsigned integers of the same shape, the result of a
// comparison.
template <class F>
struct LaneTraits;

template <>
struct LaneTraits<float> {
  using Real = float;
  using Int = std::int32_t;
  using Uint = std::uint32_t;
  using Mask = bool;
  static constexpr int width = 1;
};

template <>
struct LaneTraits<double> {
  using Real = double;
  using Int = std::int64_t;
  using Uint = std::uint64_t;
  using Mask = bool;
  static constexpr int width = 1;
};

template <class F>
using Real = typename LaneTraits<F>::Real;
template <class F>
using Int = typename LaneTraits<F>::Int;
template <class F>
using Uint = typename LaneTraits<F>::Uint;
template <class F>
using Mask = typename LaneTraits<F>::Mask;

template <class T, int count>
using Array = T[static_cast<unsigned>(count)];

ALFI_HD float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
ALFI_HD double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
ALFI_HD float sqrt(float a) { return __builtin_sqrtf(a); }
ALFI_HD double sqrt(double a) { return __builtin_sqrt(a); }
ALFI_HD float floor(float a) { return __builtin_floorf(a); }
ALFI_HD double floor(double a) { return __builtin_floor(a); }
ALFI_HD bool any(bool mask) { return mask; }
template <class T>
ALFI_HD T select(bool mask, T a, T b) {
  return mask ? a : b;
}
/// Truncates towards zero; the value must fit.
ALFI_HD std::int32_t to_int(float a) { return static_cast<std::int32_t>(a); }
ALFI_HD std::int64_t to_int(double a) { return static_cast<std::int64_t>(a); }
ALFI_HD float to_real(std::int32_t a) { return static_cast<float>(a); }
ALFI_HD double to_real(std::int64_t a) { return static_cast<double>(a); }
ALFI_HD std::uint32_t to_uint(std::int32_t a) { return static_cast<std::uint32_t>(a); }
ALFI_HD std::int32_t to_int(std::uint32_t a) { return static_cast<std::int32_t>(a); }
ALFI_HD std::int32_t bits(float a) {
  std::int32_t i;
  memcpy(&i, &a, sizeof i);
  return i;
}
ALFI_HD float from_bits(std::int32_t a) {
  float f;
  memcpy(&f, &a, sizeof f);
  return f;
}
/// Splits the 64-bit product with a constant into its words.
ALFI_HD void multiply_wide(std::uint32_t a, std::uint32_t b, std::uint32_t& high, std::uint32_t& low) {
  const std::uint64_t product = static_cast<std::uint64_t>(a) * b;
  high = static_cast<std::uint32_t>(product >> 32);
  low = static_cast<std::uint32_t>(product);
}
/// Writes value to rows[row] where the mask is set.
ALFI_HD void scatter(float* rows, std::int32_t row, bool mask, float value) {
  if (mask) rows[row] = value;
}
/// Returns table[index], lane by lane.
ALFI_HD float gather(const float* table, std::int32_t index) { return table[index]; }
ALFI_HD double gather(const double* table, std::int64_t index) { return table[index]; }

}  // namespace alfi::inline ALFI_ISA
