#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/ptx/unit/program.hpp"

namespace alfi::test::ptx {
namespace {

using ::testing::HasSubstr;

using Rows = std::vector<std::vector<float>>;

/// Draws small integers: their products and sums are exact in any precision and order.
Rows drawn(std::size_t rows, std::size_t columns, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> number(-8, 8);
  Rows result(rows, std::vector<float>(columns));
  for (auto& row : result)
    for (float& x : row) x = static_cast<float>(number(random));
  return result;
}

float product(const Rows& a, const Rows& b, const Rows& c, std::size_t i, std::size_t j) {
  float sum = c[i][j];
  for (std::size_t k = 0; k < a[i].size(); ++k) sum += a[i][k] * b[k][j];
  return sum;
}

std::uint64_t bf16(float x) { return bits_of(x) >> 16; }

/// Loads `count` registers %r1… of 32 bits of a lane each from the input, stored lane by lane.
std::string load_fragments(int count) {
  std::string text = "mul.wide.u32 %rd3, %r0, " + std::to_string(8 * count) + "; add.s64 %rd3, %rd1, %rd3;\n";
  for (int k = 0; k < count; ++k)
    text += "ld.global.u32 %r" + std::to_string(1 + k) + ", [%rd3+" + std::to_string(8 * k) + "];\n";
  return text;
}
const std::string sums = "mov.b32 %f1, %r7; mov.b32 %f2, %r8; mov.b32 %f3, %r9; mov.b32 %f4, %r10;\n";

/// Runs a product of fragments %r1…4, %r5…6, %f1…4 four times; the part-th time its part-th sum is what is stored.
std::vector<std::vector<float>> fragments_of(const std::string& mma, const std::vector<std::uint64_t>& input) {
  std::vector<std::vector<float>> result(4);
  for (std::size_t part = 0; part < 4; ++part)
    for (const std::uint64_t bits :
         execute({.body = load_fragments(10) + sums + mma +
                          " {%f5,%f6,%f7,%f8}, {%r1,%r2,%r3,%r4}, {%r5,%r6}, {%f1,%f2,%f3,%f4};\n" +
                          "st.global.f32 [%rd2], %f" + std::to_string(5 + part) + ";",
         .input = input}))
      result[part].push_back(from_bits<float>(bits));
  return result;
}

// Places of a fragment's numbers are from the figures of "Matrix Fragments for mma.m16n8k16" in the PTX ISA.
TEST(PtxMatrix, MultipliesFragmentsOfBf16) {
  const Rows a = drawn(16, 16, 1), b = drawn(16, 8, 2), c = drawn(16, 8, 3);
  std::vector<std::uint64_t> input;
  for (std::size_t lane = 0; lane < 32; ++lane) {
    const std::size_t row = lane / 4, two = lane % 4 * 2;
    const auto of_a = [&](std::size_t i, std::size_t k) { input.push_back(bf16(a[i][k]) | bf16(a[i][k + 1]) << 16); };
    of_a(row, two), of_a(row + 8, two), of_a(row, two + 8), of_a(row + 8, two + 8);
    for (const std::size_t k : {two, two + 8}) input.push_back(bf16(b[k][row]) | bf16(b[k + 1][row]) << 16);
    for (const std::size_t i : {row, row + 8})
      for (const std::size_t j : {two, two + 1}) input.push_back(bits_of(c[i][j]));
  }
  const auto got = fragments_of("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", input);
  for (std::size_t lane = 0; lane < 32; ++lane)
    for (std::size_t part = 0; part < 4; ++part)
      EXPECT_EQ(got[part][lane], product(a, b, c, lane / 4 + part / 2 * 8, lane % 4 * 2 + part % 2));
}

TEST(PtxMatrix, MultipliesFragmentsOfTf32) {
  const Rows a = drawn(16, 8, 4), b = drawn(8, 8, 5), c = drawn(16, 8, 6);
  std::vector<std::uint64_t> input;
  for (std::size_t lane = 0; lane < 32; ++lane) {
    const std::size_t row = lane / 4, place = lane % 4;
    for (const float x :
         {a[row][place], a[row + 8][place], a[row][place + 4], a[row + 8][place + 4], b[place][row], b[place + 4][row]})
      input.push_back(bits_of(x));
    for (const std::size_t i : {row, row + 8})
      for (const std::size_t j : {2 * place, 2 * place + 1}) input.push_back(bits_of(c[i][j]));
  }
  const auto got = fragments_of("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", input);
  for (std::size_t lane = 0; lane < 32; ++lane)
    for (std::size_t part = 0; part < 4; ++part)
      EXPECT_EQ(got[part][lane], product(a, b, c, lane / 4 + part / 2 * 8, lane % 4 * 2 + part % 2));
}

// A device would cut off the lower bits.
TEST(PtxMatrix, RefusesOperandsThatAreNotTf32) {
  const std::string mma =
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f5,%f6,%f7,%f8}, {%r1,%r2,%r3,%r4}, {%r5,%r6}, "
      "{%f1,%f2,%f3,%f4};";
  std::string zeros;
  for (int k = 1; k < 7; ++k) zeros += "mov.b32 %r" + std::to_string(k) + ", 0;";
  for (int k = 1; k < 5; ++k) zeros += "mov.f32 %f" + std::to_string(k) + ", 0f00000000;";
  EXPECT_EQ(trouble_of({.body = zeros + mma}), "none");
  for (const char* odd : {"mov.b32 %r4, 1;", "mov.b32 %r6, 4096;"})
    EXPECT_THAT(trouble_of({.body = zeros + odd + mma}), HasSubstr("an operand that is not tf32"));
}

/// Fills shared memory with numbers of 16 bits that are their places, and lets lane l point to the row l of 8 of them.
const std::string eights =
    "mov.u32 %r11, memory; mad.lo.s32 %r12, %r0, 16, %r11; mul.lo.s32 %r13, %r0, 8;\n"
    "mad.lo.s32 %r14, %r13, 65537, 65536; st.shared.u32 [%r12], %r14; add.s32 %r14, %r14, 131074;\n"
    "st.shared.u32 [%r12+4], %r14; add.s32 %r14, %r14, 131074; st.shared.u32 [%r12+8], %r14;\n"
    "add.s32 %r14, %r14, 131074; st.shared.u32 [%r12+12], %r14; bar.sync 0;\n";

std::vector<std::uint64_t> loaded(const std::string& name, int part) {
  return execute({.body = eights + name + " {%r1,%r2,%r3,%r4}, [%r12]; cvt.u64.u32 %rd3, %r" +
                          std::to_string(1 + part) + "; st.global.u64 [%rd2], %rd3;",
                  .shared_bytes = 512});
}

TEST(PtxMatrix, LoadsEightByEight) {
  for (int part = 0; part < 4; ++part) {
    const std::vector<std::uint64_t> plain = loaded("ldmatrix.sync.aligned.m8n8.x4.shared.b16", part),
                                     transposed = loaded("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16", part);
    for (std::size_t lane = 0; lane < 32; ++lane) {
      const std::uint64_t g = lane / 4, q = lane % 4, first = static_cast<std::uint64_t>(64 * part);
      EXPECT_EQ(plain[lane], (first + 8 * g + 2 * q) | (first + 8 * g + 2 * q + 1) << 16);
      EXPECT_EQ(transposed[lane], (first + 8 * 2 * q + g) | (first + 8 * (2 * q + 1) + g) << 16);
    }
  }
}

TEST(PtxMatrix, ReportsLanesThatDoNotCome) {
  const std::string some = "setp.lt.s32 %p1, %r0, 4; @%p1 bra END;\n";
  for (const char* instruction : {"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1,%r2,%r3,%r4}, [%r12];",
                                  "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f5,%f6,%f7,%f8}, "
                                  "{%r1,%r2,%r3,%r4}, {%r5,%r6}, {%f1,%f2,%f3,%f4};",
                                  "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f5,%f6,%f7,%f8}, "
                                  "{%r1,%r2,%r3,%r4}, {%r5,%r6}, {%f1,%f2,%f3,%f4};"})
    EXPECT_THAT(trouble_of({.body = some + instruction + "\nEND:\nbar.sync 0;", .shared_bytes = 512}),
                HasSubstr("lanes wait for each other"))
        << instruction;
}

}  // namespace
}  // namespace alfi::test::ptx
