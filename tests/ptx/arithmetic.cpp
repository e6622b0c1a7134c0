// Arithmetic, and logic of the bits of numbers.
#include <limits>

#include "tests/ptx/definitions.hpp"

namespace alfi::test::ptx {
namespace {

constexpr auto add = [](auto a, auto b) { return a + b; };
constexpr auto subtract = [](auto a, auto b) { return a - b; };
/// 1U keeps the product of two u16 from overflowing an int.
constexpr auto multiply_integers = [](auto a, auto b) { return 1U * a * b; };
constexpr auto multiply = [](auto a, auto b) { return a * b; };
constexpr auto divide = [](auto a, auto b) { return a / b; };

// Division by zero leaves undefined numbers on a device; by -1 the smallest number would overflow.
constexpr auto quotient = []<class T>(T a, T b) -> T {
  if (b == 0) return static_cast<T>(-1);
  if constexpr (std::is_signed_v<T>)
    if (b == -1) return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(a));
  return static_cast<T>(a / b);
};
constexpr auto remainder = []<class T>(T a, T b) -> T {
  if (b == 0) return a;
  if constexpr (std::is_signed_v<T>)
    if (b == -1) return 0;
  return static_cast<T>(a % b);
};

constexpr auto least = [](auto a, auto b) { return a < b ? a : b; };
constexpr auto greatest = [](auto a, auto b) { return a < b ? b : a; };
// The number where one is NaN, and -0 before +0.
constexpr auto least_float = [](auto a, auto b) {
  if (a == b) return __builtin_signbit(a) != 0 ? a : b;
  return a < b || b != b ? a : b;
};
constexpr auto greatest_float = [](auto a, auto b) {
  if (a == b) return __builtin_signbit(a) != 0 ? b : a;
  return a > b || b != b ? a : b;
};

constexpr auto shifted_left = []<class T>(T a, u32 by) -> T {
  return by >= 8 * sizeof(T) ? T{0} : static_cast<T>(a << by);
};
constexpr auto shifted_right = []<class T>(T a, u32 by) -> T {
  if (by >= 8 * sizeof(T)) return static_cast<T>(a < 0 ? -1 : 0);
  return static_cast<T>(a >> by);
};

/// Returns `length` bits of a from bit `begin` on.
constexpr auto extracted = [](u32 a, u32 begin, u32 length) -> u32 {
  const u32 shifted = begin >= 32 ? 0 : a >> begin;
  return length >= 32 ? shifted : shifted & ((1U << length) - 1);
};

template <class T>
void add_shifts(Definitions& table, const std::string& shr, const char* shl) {
  table[shr] = lane_by_lane<T, T, u32>(shifted_right);
  if (shl != nullptr) table[shl] = lane_by_lane<T, T, u32>(shifted_left);
}

void add_floats(Definitions& table) {
  for (const char* rounding : {"", ".rn"}) {
    const std::string end = rounding;
    define(table, "add" + end, floats, add);
    define(table, "sub" + end, floats, subtract);
    define(table, "mul" + end, floats, multiply);
  }
  define(table, "div.rn", floats, divide);
  define(table, "rcp.rn", floats, [](auto a) { return 1 / a; });
  table["sqrt.rn.f32"] = lane_by_lane<float, float>([](float a) { return __builtin_sqrtf(a); });
  table["sqrt.rn.f64"] = lane_by_lane<double, double>([](double a) { return __builtin_sqrt(a); });
  table["fma.rn.f32"] =
      lane_by_lane<float, float, float, float>([](float a, float b, float c) { return __builtin_fmaf(a, b, c); });
  table["fma.rn.f64"] =
      lane_by_lane<double, double, double, double>([](double a, double b, double c) { return __builtin_fma(a, b, c); });
  define(table, "min", floats, least_float);
  define(table, "max", floats, greatest_float);
  define(table, "neg", floats, [](auto a) { return -a; });
  define(table, "abs", floats, [](auto a) { return __builtin_fabs(a); });
}

}  // namespace

void add_arithmetic(Definitions& table) {
  define(table, "add", wrapping, add);
  define(table, "sub", wrapping, subtract);
  define(table, "mul.lo", wrapping, multiply_integers);
  define(table, "mad.lo", wrapping, [](auto a, auto b, auto c) { return 1U * a * b + c; });
  define(table, "neg", wrapping, [](auto a) { return 0U - a; });
  define(table, "div", integers, quotient);
  define(table, "rem", integers, remainder);
  define(table, "min", integers, least);
  define(table, "max", integers, greatest);
  table["abs.s32"] =
      lane_by_lane<s32, s32>([](s32 a) { return a < 0 ? 0U - static_cast<u32>(a) : static_cast<u32>(a); });
  table["mul.hi.u32"] = lane_by_lane<u32, u32, u32>([](u32 a, u32 b) { return u64{a} * b >> 32; });
  table["mul.hi.s32"] = lane_by_lane<s32, s32, s32>([](s32 a, s32 b) { return s64{a} * b >> 32; });
  table["mul.wide.s32"] = lane_by_lane<s64, s32, s32>([](s32 a, s32 b) { return s64{a} * b; });
  table["mul.wide.u32"] = lane_by_lane<u64, u32, u32>([](u32 a, u32 b) { return u64{a} * b; });
  table["mul.wide.u16"] = lane_by_lane<u32, u16, u16>([](u16 a, u16 b) { return u32{a} * b; });
  define(table, "and", bits, [](auto a, auto b) { return a & b; });
  define(table, "or", bits, [](auto a, auto b) { return a | b; });
  define(table, "xor", bits, [](auto a, auto b) { return a ^ b; });
  define(table, "not", bits, [](auto a) { return ~a; });
  add_shifts<u16>(table, "shr.u16", "shl.b16");
  add_shifts<u32>(table, "shr.u32", "shl.b32");
  add_shifts<u64>(table, "shr.u64", "shl.b64");
  add_shifts<u16>(table, "shr.b16", nullptr);
  add_shifts<u32>(table, "shr.b32", nullptr);
  add_shifts<u64>(table, "shr.b64", nullptr);
  add_shifts<s16>(table, "shr.s16", nullptr);
  add_shifts<s32>(table, "shr.s32", nullptr);
  add_shifts<s64>(table, "shr.s64", nullptr);
  table["bfe.u32"] = lane_by_lane<u32, u32, u32, u32>(extracted);
  add_floats(table);
}

}  // namespace alfi::test::ptx
