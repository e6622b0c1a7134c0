// A kernel as it is executed: a table of instructions, and where in a warp's file each register is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/ptx/ptx.hpp"

namespace alfi::test::ptx {

inline constexpr int warp_lanes = 32;
inline constexpr std::uint32_t all_lanes = 0xFFFFFFFF;
/// A device keeps the first bytes of a block's shared memory to itself.
inline constexpr std::uint32_t shared_begin = 1024;

/// Byte at which a register begins in a warp's file. A number has 32 lanes there; a predicate is one word of 32 bits.
using Place = std::uint32_t;
inline constexpr Place no_place = 0xFFFFFFFF;

/// A state space, which says what an address counts from.
enum class Space : std::uint8_t { generic, global, shared, parameter, local };

class Warp;
struct Instruction;
using Handler = void (*)(Warp&, const Instruction&);

struct Instruction {
  Handler run = nullptr;
  Place to[4] = {no_place, no_place, no_place, no_place};
  Place from[10] = {no_place, no_place, no_place, no_place, no_place, no_place, no_place, no_place, no_place, no_place};
  Place base = no_place;    ///< address register
  std::int64_t offset = 0;  ///< added to the base
  std::int32_t target = 0;  ///< instruction a branch goes to
  std::int32_t line = 0;
  std::uint32_t number = 0;  ///< its place in the table
  Space space = Space::generic;
  bool wide_address = false;  ///< the base has 64 bits
  bool negated = false;       ///< a branch is taken where its predicate does not hold
};

/// A register that has its value from the beginning.
struct Constant {
  Place at;
  int bytes;  ///< 0: a predicate
  std::uint64_t value;
};

struct Kernel {
  std::string name;
  std::vector<Instruction> instructions;
  std::vector<std::string> text;  ///< text of each instruction
  std::vector<Constant> constants;
  std::uint32_t file_bytes = 0;  ///< size of a warp's file
  Place thread_id = no_place, block_id = no_place, lane_id = no_place;
  std::string local_array;         ///< name of the memory that each thread has for itself
  Place local_address = no_place;  ///< where that memory begins
  std::size_t local_bytes = 0;     ///< of a thread, a multiple of 16
  int max_threads = 0;             ///< most threads of a block; 0: not said
  std::size_t parameter_bytes = 0;
  mutable std::vector<std::uint64_t> executed;  ///< times a warp executed each instruction
};

[[noreturn]] inline void fail(const std::string& what) { throw Error(what); }

}  // namespace alfi::test::ptx
