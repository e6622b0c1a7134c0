// Vectors of 4 lanes, for any machine: what its compiler makes of loops.
#pragma once

#include "kernels/lanes/scalar.hpp"

namespace alfi::inline ALFI_ISA {

inline constexpr const char* instruction_set_name = "baseline";
inline constexpr int vector_width = 4;

typedef float FloatLanes __attribute__((vector_size(vector_width * 4)));
typedef std::int32_t IntLanes __attribute__((vector_size(vector_width * 4)));
typedef std::uint32_t UintLanes __attribute__((vector_size(vector_width * 4)));

// Multiplies and adds with one rounding. The baseline instruction set has no such instruction: the C library's is slow
// and correct.
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

}  // namespace alfi::inline ALFI_ISA
