// Moves between registers, and conversions of numbers and addresses.
#include <cmath>

#include "tests/ptx/definitions.hpp"
#include "tests/ptx/numbers.hpp"

namespace alfi::test::ptx {
namespace {

constexpr auto same = [](auto a) { return a; };

/// Towards zero; what does not fit becomes the nearest that does, NaN becomes 0.
constexpr auto truncated = [](float x) -> s32 {
  if (x != x) return 0;
  if (x >= 2147483648.0F) return 2147483647;
  if (x < -2147483648.0F) return -2147483647 - 1;
  return static_cast<s32>(x);
};

void approximate_tanh_of_lanes(Warp& warp, const Instruction& instruction) {
  for (int lane = 0; lane < warp_lanes; ++lane)
    if (warp.is_active(lane))
      warp.at<float>(instruction.to[0])[lane] = warp.block().launch.tanh(warp.at<float>(instruction.from[0])[lane]);
}

/// Generic addresses of shared memory are those of the block's window.
template <int sign>
void shift_by_window(Warp& warp, const Instruction& instruction) {
  const u64 window = warp.block().window_begin();
  for (int lane = 0; lane < warp_lanes; ++lane)
    if (warp.is_active(lane))
      warp.at<u64>(instruction.to[0])[lane] =
          warp.at<u64>(instruction.from[0])[lane] + (sign > 0 ? window : 0 - window);
}

template <class To, class From>
void define_conversion(Definitions& table, const char* name) {
  table[name] = lane_by_lane<To, From>(same);
}

}  // namespace

void add_conversions(Definitions& table) {
  define(table, "mov", integers, same);
  define(table, "mov", bits, same);
  define(table, "mov", floats, same);

  define_conversion<s64, s32>(table, "cvt.s64.s32");
  define_conversion<u64, u32>(table, "cvt.u64.u32");
  define_conversion<u32, u64>(table, "cvt.u32.u64");
  define_conversion<u32, u64>(table, "cvt.s32.s64");
  define_conversion<u32, u16>(table, "cvt.u32.u16");
  define_conversion<s32, s16>(table, "cvt.s32.s16");
  define_conversion<u16, u32>(table, "cvt.u16.u32");
  define_conversion<u64, u16>(table, "cvt.u64.u16");
  define_conversion<u16, u64>(table, "cvt.u16.u64");
  table["cvt.s32.s8"] = lane_by_lane<s32, u16>([](u16 a) { return static_cast<s8>(a); });

  define_conversion<float, s32>(table, "cvt.rn.f32.s32");
  define_conversion<float, u32>(table, "cvt.rn.f32.u32");
  define_conversion<float, s64>(table, "cvt.rn.f32.s64");
  define_conversion<double, s32>(table, "cvt.rn.f64.s32");
  define_conversion<double, s64>(table, "cvt.rn.f64.s64");
  define_conversion<float, double>(table, "cvt.rn.f32.f64");
  define_conversion<double, float>(table, "cvt.f64.f32");
  table["cvt.rzi.s32.f32"] = lane_by_lane<s32, float>(truncated);
  table["cvt.rmi.f32.f32"] = lane_by_lane<float, float>([](float a) { return __builtin_floorf(a); });
  table["cvt.rna.tf32.f32"] = lane_by_lane<float, float>([](float a) { return rounded_tf32(a); });
  table["cvt.rn.bf16x2.f32"] =
      lane_by_lane<u32, float, float>([](float high, float low) { return bits_bf16(high) << 16 | bits_bf16(low); });
  table["tanh.approx.f32"] = {approximate_tanh_of_lanes, Literal::floating, 4, 1, {4}};

  define_conversion<u64, u64>(table, "cvta.to.global.u64");
  define_conversion<u64, u64>(table, "cvta.global.u64");
  define_conversion<u64, u64>(table, "cvta.to.local.u64");
  define_conversion<u64, u64>(table, "cvta.local.u64");
  table["cvta.to.shared.u64"] = {shift_by_window<-1>, Literal::integer, 8, 1, {8}};
  table["cvta.shared.u64"] = {shift_by_window<1>, Literal::integer, 8, 1, {8}};
}

float approximate_tanh(float x) { return rounded_tf32(static_cast<float>(std::tanh(static_cast<double>(x)))); }

const Definition* find_definition(const std::string& name) {
  static const Definitions table = [] {
    Definitions all;
    add_arithmetic(all);
    add_comparisons(all);
    add_conversions(all);
    return all;
  }();
  const auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace alfi::test::ptx
