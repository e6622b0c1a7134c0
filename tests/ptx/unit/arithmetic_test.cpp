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

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST(PtxArithmetic, WrapsIntegersAround) {
  EXPECT_EQ(apply<s32>("add.s32", s32{2147483647}, s32{1}), -2147483647 - 1);
  EXPECT_EQ(apply<u16>("add.s16", u16{65535}, u16{2}), 1);
  EXPECT_EQ(apply<u32>("sub.s32", 1U, 2U), 0xFFFFFFFF);
  EXPECT_EQ(apply<u32>("mul.lo.s32", 0x10001U, 0x10001U), 0x20001U);
  EXPECT_EQ(apply<u16>("mul.lo.s16", u16{65535}, u16{65535}), 1);
  EXPECT_EQ(apply<u64>("add.s64", ~u64{0}, u64{1}), 0U);
  EXPECT_EQ(apply<u64>("mul.lo.s64", u64{1} << 32, u64{1} << 32), 0U);
  EXPECT_EQ(apply<u32>("mad.lo.s32", 3U, 5U, 0xFFFFFFFFU), 14U);
  EXPECT_EQ(apply<s32>("neg.s32", s32{5}), -5);
  EXPECT_EQ(apply<s32>("abs.s32", s32{-5}), 5);
}

TEST(PtxArithmetic, KeepsTheUpperHalfOfAProduct) {
  EXPECT_EQ(apply<u32>("mul.hi.u32", 0xFFFFFFFFU, 0xFFFFFFFFU), 0xFFFFFFFE);
  EXPECT_EQ(apply<s32>("mul.hi.s32", s32{-1}, s32{1}), -1);
  EXPECT_EQ(apply<s64>("mul.wide.s32", s32{-3}, s32{1 << 30}), -3 * (s64{1} << 30));
  EXPECT_EQ(apply<u64>("mul.wide.u32", 0xFFFFFFFFU, 2U), 0x1FFFFFFFEU);
  EXPECT_EQ(apply<u32>("mul.wide.u16", u16{65535}, u16{65535}), 0xFFFE0001);
}

TEST(PtxArithmetic, DividesTowardsZero) {
  EXPECT_EQ(apply<s32>("div.s32", s32{-7}, s32{2}), -3);
  EXPECT_EQ(apply<s32>("rem.s32", s32{-7}, s32{2}), -1);
  EXPECT_EQ(apply<u32>("div.u32", 0xFFFFFFFFU, 2U), 0x7FFFFFFF);
  EXPECT_EQ(apply<u64>("rem.u64", ~u64{0}, u64{10}), 5U);
  EXPECT_EQ(apply<s32>("div.s32", std::numeric_limits<s32>::min(), s32{-1}), std::numeric_limits<s32>::min());
  EXPECT_EQ(apply<s32>("rem.s32", std::numeric_limits<s32>::min(), s32{-1}), 0);
  EXPECT_EQ(apply<s32>("rem.s32", s32{7}, s32{0}), 7);
}

TEST(PtxArithmetic, ShiftsBeyondTheWidthLeaveTheSign) {
  EXPECT_EQ(apply<u32>("shl.b32", 1U, 31U), 0x80000000);
  EXPECT_EQ(apply<u32>("shl.b32", 1U, 32U), 0U);
  EXPECT_EQ(apply<u32>("shr.u32", 0x80000000U, 32U), 0U);
  EXPECT_EQ(apply<s32>("shr.s32", s32{-8}, 1U), -4);
  EXPECT_EQ(apply<s32>("shr.s32", s32{-8}, 99U), -1);
  EXPECT_EQ(apply<u64>("shl.b64", u64{1}, 63U), u64{1} << 63);
  EXPECT_EQ(apply<s64>("shr.s64", s64{-1} << 40, 40U), -1);
  EXPECT_EQ(apply<u64>("shr.u64", ~u64{0}, 64U), 0U);
  EXPECT_EQ(apply<u32>("bfe.u32", 0xABCD1234U, 8U, 12U), 0xD12U);
  EXPECT_EQ(apply<u32>("bfe.u32", 0xABCD1234U, 40U, 4U), 0U);
  EXPECT_EQ(apply<u32>("bfe.u32", 0xABCD1234U, 4U, 32U), 0xABCD123U);
}

TEST(PtxArithmetic, CombinesBits) {
  EXPECT_EQ(apply<u32>("and.b32", 12U, 10U), 8U);
  EXPECT_EQ(apply<u16>("or.b16", u16{12}, u16{10}), 14U);
  EXPECT_EQ(apply<u64>("xor.b64", ~u64{0}, u64{1}), ~u64{1});
  EXPECT_EQ(apply<u32>("not.b32", 0U), 0xFFFFFFFF);
}

TEST(PtxArithmetic, RoundsFloatsToNearest) {
  EXPECT_EQ(apply<float>("add.rn.f32", 1.0F, 0x1p-24F), 1.0F);  // a tie, to even
  EXPECT_EQ(apply<float>("add.f32", 1.0F, 0x1.8p-24F), 1.0F + 0x1p-23F);
  EXPECT_EQ(apply<float>("sub.f32", 1.0F, 0x1p-25F), 1.0F);
  EXPECT_EQ(apply<float>("mul.rn.f32", 0x1p-149F, 0.5F), 0.0F);
  EXPECT_EQ(apply<float>("mul.f32", 0x1p-149F, 0.75F), 0x1p-149F);  // no subnormal is flushed
  EXPECT_EQ(apply<float>("div.rn.f32", 1.0F, 3.0F), 1.0F / 3.0F);
  EXPECT_EQ(apply<float>("rcp.rn.f32", 3.0F), 1.0F / 3.0F);
  EXPECT_EQ(apply<float>("sqrt.rn.f32", 2.0F), 0x1.6a09e6p+0F);
  EXPECT_EQ(apply<double>("add.f64", 1.0, 0x1p-53), 1.0);
  EXPECT_EQ(apply<double>("sqrt.rn.f64", 2.0), std::sqrt(2.0));
  EXPECT_EQ(apply<float>("neg.f32", 2.0F), -2.0F);
  EXPECT_EQ(apply<float>("abs.f32", -2.0F), 2.0F);
}

TEST(PtxArithmetic, RoundsAFusedMultiplyAddOnce) {
  const float a = 1 + 0x1p-12F;
  EXPECT_EQ(apply<float>("fma.rn.f32", a, a, -1.0F), 0x1p-11F + 0x1p-24F);
  const double b = 1 + 0x1p-30;
  EXPECT_EQ(apply<double>("fma.rn.f64", b, b, -1.0), 0x1p-29 + 0x1p-60);
}

TEST(PtxArithmetic, TakesTheNumberWhereTheOtherIsNaN) {
  for (const char* name : {"min.f32", "max.f32"}) {
    EXPECT_EQ(apply<float>(name, nan, 2.0F), 2.0F) << name;
    EXPECT_EQ(apply<float>(name, 2.0F, nan), 2.0F) << name;
    EXPECT_TRUE(std::isnan(apply<float>(name, nan, nan))) << name;
  }
  EXPECT_EQ(apply<float>("min.f32", 1.0F, 2.0F), 1.0F);
  EXPECT_EQ(apply<float>("max.f32", 1.0F, 2.0F), 2.0F);
  for (const auto& [a, b] : {std::pair{0.0F, -0.0F}, std::pair{-0.0F, 0.0F}}) {
    EXPECT_TRUE(std::signbit(apply<float>("min.f32", a, b)));
    EXPECT_FALSE(std::signbit(apply<float>("max.f32", a, b)));
  }
  EXPECT_EQ(apply<s32>("min.s32", s32{-1}, s32{1}), -1);
  EXPECT_EQ(apply<u32>("min.u32", 0xFFFFFFFFU, 1U), 1U);
  EXPECT_EQ(apply<s64>("max.s64", s64{-1}, s64{1}), 1);
}

TEST(PtxComparison, OfNaNHoldsOnlyWhereItIsUnordered) {
  for (const char* order : {"eq", "ne", "lt", "le", "gt", "ge"}) {
    const std::string name = std::string("setp.") + order;
    EXPECT_FALSE(apply<bool>(name + ".f32", nan, 1.0F)) << name;
    EXPECT_FALSE(apply<bool>(name + ".f32", 1.0F, nan)) << name;
    EXPECT_TRUE(apply<bool>(name + "u.f32", nan, 1.0F)) << name;
    EXPECT_TRUE(apply<bool>(name + "u.f32", 1.0F, nan)) << name;
  }
  EXPECT_TRUE(apply<bool>("setp.nan.f32", nan, 1.0F));
  EXPECT_FALSE(apply<bool>("setp.nan.f32", 1.0F, 1.0F));
  EXPECT_FALSE(apply<bool>("setp.num.f64", 1.0, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_TRUE(apply<bool>("setp.num.f64", 1.0, 1.0));
}

TEST(PtxComparison, OrdersNumbers) {
  EXPECT_TRUE(apply<bool>("setp.lt.f32", 1.0F, 2.0F));
  EXPECT_FALSE(apply<bool>("setp.ltu.f32", 2.0F, 1.0F));
  EXPECT_TRUE(apply<bool>("setp.ne.f32", 2.0F, 1.0F));
  EXPECT_TRUE(apply<bool>("setp.lt.s32", s32{-1}, s32{1}));
  EXPECT_FALSE(apply<bool>("setp.lt.u32", 0xFFFFFFFFU, 1U));
  EXPECT_TRUE(apply<bool>("setp.ge.s64", s64{1}, s64{1}));
  EXPECT_TRUE(apply<bool>("setp.eq.s16", s16{-1}, s16{-1}));
  EXPECT_TRUE(apply<bool>("setp.ne.b64", u64{1} << 40, u64{0}));
}

TEST(PtxComparison, CombinesPredicatesAndSelectsByThem) {
  EXPECT_FALSE(apply<bool>("and.pred", true, false));
  EXPECT_TRUE(apply<bool>("or.pred", true, false));
  EXPECT_FALSE(apply<bool>("xor.pred", true, true));
  EXPECT_TRUE(apply<bool>("not.pred", false));
  EXPECT_EQ(apply<float>("selp.f32", 1.0F, 2.0F, true), 1.0F);
  EXPECT_EQ(apply<float>("selp.f32", 1.0F, 2.0F, false), 2.0F);
  EXPECT_EQ(apply<u16>("selp.b16", u16{1}, u16{2}, false), 2);
  EXPECT_EQ(apply<double>("selp.f64", 1.0, 2.0, true), 1.0);
  // A predicate that is a literal.
  for (const auto& [literal, value] : {std::pair{"-1", 1U}, std::pair{"0", 0U}})
    EXPECT_EQ(execute({.body = "mov.pred %p1, " + std::string(literal) +
                               "; selp.u32 %r1, 1, 0, %p1; cvt.u64.u32 %rd3, %r1; st.global.u64 [%rd2], %rd3;"})
                  .at(31),
              value);
}

}  // namespace
}  // namespace alfi::test::ptx
