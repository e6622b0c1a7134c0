// Vectors of 8 lanes, with AVX2.
#pragma once

#include "kernels/lanes/scalar.hpp"

#if defined(__AVX2__)

#include <immintrin.h>

namespace alfi::inline ALFI_ISA {

inline constexpr const char* instruction_set_name = "avx2";
inline constexpr int vector_width = 8;

typedef float FloatLanes __attribute__((vector_size(vector_width * 4)));
typedef std::int32_t IntLanes __attribute__((vector_size(vector_width * 4)));
typedef std::uint32_t UintLanes __attribute__((vector_size(vector_width * 4)));

ALFI_HD FloatLanes fma(FloatLanes a, FloatLanes b, FloatLanes c) {
  return (FloatLanes)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
ALFI_HD FloatLanes sqrt(FloatLanes a) { return (FloatLanes)_mm256_sqrt_ps((__m256)a); }
ALFI_HD FloatLanes floor(FloatLanes a) { return (FloatLanes)_mm256_floor_ps((__m256)a); }
ALFI_HD bool any(IntLanes mask) { return _mm256_movemask_ps((__m256)mask) != 0; }
ALFI_HD void multiply_wide(UintLanes a, std::uint32_t b, UintLanes& high, UintLanes& low) {
  const __m256i factor = _mm256_set1_epi64x(b);
  const __m256i even = _mm256_mul_epu32((__m256i)a, factor);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), factor);
  high = (UintLanes)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
  low = (UintLanes)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
}
ALFI_HD FloatLanes gather(const float* table, IntLanes index) {
  return (FloatLanes)_mm256_i32gather_ps(table, (__m256i)index, 4);
}
// Intrinsics, as GCC 12 makes some five instructions of comparisons and selections where the machine has one.
ALFI_HD FloatLanes max(FloatLanes a, FloatLanes b) { return (FloatLanes)_mm256_max_ps((__m256)a, (__m256)b); }
ALFI_HD FloatLanes min(FloatLanes a, FloatLanes b) { return (FloatLanes)_mm256_min_ps((__m256)a, (__m256)b); }

/// Adds up the halves of each run of 2 · `half` lanes: sums of a's run, then of b's.
template <int half>
ALFI_HD FloatLanes add_halves(FloatLanes a, FloatLanes b) {
  const __m256 x = (__m256)a, y = (__m256)b;
  if constexpr (half == 4)
    return (FloatLanes)_mm256_permute2f128_ps(x, y, 0x20) + (FloatLanes)_mm256_permute2f128_ps(x, y, 0x31);
  else if constexpr (half == 2)
    return (FloatLanes)_mm256_shuffle_ps(x, y, 0x44) + (FloatLanes)_mm256_shuffle_ps(x, y, 0xEE);
  else
    return (FloatLanes)_mm256_shuffle_ps(x, y, 0x88) + (FloatLanes)_mm256_shuffle_ps(x, y, 0xDD);
}

}  // namespace alfi::inline ALFI_ISA

#endif
