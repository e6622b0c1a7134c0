// Loads and stores, and the halves of 64 bits.
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "tests/ptx/definitions.hpp"
#include "tests/ptx/handlers.hpp"

namespace alfi::test::ptx {
namespace {

/// Is this what fresh memory holds? Numbers below 32 bits may be all ones by right.
template <class T>
bool is_fresh(const T& value) {
  if constexpr (sizeof(T) < 4) {
    return false;
  } else {
    std::conditional_t<sizeof(T) == 8, u64, u32> word;
    std::memcpy(&word, &value, sizeof word);
    return ~word == 0;
  }
}

/// Loads vectors of `count` numbers.
template <class Memory, class Register, std::size_t count>
void load(Warp& warp, const Instruction& instruction) {
  const bool looks_for_fresh = warp.block().launch.fresh && instruction.space != Space::parameter;
  for (int lane = 0; lane < warp_lanes; ++lane) {
    if (!warp.is_active(lane)) continue;
    Memory value[count];
    std::memcpy(value, warp.address(instruction, lane, sizeof value, false), sizeof value);
    for (std::size_t k = 0; k < count; ++k) {
      if (instruction.to[k] == no_place) continue;
      if (looks_for_fresh && is_fresh(value[k])) warp.trouble(instruction, "a number nothing wrote", lane);
      warp.at<Register>(instruction.to[k])[lane] = static_cast<Register>(value[k]);
    }
  }
}

template <class Memory, class Register, std::size_t count>
void store(Warp& warp, const Instruction& instruction) {
  for (int lane = 0; lane < warp_lanes; ++lane) {
    if (!warp.is_active(lane)) continue;
    Memory value[count];
    for (std::size_t k = 0; k < count; ++k)
      value[k] = static_cast<Memory>(warp.at<Register>(instruction.from[k])[lane]);
    std::memcpy(warp.address(instruction, lane, sizeof value, true), value, sizeof value);
  }
}

/// choose.operator()<Memory, Register>(); registers may be wider than what is in memory.
template <class Choose>
Handler with_types(const std::string& type, int register_bytes, Choose choose) {
  const auto widened = [&]<class Memory, class Two, class Four, class Eight>() {
    if (register_bytes == 8) return choose.template operator()<Memory, Eight>();
    if (register_bytes == 4) return choose.template operator()<Memory, Four>();
    return choose.template operator()<Memory, Two>();
  };
  const auto as_unsigned = [&]<class Memory>() { return widened.template operator()<Memory, u16, u32, u64>(); };
  const auto as_signed = [&]<class Memory>() { return widened.template operator()<Memory, s16, s32, s64>(); };
  if (type == "f32" && register_bytes == 4) return choose.template operator()<float, float>();
  if (type == "f64" && register_bytes == 8) return choose.template operator()<double, double>();
  if (type == "s8") return as_signed.template operator()<s8>();
  if (type == "s16") return as_signed.template operator()<s16>();
  if (type == "s32") return as_signed.template operator()<s32>();
  if (type == "s64") return as_signed.template operator()<s64>();
  if (type == "u8" || type == "b8") return as_unsigned.template operator()<u8>();
  if (type == "u16" || type == "b16") return as_unsigned.template operator()<u16>();
  if (type == "u32" || type == "b32") return as_unsigned.template operator()<u32>();
  if (type == "u64" || type == "b64") return as_unsigned.template operator()<u64>();
  return nullptr;
}

}  // namespace

Handler load_of(const std::string& type, int count, int register_bytes) {
  return with_types(type, register_bytes, [&]<class Memory, class Register>() -> Handler {
    if (count == 1) return load<Memory, Register, 1>;
    return count == 2 ? load<Memory, Register, 2> : load<Memory, Register, 4>;
  });
}

Handler store_of(const std::string& type, int count, int register_bytes) {
  return with_types(type, register_bytes, [&]<class Memory, class Register>() -> Handler {
    if (count == 1) return store<Memory, Register, 1>;
    return count == 2 ? store<Memory, Register, 2> : store<Memory, Register, 4>;
  });
}

void pack(Warp& warp, const Instruction& instruction) {
  for (int lane = 0; lane < warp_lanes; ++lane)
    if (warp.is_active(lane))
      warp.at<u64>(instruction.to[0])[lane] =
          warp.at<u32>(instruction.from[0])[lane] | u64{warp.at<u32>(instruction.from[1])[lane]} << 32;
}

void unpack(Warp& warp, const Instruction& instruction) {
  for (int lane = 0; lane < warp_lanes; ++lane) {
    if (!warp.is_active(lane)) continue;
    const u64 value = warp.at<u64>(instruction.from[0])[lane];
    if (instruction.to[0] != no_place) warp.at<u32>(instruction.to[0])[lane] = static_cast<u32>(value);
    if (instruction.to[1] != no_place) warp.at<u32>(instruction.to[1])[lane] = static_cast<u32>(value >> 32);
  }
}

}  // namespace alfi::test::ptx
