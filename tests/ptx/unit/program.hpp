// A few statements of PTX, executed: what the unit tests of the interpreter write their kernels with.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "tests/ptx/ptx.hpp"

namespace alfi::test::ptx {

/// Statements that find in %rd0 where results begin, in %rd1 where inputs do, in %r0 the thread, in %rd2 the place of
/// its result of 8 bytes. `memory` is the block's shared array.
struct Program {
  std::string body;
  int threads = 32, blocks = 1, shared_bytes = 0;
  std::vector<std::uint64_t> input{};
  bool races = false, fresh = false;
  std::uint64_t seed = 1;
  int without_barrier = 0;
  float (*tanh)(float) = approximate_tanh;
};

inline std::string text_of(const Program& program) {
  return ".version 8.0\n.target sm_90\n.address_size 64\n"
         ".extern .shared .align 16 .b8 memory[];\n"
         ".visible .entry test(\n\t.param .align 8 .b8 test_param_0[16]\n)\n.maxntid 1024, 1, 1\n{\n"
         "\t.reg .pred %p<20>;\n\t.reg .b16 %rs<20>;\n\t.reg .b32 %r<40>;\n\t.reg .f32 %f<40>;\n\t.reg .b64 %rd<20>;\n"
         "\t.reg .f64 %fd<20>; ld.param.u64 %rd0, [test_param_0]; ld.param.u64 %rd1, [test_param_0+8];\n"
         "\tmov.u32 %r0, %tid.x; mul.wide.u32 %rd2, %r0, 8; add.s64 %rd2, %rd0, %rd2;\n" +
         program.body + "\n\tret;\n}\n";
}

struct Parameters {
  void* results;
  const void* input;
};

/// Runs a program and returns the results of its first block's threads; where none was written, all ones.
inline std::vector<std::uint64_t> execute(const Program& program, Counts* counts = nullptr) {
  const Module module(text_of(program));
  std::vector<std::uint64_t> results(static_cast<std::size_t>(program.threads), ~std::uint64_t{0});
  const Parameters parameters{results.data(), program.input.data()};
  const auto range = [](const std::vector<std::uint64_t>& memory) {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory.data());
    return Range{begin, begin + memory.size() * sizeof(std::uint64_t)};
  };
  std::vector<Range> memory{range(results), range(program.input)};
  if (memory[1].begin < memory[0].begin) std::swap(memory[0], memory[1]);
  const Counts run_counts = run(module.kernel("test"), {.blocks = program.blocks,
                                                        .threads = program.threads,
                                                        .shared_bytes = program.shared_bytes,
                                                        .parameters = &parameters,
                                                        .parameter_bytes = sizeof parameters,
                                                        .memory = memory,
                                                        .seed = program.seed,
                                                        .races = program.races,
                                                        .fresh = program.fresh,
                                                        .without_barrier = program.without_barrier,
                                                        .tanh = program.tanh});
  if (counts != nullptr) *counts = run_counts;
  return results;
}

/// Runs a program and returns what it is refused for; "none" where it is not.
inline std::string trouble_of(const Program& program) {
  try {
    execute(program);
    return "none";
  } catch (const Error& error) {
    return error.what();
  }
}

template <class T>
std::uint64_t bits_of(T value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}
template <class T>
T from_bits(std::uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Names a register of a type's kind and width, and the type of a plain load.
template <class T>
std::string register_name(int number) {
  if constexpr (std::is_same_v<T, bool>) return "%p" + std::to_string(number);
  if constexpr (std::is_same_v<T, float>) return "%f" + std::to_string(number);
  if constexpr (std::is_same_v<T, double>) return "%fd" + std::to_string(number);
  return (sizeof(T) == 2 ? "%rs" : sizeof(T) == 4 ? "%r" : "%rd") + std::to_string(number);
}
template <class T>
std::string plain_type() {
  if constexpr (std::is_same_v<T, bool>) return "pred";
  return (std::is_floating_point_v<T> ? "f" : "b") + std::to_string(8 * sizeof(T));
}

/// Runs "NAME to, from…;" on all lanes of a warp, and on every other lane of another.
template <class To, class... From>
To apply(const std::string& name, From... from) {
  const std::string to = register_name<To>(10);
  std::string loads, call = name + " " + to, store;
  int k = 0;
  const auto add = [&]<class T>(T) {
    const std::string number = register_name<T>(11 + k);
    if constexpr (std::is_same_v<T, bool>)
      loads += "ld.global.u32 %r30, [%rd1+" + std::to_string(8 * k) + "]; setp.ne.s32 " + number + ", %r30, 0;\n";
    else
      loads += "ld.global." + plain_type<T>() + " " + number + ", [%rd1+" + std::to_string(8 * k) + "];\n";
    call += ", " + number;
    ++k;
  };
  (add(from), ...);
  if constexpr (std::is_same_v<To, bool>)
    store = "selp.u32 %r31, 1, 0, " + to + ";\nst.global.u32 [%rd2], %r31;";
  else
    store = "st.global." + plain_type<To>() + " [%rd2], " + to + ";";
  const std::string start = "mov.u64 %rd19, 0; st.global.u64 [%rd2], %rd19;\n";
  const std::string odd = "and.b32 %r32, %r0, 33; setp.eq.s32 %p19, %r32, 33; @%p19 bra END;\n";
  const std::vector<std::uint64_t> results = execute(
      {.body = start + odd + loads + call + ";\n" + store + "\nEND:", .threads = 64, .input = {bits_of(from)...}});
  for (std::size_t thread = 0; thread < results.size(); ++thread)
    EXPECT_EQ(results[thread], thread % 2 == 1 && thread >= 32 ? 0 : results[0]) << name << ", thread " << thread;
  return from_bits<To>(results[0]);
}

}  // namespace alfi::test::ptx
