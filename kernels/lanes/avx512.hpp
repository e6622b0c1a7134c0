// Vectors of 16 lanes, with AVX-512.
#pragma once

#include "kernels/lanes/scalar.hpp"

#if defined(__AVX512F__)

#include <immintrin.h>

namespace alfi::inline ALFI_ISA {

inline constexpr const char* instruction_set_name = "avx512";
inline constexpr int vector_width = 16;

typedef float FloatLanes __attribute__((vector_size(vector_width * 4)));
typedef std::int32_t IntLanes __attribute__((vector_size(vector_width * 4)));
typedef std::uint32_t UintLanes __attribute__((vector_size(vector_width * 4)));

ALFI_HD FloatLanes fma(FloatLanes a, FloatLanes b, FloatLanes c) {
  return (FloatLanes)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
ALFI_HD FloatLanes sqrt(FloatLanes a) { return (FloatLanes)_mm512_sqrt_ps((__m512)a); }
ALFI_HD FloatLanes floor(FloatLanes a) { return (FloatLanes)_mm512_floor_ps((__m512)a); }
ALFI_HD bool any(IntLanes mask) { return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0; }
ALFI_HD void multiply_wide(UintLanes a, std::uint32_t b, UintLanes& high, UintLanes& low) {
  const __m512i factor = _mm512_set1_epi64(b);
  const __m512i even = _mm512_mul_epu32((__m512i)a, factor);
  const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), factor);
  high = (UintLanes)_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
  low = (UintLanes)_mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32));
}
ALFI_HD FloatLanes gather(const float* table, IntLanes index) {
  return (FloatLanes)_mm512_i32gather_ps((__m512i)index, table, 4);
}
// Intrinsics, as GCC 12 makes some five instructions of comparisons and selections where the machine has one.
ALFI_HD FloatLanes max(FloatLanes a, FloatLanes b) { return (FloatLanes)_mm512_max_ps((__m512)a, (__m512)b); }
ALFI_HD FloatLanes min(FloatLanes a, FloatLanes b) { return (FloatLanes)_mm512_min_ps((__m512)a, (__m512)b); }

/// Adds up the halves of each run of 2 · `half` lanes: sums of a's run, then of b's.
template <int half>
ALFI_HD FloatLanes add_halves(FloatLanes a, FloatLanes b) {
  const __m512 x = (__m512)a, y = (__m512)b;
  if constexpr (half == 8)
    return (FloatLanes)_mm512_shuffle_f32x4(x, y, 0x44) + (FloatLanes)_mm512_shuffle_f32x4(x, y, 0xEE);
  else if constexpr (half == 4)
    return (FloatLanes)_mm512_shuffle_f32x4(x, y, 0x88) + (FloatLanes)_mm512_shuffle_f32x4(x, y, 0xDD);
  else if constexpr (half == 2)
    return (FloatLanes)_mm512_shuffle_ps(x, y, 0x44) + (FloatLanes)_mm512_shuffle_ps(x, y, 0xEE);
  else
    return (FloatLanes)_mm512_shuffle_ps(x, y, 0x88) + (FloatLanes)_mm512_shuffle_ps(x, y, 0xDD);
}

}  // namespace alfi::inline ALFI_ISA

#endif
