// The primitives mean the same in a lane vector as on a scalar, and what the C library and 64-bit integers say.
#include "kernels/lanes/lanes.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace alfi::inline ALFI_ISA {
namespace {

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

/// Says whether a and b have equal bits, or are both NaN (whose sign and payload are the machine's own).
bool same(float a, float b) { return bits_of(a) == bits_of(b) || (std::isnan(a) && std::isnan(b)); }

FloatLanes lanes_of(const float* x) { return load<FloatLanes>(x); }

const float special[] = {0.0f,
                         -0.0f,
                         1.0f,
                         -1.0f,
                         0x1.fffffep-1f,
                         0x1.000002p0f,
                         0x1p-149f,
                         -0x1p-149f,
                         0x1.8p-148f,
                         0x1.fffffcp-127f,
                         0x1p-126f,
                         -0x1p-126f,
                         0x1p-75f,
                         0x1.000002p-75f,
                         0x1p-24f,
                         0x1p24f,
                         0x1p63f,
                         0x1.fffffep127f,
                         -0x1.fffffep127f,
                         INFINITY,
                         -INFINITY,
                         NAN,
                         0.5f,
                         -2.5f,
                         1e9f};

void expect_fma(const std::vector<float>& a, const std::vector<float>& b, const std::vector<float>& c) {
  ASSERT_EQ(a.size() % vector_width, 0u);
  for (std::size_t i = 0; i < a.size(); i += vector_width) {
    const FloatLanes value = fma(lanes_of(&a[i]), lanes_of(&b[i]), lanes_of(&c[i]));
    for (std::size_t l = 0; l < vector_width; ++l) {
      const float expected = std::fma(a[i + l], b[i + l], c[i + l]);
      ASSERT_TRUE(same(value[l], expected)) << std::hexfloat << a[i + l] << " * " << b[i + l] << " + " << c[i + l]
                                            << " gave " << value[l] << ", not " << expected;
      ASSERT_TRUE(same(fma(a[i + l], b[i + l], c[i + l]), expected));
    }
  }
}

TEST(Lanes, FmaRoundsOnceOnRandomBits) {
  std::mt19937 random(1);
  std::vector<float> a(1 << 18), b(a.size()), c(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    // Half of them with exponents near 0, so that the terms meet; a quarter cancel almost entirely.
    const std::uint32_t mask = i % 2 == 0 ? 0xffffffffu : 0x87ffffffu, set = i % 2 == 0 ? 0u : 0x38000000u;
    a[i] = std::bit_cast<float>((static_cast<std::uint32_t>(random()) & mask) | set);
    b[i] = std::bit_cast<float>((static_cast<std::uint32_t>(random()) & mask) | set);
    c[i] = i % 4 == 1 ? -(a[i] * b[i]) : std::bit_cast<float>((static_cast<std::uint32_t>(random()) & mask) | set);
  }
  expect_fma(a, b, c);
}

TEST(Lanes, FmaRoundsOnceOnSpecialValues) {
  std::vector<float> a, b, c;
  for (const float x : special)
    for (const float y : special)
      for (const float z : special) a.push_back(x), b.push_back(y), c.push_back(z);
  while (a.size() % vector_width != 0) a.push_back(1.0f), b.push_back(1.0f), c.push_back(1.0f);
  expect_fma(a, b, c);
}

// (1 + 2⁻¹²)² = 1 + 2⁻¹¹ + 2⁻²⁴ lies half way between two floats: the addend's sign decides, however small it is.
TEST(Lanes, FmaSeesTheSmallestAddend) {
  const FloatLanes a = splat<FloatLanes>(0x1.001p0f);
  EXPECT_EQ(fma(a, a, splat<FloatLanes>(0x1p-149f))[0], 0x1.002002p0f);
  EXPECT_EQ(fma(a, a, splat<FloatLanes>(-0x1p-149f))[1], 0x1.002p0f);
  EXPECT_EQ(fma(a, a, splat<FloatLanes>(0.0f))[2], 0x1.002p0f);
}

TEST(Lanes, MultiplyWideIsThe64BitProduct) {
  std::mt19937 random(2);
  const std::uint32_t edges[] = {0u, 1u, 2u, 0x7fffffffu, 0x80000000u, 0xfffffffeu, 0xffffffffu};
  for (int round = 0; round < 100000; ++round) {
    const auto number = [&] { return random() % 8 == 0 ? edges[random() % 7] : static_cast<std::uint32_t>(random()); };
    UintLanes a{}, high, low;
    for (int l = 0; l < vector_width; ++l) a[l] = number();
    const std::uint32_t b = number();
    multiply_wide(a, b, high, low);
    for (int l = 0; l < vector_width; ++l) {
      const std::uint64_t product = static_cast<std::uint64_t>(a[l]) * b;
      ASSERT_EQ(high[l], static_cast<std::uint32_t>(product >> 32)) << a[l] << " * " << b;
      ASSERT_EQ(low[l], static_cast<std::uint32_t>(product)) << a[l] << " * " << b;
      std::uint32_t scalar_high, scalar_low;
      multiply_wide(a[l], b, scalar_high, scalar_low);
      ASSERT_EQ(scalar_high, high[l]);
      ASSERT_EQ(scalar_low, low[l]);
    }
  }
}

TEST(Lanes, GatherReadsEachLanesEntry) {
  std::vector<float> table(1000);
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<float>(i) + 0.25f;
  std::mt19937 random(3);
  for (int round = 0; round < 1000; ++round) {
    IntLanes index{};
    for (int l = 0; l < vector_width; ++l) index[l] = static_cast<std::int32_t>(random() % table.size());
    const FloatLanes value = gather(table.data(), index);
    for (int l = 0; l < vector_width; ++l) ASSERT_EQ(value[l], table[static_cast<std::size_t>(index[l])]);
  }
}

TEST(Lanes, UnaryFunctionsOnSpecialAndRandomValues) {
  std::vector<float> x(std::begin(special), std::end(special));
  std::mt19937 random(4);
  while (x.size() < 4096) x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  for (std::size_t i = 0; i < x.size(); i += vector_width) {
    const FloatLanes v = lanes_of(&x[i]);
    for (std::size_t l = 0; l < vector_width; ++l) {
      const float a = x[i + l];
      ASSERT_TRUE(same(floor(v)[l], std::floor(a))) << std::hexfloat << a;
      ASSERT_TRUE(same(sqrt(v)[l], std::sqrt(a))) << std::hexfloat << a;
      ASSERT_TRUE(same(abs(v)[l], std::fabs(a))) << std::hexfloat << a;
      ASSERT_TRUE(same(floor(a), std::floor(a)) && same(sqrt(a), std::sqrt(a)) && same(abs(a), std::fabs(a)));
      ASSERT_EQ(static_cast<std::uint32_t>(bits(v)[l]), bits_of(a));
      ASSERT_TRUE(same(from_bits(bits(v))[l], a));
      if (std::fabs(a) < 1e9f) {
        ASSERT_EQ(to_int(v)[l], static_cast<std::int32_t>(a));
        ASSERT_EQ(to_real(to_int(v))[l], static_cast<float>(static_cast<std::int32_t>(a)));
      }
    }
  }
}

TEST(Lanes, MinAndMaxTakeTheSecondWhereOneIsNaN) {
  for (const float a : special)
    for (const float b : special) {
      const float larger = a > b ? a : b, smaller = a < b ? a : b;
      ASSERT_TRUE(same(max(splat<FloatLanes>(a), splat<FloatLanes>(b))[0], larger)) << a << ", " << b;
      ASSERT_TRUE(same(min(splat<FloatLanes>(a), splat<FloatLanes>(b))[0], smaller)) << a << ", " << b;
      ASSERT_TRUE(same(max(a, b), larger) && same(min(a, b), smaller)) << a << ", " << b;
    }
}

TEST(Lanes, MasksSelect) {
  FloatLanes x{};
  for (int l = 0; l < vector_width; ++l) x[l] = static_cast<float>(l);
  for (int limit = 0; limit <= vector_width; ++limit) {
    const IntLanes below = x < static_cast<float>(limit);
    for (int l = 0; l < vector_width; ++l) EXPECT_EQ(below[l] != 0, l < limit);
    EXPECT_EQ(any(below), limit > 0);
    EXPECT_EQ(any(!below), limit < vector_width);
    const FloatLanes chosen = select(below, splat<FloatLanes>(-0.0f), x);
    for (int l = 0; l < vector_width; ++l) EXPECT_TRUE(same(chosen[l], l < limit ? -0.0f : x[l]));
  }
}

}  // namespace
}  // namespace alfi::inline ALFI_ISA
