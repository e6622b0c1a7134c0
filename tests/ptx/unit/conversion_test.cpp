#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "tests/ptx/unit/program.hpp"

namespace alfi::test::ptx {
namespace {

using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

TEST(PtxConversion, ExtendsAndCutsIntegers) {
  EXPECT_EQ(apply<s64>("cvt.s64.s32", s32{-5}), -5);
  EXPECT_EQ(apply<u64>("cvt.u64.u32", 0xFFFFFFFFU), 0xFFFFFFFFU);
  EXPECT_EQ(apply<u32>("cvt.u32.u64", (u64{7} << 32) + 3), 3U);
  EXPECT_EQ(apply<s32>("cvt.s32.s16", s16{-2}), -2);
  EXPECT_EQ(apply<u32>("cvt.u32.u16", u16{65535}), 65535U);
  EXPECT_EQ(apply<u16>("cvt.u16.u32", 0x12345678U), 0x5678);
  EXPECT_EQ(apply<u16>("cvt.u16.u64", u64{0x123456789ABCDEF0}), 0xDEF0);
}

// A number of 8 bits is the lower half of a register of 16.
TEST(PtxConversion, ReadsTheLowerByteOfARegister) {
  EXPECT_EQ(apply<s32>("cvt.s32.s8", u16{0x12F0}), -16);
  EXPECT_EQ(apply<s32>("cvt.s32.s8", u16{0xFF10}), 16);
}

TEST(PtxConversion, RoundsIntegersToFloats) {
  EXPECT_EQ(apply<float>("cvt.rn.f32.s32", s32{16777217}), 16777216.0F);
  EXPECT_EQ(apply<float>("cvt.rn.f32.u32", 0xFFFFFFFFU), 4294967296.0F);
  EXPECT_EQ(apply<float>("cvt.rn.f32.s64", s64{-1} << 50), -0x1p50F);
  EXPECT_EQ(apply<double>("cvt.rn.f64.s32", s32{-3}), -3.0);
  EXPECT_EQ(apply<double>("cvt.f64.f32", 0.1F), static_cast<double>(0.1F));
  EXPECT_EQ(apply<float>("cvt.rn.f32.f64", 0.1), 0.1F);
}

TEST(PtxConversion, TruncatesFloatsWithinTheIntegers) {
  EXPECT_EQ(apply<s32>("cvt.rzi.s32.f32", -2.9F), -2);
  EXPECT_EQ(apply<s32>("cvt.rzi.s32.f32", 1e20F), std::numeric_limits<s32>::max());
  EXPECT_EQ(apply<s32>("cvt.rzi.s32.f32", -1e20F), std::numeric_limits<s32>::min());
  EXPECT_EQ(apply<s32>("cvt.rzi.s32.f32", std::numeric_limits<float>::quiet_NaN()), 0);
  EXPECT_EQ(apply<float>("cvt.rmi.f32.f32", -2.1F), -3.0F);
}

TEST(PtxConversion, RoundsToTf32WithTiesAwayFromZero) {
  EXPECT_EQ(apply<float>("cvt.rna.tf32.f32", 1 + 0x1p-11F), 1 + 0x1p-10F);
  EXPECT_EQ(apply<float>("cvt.rna.tf32.f32", -1 - 0x1p-11F), -1 - 0x1p-10F);
  EXPECT_EQ(apply<float>("cvt.rna.tf32.f32", 1 + 0x1.fp-12F), 1.0F);
  EXPECT_EQ(apply<float>("cvt.rna.tf32.f32", std::numeric_limits<float>::infinity()),
            std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(apply<float>("cvt.rna.tf32.f32", std::numeric_limits<float>::quiet_NaN())));
}

// The first source is the upper half.
TEST(PtxConversion, RoundsToPairsOfBf16WithTiesToEven) {
  EXPECT_EQ(apply<u32>("cvt.rn.bf16x2.f32", 1.0F, 2.0F), 0x3F804000U);
  EXPECT_EQ(apply<u32>("cvt.rn.bf16x2.f32", 1 + 0x1p-8F, 1 + 0x1.8p-7F), 0x3F803F82U);
  EXPECT_EQ(apply<u32>("cvt.rn.bf16x2.f32", 1 + 0x1.02p-8F, -0.0F), 0x3F818000U);
  EXPECT_EQ(
      apply<u32>("cvt.rn.bf16x2.f32", std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()),
      0x7F807FFFU);
}

TEST(PtxConversion, TakesTheHyperbolicTangentOfTheLaunch) {
  // Within 2^-11, as documented.
  for (const float x : {-3.0F, -0.1F, 0.0F, 0.5F, 20.0F})
    EXPECT_NEAR(apply<float>("tanh.approx.f32", x), std::tanh(x), 0x1p-11 * std::abs(std::tanh(x))) << x;
  const std::vector<std::uint64_t> results = execute(
      {.body = "mov.f32 %f1, 0f40000000; tanh.approx.f32 %f2, %f1; mov.u64 %rd3, 0; st.global.u64 [%rd2], %rd3;\n"
               "st.global.f32 [%rd2], %f2;",
       .tanh = [](float x) { return 10 * x; }});
  EXPECT_EQ(from_bits<float>(results.at(3)), 20.0F);
}

TEST(PtxConversion, PacksAndUnpacksHalvesOf64Bits) {
  const std::string halves =
      "mov.b64 %rd3, {%r0, 7}; mov.b64 {%r1, %r2}, %rd3; mov.b64 {_, %r3}, %rd3;\n"
      "add.s32 %r4, %r2, %r3; mov.b64 %rd4, {%r1, %r4}; st.global.u64 [%rd2], %rd4;";
  EXPECT_EQ(execute({.body = halves}).at(5), (std::uint64_t{14} << 32) + 5);
}

}  // namespace
}  // namespace alfi::test::ptx
