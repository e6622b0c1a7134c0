#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/ptx/unit/program.hpp"

namespace alfi::test::ptx {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    const Module module(text);
    return "none";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(PtxModule, ListsItsKernels) {
  const Module module(
      "// a comment; with a semicolon\n.version 8.0\n.target sm_90\n.address_size 64\n"
      ".const .align 4 .b8 table[4] = {1, 2, 3, 4};\n"
      ".visible .entry second(.param .align 8 .b8 second_param_0[24]){\nret;\n}\n.entry first()\n{ret;}\n");
  EXPECT_THAT(module.names(), ElementsAre("first", "second"));
  EXPECT_EQ(parameter_bytes(module.kernel("second")), 24U);
  EXPECT_EQ(parameter_bytes(module.kernel("first")), 0U);
  EXPECT_THROW(module.kernel("third"), Error);
}

// Another generation of nvcc writes %f in .b32, predicates as numbers, and names without % in scopes of their own.
TEST(PtxModule, ReadsTheSpellingsOfNewerCompilers) {
  const std::string body =
      ".reg .b32 %g<3>;\n{\n\t.reg .b16 low, high;\n\tmov.b32 %g1, 0f40000000;\n"
      "\tmov.b16 low, 0x12; cvt.u32.u16 %r1, low;\n}\nmov.pred %p1, -1; @%p1 bra THERE;\nmov.b32 %g1, 0f3F800000;\n"
      "$L_1_THERE:\nTHERE: add.rn.f32 %f1, %g1, 0f3F800000; cvt.rzi.s32.f32 %r2, %f1; add.s32 %r1, %r1, %r2;\n"
      "cvt.u64.u32 %rd3, %r1; st.global.u64 [%rd2], %rd3;";
  EXPECT_EQ(execute({.body = body}).at(0), 0x12U + 3);
}

TEST(PtxModule, ReadsLiterals) {
  const std::string keep = "cvt.u64.u32 %rd3, %r1; st.global.u64 [%rd2], %rd3;";
  EXPECT_EQ(execute({.body = "mov.u32 %r1, 0x7F; add.s32 %r1, %r1, -1;" + keep}).at(0), 0x7EU);
  EXPECT_EQ(
      execute({.body = "mov.f64 %fd1, 0d3FF8000000000000; cvt.rn.f32.f64 %f1, %fd1; mov.b32 %r1, %f1;" + keep}).at(0),
      0x3FC00000U);
  EXPECT_EQ(execute({.body = "mov.u32 %r1, 4000000000U;" + keep}).at(0), 4000000000U);
}

TEST(PtxModule, RefusesWhatItDoesNotKnow) {
  const auto body = [](const std::string& text) { return refusal(text_of({.body = text})); };
  EXPECT_EQ(body(""), "none");
  EXPECT_THAT(body("\n\nfrob.s32 %r1, %r2;"),
              AllOf(HasSubstr("line 19"), HasSubstr("frob.s32"), HasSubstr("an unknown instruction")));
  EXPECT_THAT(body("add.s32 %r1, %r2, other;"), HasSubstr("no such operand: other"));
  EXPECT_THAT(body("add.s32 %q1, %r2, %r3;"), HasSubstr("no such register: %q1"));
  EXPECT_THAT(body("add.s32 %r1, %r2;"), HasSubstr("3 operands are expected"));
  EXPECT_THAT(body("add.s32 %r1, %r2, %rd3;"), HasSubstr("%rd3 has 64 bits, not 32"));
  EXPECT_THAT(body("add.f32 %f1, %f2, 1;"), HasSubstr("an integer where a number with a point is meant"));
  EXPECT_THAT(body("@%p1 add.s32 %r1, %r2, 1;"), HasSubstr("a predicate, but no branch"));
  EXPECT_THAT(body("bra NOWHERE;"), HasSubstr("no such label: NOWHERE"));
  EXPECT_THAT(body("bar.sync 1;"), HasSubstr("another barrier than 0"));
  EXPECT_THAT(body("ld.global.v2.u32 {%r1, %r2, %r3}, [%rd1];"), HasSubstr("a vector of another length"));
  EXPECT_THAT(body("ld.global.q32 %r1, [%rd1];"), HasSubstr("an unknown type"));
  EXPECT_THAT(body(".local .align 4 .b8 one[4]; .local .align 4 .b8 two[4];"), HasSubstr("another local memory"));
  EXPECT_THAT(body("ld.global.u32 %r1, [other];"), HasSubstr("no such address"));
  EXPECT_THAT(body("ret"), HasSubstr("0 operands are expected"));
  EXPECT_THAT(refusal(".entry k() { ret"), HasSubstr("no ';' follows"));
  EXPECT_THAT(refusal(".entry k(.param .u32 k_param_0, .param .u32 k_param_1) { ret; }"),
              HasSubstr("several parameters"));
  EXPECT_THAT(refusal(".func helper() { ret; }"), HasSubstr("a function that is no kernel"));
  EXPECT_THAT(refusal(".shared .align 4 .b8 fixed[64];"), HasSubstr("a shared array of a fixed size"));
}

TEST(PtxModule, SaysWhatWasExecuted) {
  const Module module(text_of({.body = "setp.lt.s32 %p1, %r0, 99; @%p1 bra END;\nmov.u32 %r1, 1;\nbar.sync 0;\nEND:"}));
  const Kernel& kernel = module.kernel("test");
  EXPECT_EQ(coverage(kernel).instructions, 5 + 2 + 2 + 1);
  EXPECT_EQ(coverage(kernel).missed.size(), 10U);
  const Parameters parameters{};
  run(kernel, {.blocks = 1,
               .threads = 32,
               .shared_bytes = 0,
               .parameters = &parameters,
               .parameter_bytes = sizeof parameters,
               .memory = {}});
  std::string missed;
  for (const Line& line : coverage(kernel).missed) missed += std::to_string(line.number) + " " + line.text + "\n";
  EXPECT_EQ(missed, "18 mov.u32 %r1, 1\n19 bar.sync 0\n");
  EXPECT_EQ(barriers(kernel).at(0).number, 19);
}

}  // namespace
}  // namespace alfi::test::ptx
