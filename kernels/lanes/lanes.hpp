// Lane vectors: the one vocabulary every kernel body is written in.
//
// A kernel body is a template over F, "one number per lane". On a CUDA thread, in a fiber and in double, F is a plain
// scalar; on a CPU it is a vector of W lanes (4 baseline, 8 AVX2, 16 AVX-512). The arithmetic operators, comparisons
// and the functions below mean the same for all of them, lane by lane and bit by bit: fma is the correctly rounded one
// even where the machine has none.
//
// A translation unit is compiled for one instruction set, named by the macro ALFI_ISA (avx512, avx2 or baseline, the
// default). All kernel code sits in an inline namespace of that name, so that two of them can be linked into one
// program.
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

/// Before a loop over an array that is to be in a device's registers. The host unrolls what it likes: told to, GCC 12
/// computes wrong sums in kernels/team/tensor.hpp.
#ifdef __CUDACC__
#define ALFI_UNROLL _Pragma("unroll")
#else
#define ALFI_UNROLL
#endif

#if !defined(__CUDACC__) && (defined(__AVX2__) || defined(__AVX512F__))
#include <immintrin.h>
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

// --- scalars
// -----------------------------------------------------------------------------------------------------------

ALFI_HD float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
ALFI_HD double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
ALFI_HD float sqrt(float a) { return __builtin_sqrtf(a); }
ALFI_HD double sqrt(double a) { return __builtin_sqrt(a); }
ALFI_HD float floor(float a) { return __builtin_floorf(a); }
ALFI_HD double floor(double a) { return __builtin_floor(a); }
ALFI_HD bool any(bool mask) { return mask; }
ALFI_HD int count(bool mask) { return mask ? 1 : 0; }
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
/// High and low words of the 64-bit product with a constant.
ALFI_HD void multiply_wide(std::uint32_t a, std::uint32_t b, std::uint32_t& high, std::uint32_t& low) {
  const std::uint64_t product = static_cast<std::uint64_t>(a) * b;
  high = static_cast<std::uint32_t>(product >> 32);
  low = static_cast<std::uint32_t>(product);
}
/// table[index], lane by lane.
ALFI_HD float gather(const float* table, std::int32_t index) { return table[index]; }
ALFI_HD double gather(const double* table, std::int64_t index) { return table[index]; }

// A lane vector of scalars at p, p + 1, …; and back. A scalar is assigned: of memcpy nvcc makes four loads of a byte.
template <class F>
ALFI_HD F load(const Real<F>* p) {
  if constexpr (LaneTraits<F>::width == 1) {
    return *p;
  } else {
    F value;
    memcpy(&value, p, sizeof value);
    return value;
  }
}
template <class F>
ALFI_HD void store(Real<F>* p, F value) {
  if constexpr (LaneTraits<F>::width == 1)
    *p = value;
  else
    memcpy(p, &value, sizeof value);
}
/// value, to be used from a register: GCC 12 loads a vector of numbers anew for every product it is in.
template <class F>
ALFI_HD F in_register(F value) {
#ifndef __CUDACC__
  if constexpr (LaneTraits<F>::width > 1) asm("" : "+v"(value));
#endif
  return value;
}
/// The same number in every lane.
template <class F>
ALFI_HD F splat(Real<F> a) {
  if constexpr (LaneTraits<F>::width == 1) {
    return a;
  } else {
    return a - F{};  // folds to a broadcast: x − 0 is x, for −0 too
  }
}

// --- vectors
// -----------------------------------------------------------------------------------------------------------

#ifndef __CUDACC__

#if defined(__AVX512F__)
inline constexpr int vector_width = 16;
#elif defined(__AVX2__)
inline constexpr int vector_width = 8;
#else
inline constexpr int vector_width = 4;
#endif

typedef float FloatLanes __attribute__((vector_size(vector_width * 4)));
typedef std::int32_t IntLanes __attribute__((vector_size(vector_width * 4)));
typedef std::uint32_t UintLanes __attribute__((vector_size(vector_width * 4)));

template <>
struct LaneTraits<FloatLanes> {
  using Real = float;
  using Int = IntLanes;
  using Uint = UintLanes;
  using Mask = IntLanes;
  static constexpr int width = vector_width;
};

ALFI_HD FloatLanes select(IntLanes mask, FloatLanes a, FloatLanes b) { return mask ? a : b; }
ALFI_HD IntLanes select(IntLanes mask, IntLanes a, IntLanes b) { return mask ? a : b; }
ALFI_HD UintLanes select(IntLanes mask, UintLanes a, UintLanes b) { return mask ? a : b; }
ALFI_HD IntLanes to_int(FloatLanes a) { return __builtin_convertvector(a, IntLanes); }
ALFI_HD FloatLanes to_real(IntLanes a) { return __builtin_convertvector(a, FloatLanes); }
ALFI_HD UintLanes to_uint(IntLanes a) { return (UintLanes)a; }
ALFI_HD IntLanes to_int(UintLanes a) { return (IntLanes)a; }
ALFI_HD IntLanes bits(FloatLanes a) { return (IntLanes)a; }
ALFI_HD FloatLanes from_bits(IntLanes a) { return (FloatLanes)a; }
ALFI_HD int count(IntLanes mask) {
  int sum = 0;
  for (int l = 0; l < vector_width; ++l) sum -= mask[l];
  return sum;
}

// What GCC 12 makes of comparisons and selections takes some five instructions where the machine has one.
#if defined(__AVX512F__) || defined(__AVX2__)
#define ALFI_VECTOR_MAX
#endif

#if defined(__AVX512F__)

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
ALFI_HD FloatLanes vector_max(FloatLanes a, FloatLanes b) { return (FloatLanes)_mm512_max_ps((__m512)a, (__m512)b); }
ALFI_HD FloatLanes vector_min(FloatLanes a, FloatLanes b) { return (FloatLanes)_mm512_min_ps((__m512)a, (__m512)b); }

#elif defined(__AVX2__)

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
ALFI_HD FloatLanes vector_max(FloatLanes a, FloatLanes b) { return (FloatLanes)_mm256_max_ps((__m256)a, (__m256)b); }
ALFI_HD FloatLanes vector_min(FloatLanes a, FloatLanes b) { return (FloatLanes)_mm256_min_ps((__m256)a, (__m256)b); }

#else

// The baseline instruction set has no fused multiply-add: the C library's is slow and correct.
ALFI_HD FloatLanes fma(FloatLanes a, FloatLanes b, FloatLanes c) {
  for (int l = 0; l < vector_width; ++l) a[l] = __builtin_fmaf(a[l], b[l], c[l]);
  return a;
}
ALFI_HD FloatLanes sqrt(FloatLanes a) {
  for (int l = 0; l < vector_width; ++l) a[l] = __builtin_sqrtf(a[l]);
  return a;
}
ALFI_HD FloatLanes floor(FloatLanes a) {
  for (int l = 0; l < vector_width; ++l) a[l] = __builtin_floorf(a[l]);
  return a;
}
ALFI_HD bool any(IntLanes mask) {
  std::int32_t set = 0;
  for (int l = 0; l < vector_width; ++l) set |= mask[l];
  return set != 0;
}
ALFI_HD void multiply_wide(UintLanes a, std::uint32_t b, UintLanes& high, UintLanes& low) {
  for (int l = 0; l < vector_width; ++l) {
    const std::uint64_t product = static_cast<std::uint64_t>(a[l]) * b;
    high[l] = static_cast<std::uint32_t>(product >> 32);
    low[l] = static_cast<std::uint32_t>(product);
  }
}
ALFI_HD FloatLanes gather(const float* table, IntLanes index) {
  FloatLanes value;
  for (int l = 0; l < vector_width; ++l) value[l] = table[index[l]];
  return value;
}

#endif
/// Each lane's value to its own lane of rows[row], where the mask is set.
ALFI_HD void scatter(FloatLanes* rows, IntLanes row, IntLanes mask, FloatLanes value) {
  alignas(64) std::int32_t to[vector_width], set[vector_width];
  alignas(64) float from[vector_width];
  memcpy(to, &row, sizeof to);
  memcpy(set, &mask, sizeof set);
  memcpy(from, &value, sizeof from);
  float* const base = reinterpret_cast<float*>(rows);
  for (int l = 0; l < vector_width; ++l)
    if (set[l] != 0) base[to[l] * vector_width + l] = from[l];
}

#else
using FloatLanes = float;
#endif  // __CUDACC__

// --- built from the above
// ----------------------------------------------------------------------------------------------

/// a > b ? a : b, so b where either is NaN.
template <class F>
ALFI_HD F max(F a, F b) {
#if defined(ALFI_VECTOR_MAX)
  if constexpr (LaneTraits<F>::width > 1) return vector_max(a, b);
#endif
  return select(a > b, a, b);
}
/// a < b ? a : b, so b where either is NaN.
template <class F>
ALFI_HD F min(F a, F b) {
#if defined(ALFI_VECTOR_MAX)
  if constexpr (LaneTraits<F>::width > 1) return vector_min(a, b);
#endif
  return select(a < b, a, b);
}
template <class F>
ALFI_HD F abs(F a) {
  return from_bits(bits(a) & 0x7fffffff);
}
ALFI_HD double abs(double a) { return __builtin_fabs(a); }

}  // namespace alfi::inline ALFI_ISA
