// Instructions that work lane by lane, by their names: a function, and the widths of what it takes and gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "tests/ptx/registers.hpp"
#include "tests/ptx/warp.hpp"

namespace alfi::test::ptx {

using s8 = std::int8_t;
using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

struct Definition {
  Handler run;
  Literal literal;
  int to_bytes;  ///< 0: a predicate
  int sources;
  int from_bytes[3];
};
using Definitions = std::unordered_map<std::string, Definition>;

// Add one table of instructions, a file each.
void add_arithmetic(Definitions& table);
void add_comparisons(Definitions& table);
void add_conversions(Definitions& table);

/// Finds an instruction by its name in all of them; null where there is none.
const Definition* find_definition(const std::string& name);

/// A type of operands as names end with it; arithmetic that wraps around is done in unsigned numbers.
template <class T>
struct Type {
  const char* name;
};
inline constexpr std::tuple wrapping{Type<u16>{"s16"}, Type<u16>{"u16"}, Type<u32>{"s32"},
                                     Type<u32>{"u32"}, Type<u64>{"s64"}, Type<u64>{"u64"}};
inline constexpr std::tuple integers{Type<s16>{"s16"}, Type<u16>{"u16"}, Type<s32>{"s32"},
                                     Type<u32>{"u32"}, Type<s64>{"s64"}, Type<u64>{"u64"}};
inline constexpr std::tuple bits{Type<u16>{"b16"}, Type<u32>{"b32"}, Type<u64>{"b64"}};
inline constexpr std::tuple floats{Type<float>{"f32"}, Type<double>{"f64"}};

/// Computes to[lane] = f(from[0][lane], …) of the active lanes.
template <class To, auto f, class... From, std::size_t... k>
void each_lane(Warp& warp, const Instruction& instruction, std::index_sequence<k...>) {
  To* const to = warp.at<To>(instruction.to[0]);
  const auto from = std::tuple{warp.at<const From>(instruction.from[k])...};
  if (warp.mask() == all_lanes) {
#pragma GCC ivdep
    for (int lane = 0; lane < warp_lanes; ++lane) to[lane] = static_cast<To>(f(std::get<k>(from)[lane]...));
  } else {
    for (int lane = 0; lane < warp_lanes; ++lane)
      if (warp.is_active(lane)) to[lane] = static_cast<To>(f(std::get<k>(from)[lane]...));
  }
}
template <class To, auto f, class... From>
void lanewise(Warp& warp, const Instruction& instruction) {
  each_lane<To, f, From...>(warp, instruction, std::index_sequence_for<From...>{});
}

template <class First, class...>
constexpr Literal literal_of = std::is_floating_point_v<First> ? Literal::floating : Literal::integer;

/// Defines an instruction by To f(From…).
template <class To, class... From, class F>
constexpr Definition lane_by_lane(F) {
  return {lanewise<To, F{}, From...>, literal_of<From...>, sizeof(To), sizeof...(From), {sizeof(From)...}};
}

/// Defines NAME.TYPE for each of the types: T f(T), T f(T, T) or T f(T, T, T).
template <class Types, class F>
void define(Definitions& table, const std::string& name, const Types& types, F f) {
  const auto definition = [f]<class T>(Type<T>) {
    if constexpr (std::is_invocable_v<F, T>)
      return lane_by_lane<T, T>(f);
    else if constexpr (std::is_invocable_v<F, T, T>)
      return lane_by_lane<T, T, T>(f);
    else
      return lane_by_lane<T, T, T, T>(f);
  };
  std::apply([&](auto... type) { ((table[name + "." + type.name] = definition(type)), ...); }, types);
}

}  // namespace alfi::test::ptx
