// Lane vectors: the one vocabulary every kernel body is written in.
//
// A kernel body is a template over F, "one number per lane". On a CUDA thread, in a fiber and in double, F is a plain
// scalar; on a CPU it is a vector of W lanes (4 baseline, 8 AVX2, 16 AVX-512). The arithmetic operators, comparisons
// and the functions below mean the same for all of them, lane by lane and bit by bit: fma is the correctly rounded one
// even where the machine has none. What differs from one to the other is in a file each: scalar.hpp, baseline.hpp,
// avx2.hpp, avx512.hpp. Only the last two name intrinsics.
//
// A translation unit is compiled for one instruction set, named by the macro ALFI_ISA (avx512, avx2 or baseline, the
// default). All kernel code sits in an inline namespace of that name, so that two of them can be linked into one
// program.
#pragma once

#include "kernels/lanes/scalar.hpp"

#if !defined(__CUDACC__)
#if defined(__AVX512F__)
#include "kernels/lanes/avx512.hpp"
#elif defined(__AVX2__)
#include "kernels/lanes/avx2.hpp"
#else
#include "kernels/lanes/baseline.hpp"
#endif
#endif

/// Unrolls the loop that follows, on a device: its array is then in registers. On the host it is nothing: GCC 12,
/// asked to unroll, computes wrong sums in kernels/team/tensor.hpp.
#ifdef __CUDACC__
#define ALFI_UNROLL _Pragma("unroll")
/// Keeps the loop that follows as it is, on a device: it mostly has one round.
#define ALFI_NO_UNROLL _Pragma("unroll 1")
#else
#define ALFI_UNROLL
#define ALFI_NO_UNROLL
#endif

namespace alfi::inline ALFI_ISA {

#ifndef __CUDACC__

// Operations that the compiler has for vectors of any width.

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
/// Writes each lane's value to its own lane of rows[row], where the mask is set.
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

#endif

// Lane vectors in memory. A scalar is assigned: of memcpy nvcc makes four loads of a byte.

/// Returns the lane vector of scalars at p, p + 1, …
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
/// Stores its lanes at p, p + 1, …
template <class F>
ALFI_HD void store(Real<F>* p, F value) {
  if constexpr (LaneTraits<F>::width == 1)
    *p = value;
  else
    memcpy(p, &value, sizeof value);
}
/// Returns the value, to be used from a register: GCC 12 loads a vector of numbers anew for every product it is in.
template <class F>
ALFI_HD F in_register(F value) {
#ifndef __CUDACC__
  if constexpr (LaneTraits<F>::width > 1) asm("" : "+v"(value));
#endif
  return value;
}
/// Returns a in every lane.
template <class F>
ALFI_HD F splat(Real<F> a) {
  if constexpr (LaneTraits<F>::width == 1) {
    return a;
  } else {
    return a - F{};  // folds to a broadcast: x − 0 is x, for −0 too
  }
}
/// Returns the lanes at p, p + stride, …; 0 from `count` on.
template <class F>
ALFI_HD F load_apart(const Real<F>* p, int stride, int count) {
  if constexpr (LaneTraits<F>::width == 1) {
    return count > 0 ? *p : F{};
  } else {
    alignas(64) Array<Real<F>, LaneTraits<F>::width> lanes{};
    const int most = LaneTraits<F>::width;
    for (int l = 0; l < (count < most ? count : most); ++l) lanes[l] = p[l * stride];
    return load<F>(lanes);
  }
}
/// Stores its first `count` lanes at p, p + stride, …
template <class F>
ALFI_HD void store_apart(Real<F>* p, int stride, int count, F value) {
  if constexpr (LaneTraits<F>::width == 1) {
    if (count > 0) *p = value;
  } else {
    alignas(64) Array<Real<F>, LaneTraits<F>::width> lanes;
    store<F>(lanes, value);
    const int most = LaneTraits<F>::width;
    for (int l = 0; l < (count < most ? count : most); ++l) p[l * stride] = lanes[l];
  }
}

/// Returns a > b ? a : b, so b where either is NaN.
template <class F>
ALFI_HD F max(F a, F b) {
  return select(a > b, a, b);
}
/// Returns a < b ? a : b, so b where either is NaN.
template <class F>
ALFI_HD F min(F a, F b) {
  return select(a < b, a, b);
}
template <class F>
ALFI_HD F abs(F a) {
  return from_bits(bits(a) & 0x7fffffff);
}
ALFI_HD double abs(double a) { return __builtin_fabs(a); }

}  // namespace alfi::inline ALFI_ISA
