// Instructions that are more than a function of each lane's operands.
#pragma once

#include <string>

#include "tests/ptx/kernel.hpp"

namespace alfi::test::ptx {

// control.cpp
void branch(Warp& warp, const Instruction& instruction);
void leave(Warp& warp, const Instruction& instruction);
void wait_at_barrier(Warp& warp, const Instruction& instruction);

// exchange.cpp
void shuffle_butterfly(Warp& warp, const Instruction& instruction);
void load_matrices(Warp& warp, const Instruction& instruction);
void load_transposed_matrices(Warp& warp, const Instruction& instruction);
void multiply_bf16(Warp& warp, const Instruction& instruction);
void multiply_tf32(Warp& warp, const Instruction& instruction);

// memory.cpp
/// Chooses what loads or stores 1, 2 or 4 numbers of a type to or from registers of some bytes; null: no such type.
Handler load_of(const std::string& type, int count, int register_bytes);
Handler store_of(const std::string& type, int count, int register_bytes);
void pack(Warp& warp, const Instruction& instruction);
void unpack(Warp& warp, const Instruction& instruction);

}  // namespace alfi::test::ptx
