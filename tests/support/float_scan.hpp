// Functions of a float tried on floats of all sizes, against the C library in double.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/lanes/lanes.hpp"

namespace alfi::inline ALFI_ISA {

inline std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }
inline bool same(float a, float b) { return bits_of(a) == bits_of(b) || (std::isnan(a) && std::isnan(b)); }

/// Returns the distance of neighbouring floats at |x| (2⁻¹⁴⁹ among the subnormals).
inline double unit_in_the_last_place(double x) {
  int exponent;
  std::frexp(std::fabs(x) < 0x1p-126 ? 0x1p-126 : x, &exponent);
  return std::ldexp(1.0, exponent - 24);
}

struct Scan {
  double worst = 0;  ///< error in units in the last place
  float worst_at = 0;
  float largest = 0;                           ///< largest |result|
  std::uint64_t digest = 0xcbf29ce484222325u;  ///< hash of all results' bits
};

/// A prime number of bit patterns from one argument to the next, so that all low bits occur.
constexpr std::uint32_t stride = 1021;

/// Runs f (generic in F) on the floats with bits in [first, last], against `exact` in double, and compares vectors with
/// scalars bit by bit. A result that is no finite float must be that infinity or NaN; all others are measured.
template <class Function, class Exact>
void scan(std::uint32_t first, std::uint32_t last, Function f, Exact exact, Scan& total) {
  for (std::uint64_t at = first; at <= last; at += stride * static_cast<std::uint64_t>(vector_width)) {
    FloatLanes x{};
    for (int l = 0; l < vector_width; ++l) {
      const std::uint64_t pattern = at + stride * static_cast<std::uint64_t>(l);
      x[l] = std::bit_cast<float>(static_cast<std::uint32_t>(pattern <= last ? pattern : last));
    }
    const FloatLanes y = f(x);
    for (int l = 0; l < vector_width && at + stride * static_cast<std::uint64_t>(l) <= last; ++l) {
      const float argument = x[l], value = y[l];
      ASSERT_TRUE(same(value, f(argument)))
          << std::hexfloat << argument << ": vector " << value << ", scalar " << f(argument);
      const double expected = exact(static_cast<double>(argument));
      const float rounded = static_cast<float>(expected);
      total.digest = (total.digest ^ (std::isnan(value) ? 0x7fc00000u : bits_of(value))) * 0x100000001b3u;
      if (!std::isfinite(rounded)) {
        ASSERT_TRUE(std::isnan(rounded) ? std::isnan(value) : value == rounded)
            << std::hexfloat << argument << " gave " << value << ", not " << rounded;
        continue;
      }
      const double error = std::fabs(value - expected) / unit_in_the_last_place(expected);
      if (!(error <= total.worst)) total.worst = error, total.worst_at = argument;
      if (!(std::fabs(value) <= total.largest)) total.largest = std::fabs(value);
    }
  }
}

constexpr std::uint32_t infinity = 0x7f800000u, sign = 0x80000000u, one = 0x3f800000u;

template <class Function, class Exact>
Scan scan_all(Function f, Exact exact) {
  Scan total;
  scan(0, infinity, f, exact, total);
  scan(sign, sign | infinity, f, exact, total);
  return total;
}

#define EXPECT_ACCURATE(total, bound, expected_digest)                                                 \
  do {                                                                                                 \
    const Scan seen = total;                                                                           \
    EXPECT_LE(seen.worst, bound) << "at " << std::hexfloat << seen.worst_at;                           \
    EXPECT_EQ(seen.digest, expected_digest) << "the bits differ from those of other instruction sets"; \
  } while (false)

}  // namespace alfi::inline ALFI_ISA
