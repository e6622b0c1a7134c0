// Predicates: comparisons, their logic, and selection by them.
#include "tests/ptx/definitions.hpp"

namespace alfi::test::ptx {
namespace {

template <class T, auto f>
void compare(Warp& warp, const Instruction& instruction) {
  const T *const a = warp.at<T>(instruction.from[0]), *const b = warp.at<T>(instruction.from[1]);
  u32 result = 0;
  for (int lane = 0; lane < warp_lanes; ++lane) result |= static_cast<u32>(f(a[lane], b[lane])) << lane;
  warp.set_predicate(instruction.to[0], result);
}

template <int sources, auto f>
void logic(Warp& warp, const Instruction& instruction) {
  const u32 a = *warp.at<u32>(instruction.from[0]);
  if constexpr (sources == 1)
    warp.set_predicate(instruction.to[0], f(a));
  else
    warp.set_predicate(instruction.to[0], f(a, *warp.at<u32>(instruction.from[1])));
}

template <class T>
void select(Warp& warp, const Instruction& instruction) {
  T* const to = warp.at<T>(instruction.to[0]);
  const T *const a = warp.at<T>(instruction.from[0]), *const b = warp.at<T>(instruction.from[1]);
  const u32 predicate = *warp.at<u32>(instruction.from[2]);
  if (warp.mask() == all_lanes) {
#pragma GCC ivdep
    for (int lane = 0; lane < warp_lanes; ++lane) to[lane] = (predicate >> lane & 1) != 0 ? a[lane] : b[lane];
  } else {
    for (int lane = 0; lane < warp_lanes; ++lane)
      if (warp.is_active(lane)) to[lane] = (predicate >> lane & 1) != 0 ? a[lane] : b[lane];
  }
}

/// Defines setp.NAME.TYPE for each of the types.
template <class Types, class F>
void define_comparison(Definitions& table, const std::string& name, const Types& types, F) {
  const auto definition = []<class T>(Type<T>) -> Definition {
    return {compare<T, F{}>, literal_of<T>, 0, 2, {sizeof(T), sizeof(T)}};
  };
  std::apply([&](auto... type) { ((table["setp." + name + "." + type.name] = definition(type)), ...); }, types);
}

/// Defines an order of integers, of floats where NaN makes it fail, and ("u") of floats where NaN makes it hold.
template <class F>
void define_order(Definitions& table, const std::string& name, F) {
  define_comparison(table, name, integers, F{});
  define_comparison(table, name, floats, [](auto a, auto b) { return a == a && b == b && F{}(a, b); });
  define_comparison(table, name + "u", floats, [](auto a, auto b) { return a != a || b != b || F{}(a, b); });
}

template <class F>
void define_logic(Definitions& table, const std::string& name, F) {
  constexpr int sources = std::is_invocable_v<F, u32> ? 1 : 2;
  table[name + ".pred"] = {logic<sources, F{}>, Literal::predicate, 0, sources, {}};
}

}  // namespace

void add_comparisons(Definitions& table) {
  constexpr auto equal = [](auto a, auto b) { return a == b; };
  constexpr auto unequal = [](auto a, auto b) { return a != b; };
  define_order(table, "eq", equal);
  define_order(table, "ne", unequal);
  define_order(table, "lt", [](auto a, auto b) { return a < b; });
  define_order(table, "le", [](auto a, auto b) { return a <= b; });
  define_order(table, "gt", [](auto a, auto b) { return a > b; });
  define_order(table, "ge", [](auto a, auto b) { return a >= b; });
  define_comparison(table, "eq", bits, equal);
  define_comparison(table, "ne", bits, unequal);
  define_comparison(table, "nan", floats, [](auto a, auto b) { return a != a || b != b; });
  define_comparison(table, "num", floats, [](auto a, auto b) { return a == a && b == b; });

  define_logic(table, "and", [](u32 a, u32 b) { return a & b; });
  define_logic(table, "or", [](u32 a, u32 b) { return a | b; });
  define_logic(table, "xor", [](u32 a, u32 b) { return a ^ b; });
  define_logic(table, "not", [](u32 a) { return ~a; });
  define_logic(table, "mov", [](u32 a) { return a; });

  const auto define_selection = [&]<class T>(Type<T> type) {
    table[std::string("selp.") + type.name] = {select<T>, literal_of<T>, sizeof(T), 3, {sizeof(T), sizeof(T), 0}};
  };
  const auto define_selections = [&](const auto& types) {
    std::apply([&](auto... type) { (define_selection(type), ...); }, types);
  };
  define_selections(integers);
  define_selections(bits);
  define_selections(floats);
}

}  // namespace alfi::test::ptx
