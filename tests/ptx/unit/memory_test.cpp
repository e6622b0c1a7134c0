#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "tests/ptx/unit/program.hpp"

namespace alfi::test::ptx {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string keep_32 = "cvt.u64.u32 %rd3, %r9; st.global.u64 [%rd2], %rd3;\n";

TEST(PtxMemory, LoadsAndStoresVectors) {
  const std::string body =
      "ld.global.v2.u32 {%r1, %r2}, [%rd1]; ld.global.v4.u32 {%r3, _, %r4, %r5}, [%rd1];\n"
      "st.shared.v4.u32 [memory+16], {%r1, %r3, %r4, 9}; ld.shared.v4.u32 {%r1, %r2, %r3, %r4}, [memory+16];\n"
      "mul.lo.s32 %r9, %r3, 1000; add.s32 %r9, %r9, %r4; add.s32 %r9, %r9, %r1;\n";
  // Words 3, 4, 5, 6: %r1 and %r3 are 3, %r4 is 5.
  EXPECT_EQ(execute({.body = body + keep_32,
                     .shared_bytes = 32,
                     .input = {3 | std::uint64_t{4} << 32, 5 | std::uint64_t{6} << 32}})
                .at(7),
            5U * 1000 + 9 + 3);
}

TEST(PtxMemory, ExtendsNumbersOf8And16Bits) {
  const auto loaded = [](const std::string& load) {
    return execute({.body = load + keep_32, .input = {0x80F1}}).at(0);
  };
  EXPECT_EQ(loaded("ld.global.u8 %rs1, [%rd1]; cvt.u32.u16 %r9, %rs1;"), 0xF1U);
  EXPECT_EQ(loaded("ld.global.s8 %rs1, [%rd1]; cvt.u32.u16 %r9, %rs1;"), 0xFFF1U);
  EXPECT_EQ(loaded("ld.global.u16 %r9, [%rd1];"), 0x80F1U);
  EXPECT_EQ(loaded("ld.global.s16 %r9, [%rd1];"), 0xFFFF80F1U);
  // The lower bytes of a wider register are stored.
  EXPECT_EQ(loaded("mov.u64 %rd4, 0; st.global.u64 [%rd2], %rd4; ld.global.u32 %r1, [%rd1]; st.global.u8 [%rd2], %r1;"
                   "ld.global.u32 %r9, [%rd2];"),
            0xF1U);
  EXPECT_EQ(
      loaded("mov.u64 %rd4, 0; st.global.u64 [%rd2], %rd4; st.global.u16 [%rd2+2], -2; ld.global.u32 %r9, [%rd2];"),
      0xFFFE0000U);
}

TEST(PtxMemory, ReachesSharedMemoryByGenericAddresses) {
  const std::string body =
      "mov.u32 %r1, memory; cvt.u64.u32 %rd3, %r1; cvta.shared.u64 %rd4, %rd3; st.u32 [%rd4+4], 11;\n"
      "ld.shared.u32 %r9, [memory+4]; cvta.to.shared.u64 %rd5, %rd4; ld.shared.u32 %r2, [%rd5+4];\n"
      "add.s32 %r9, %r9, %r2;\n";
  EXPECT_EQ(execute({.body = body + keep_32, .shared_bytes = 8}).at(0), 22U);
}

TEST(PtxMemory, GivesEachThreadMemoryOfItsOwn) {
  const std::string body =
      ".local .align 8 .b8 own[8]; mov.u64 %rd3, own; cvta.local.u64 %rd4, %rd3; st.local.u32 [%rd3+4], %r0;\n"
      "bar.sync 0; ld.u32 %r9, [%rd4+4];\n";
  const auto results = execute({.body = body + keep_32, .threads = 64});
  for (std::size_t thread = 0; thread < 64; ++thread) EXPECT_EQ(results.at(thread), thread);
  const std::string declared = ".local .align 8 .b8 own[16]; mov.u64 %rd3, own;";
  EXPECT_THAT(trouble_of({.body = declared + "st.local.u32 [%rd3+16], %r0;"}),
              HasSubstr("beyond the thread's own memory"));
  EXPECT_THAT(trouble_of({.body = declared + "ld.local.u32 %r1, [%rd3+8];", .fresh = true}),
              HasSubstr("a number nothing wrote"));
}

TEST(PtxMemory, ReportsMisalignedAddresses) {
  EXPECT_THAT(trouble_of({.body = "ld.global.u32 %r1, [%rd1+2];", .input = {0}}),
              AllOf(HasSubstr("misaligned"), HasSubstr("ld.global.u32 %r1, [%rd1+2]"), HasSubstr("lane 0")));
  EXPECT_THAT(trouble_of({.body = "st.shared.v2.f32 [memory+4], {%f1, %f2};", .shared_bytes = 64}),
              HasSubstr("misaligned"));
  EXPECT_THAT(trouble_of({.body = "ld.param.u64 %rd3, [test_param_0+4];"}), HasSubstr("misaligned"));
  // Eight rows of 16 bytes, of which one begins at 8.
  EXPECT_THAT(trouble_of({.body = "mov.u32 %r1, memory; mad.lo.s32 %r1, %r0, 8, %r1;\n"
                                  "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r2,%r3,%r4,%r5}, [%r1];",
                          .shared_bytes = 1024}),
              AllOf(HasSubstr("misaligned"), HasSubstr("lane 1")));
}

TEST(PtxMemory, ReportsAccessesBeyondSharedMemory) {
  EXPECT_EQ(trouble_of({.body = "st.shared.u32 [memory+60], 1;", .shared_bytes = 64}), "none");
  EXPECT_THAT(trouble_of({.body = "st.shared.u32 [memory+64], 1;", .shared_bytes = 64}),
              HasSubstr("beyond the block's 64"));
  EXPECT_THAT(trouble_of({.body = "ld.shared.u64 %rd3, [memory];", .shared_bytes = 4}),
              HasSubstr("beyond the block's 4"));
  // Shared memory that a device keeps to itself.
  EXPECT_THAT(trouble_of({.body = "mov.u32 %r1, 0; ld.shared.u32 %r2, [%r1];", .shared_bytes = 64}),
              HasSubstr("shared address 0"));
}

TEST(PtxMemory, ReportsAccessesBeyondDeviceMemory) {
  EXPECT_EQ(trouble_of({.body = "ld.global.u64 %rd3, [%rd1+8];", .input = {0, 0}}), "none");
  EXPECT_THAT(trouble_of({.body = "ld.global.u64 %rd3, [%rd1+16];", .input = {0, 0}}),
              HasSubstr("is not in device memory"));
  EXPECT_THAT(trouble_of({.body = "add.s64 %rd3, %rd1, -8; ld.u64 %rd3, [%rd3];", .input = {0, 0}}),
              HasSubstr("is not in device memory"));
  EXPECT_THAT(trouble_of({.body = "mov.u64 %rd3, 0; st.global.u32 [%rd3], 1;"}), HasSubstr("is not in device memory"));
}

TEST(PtxMemory, WithoutRangesRefusesTheNullPage) {
  const Module module(text_of({.body = "mov.u64 %rd3, 8; ld.global.u64 %rd4, [%rd3];"}));
  const Parameters parameters{};
  Launch launch{.blocks = 1,
                .threads = 32,
                .shared_bytes = 0,
                .parameters = &parameters,
                .parameter_bytes = sizeof parameters,
                .memory = {}};
  EXPECT_THAT([&] { run(module.kernel("test"), launch); }, testing::ThrowsMessage<Error>(HasSubstr("a null pointer")));
}

TEST(PtxMemory, ReportsAccessesBeyondTheParameters) {
  EXPECT_THAT(trouble_of({.body = "ld.param.u64 %rd3, [test_param_0+16];"}), HasSubstr("beyond the parameters"));
  EXPECT_THAT(trouble_of({.body = "mov.u32 %r1, 1; st.param.u32 [test_param_0], %r1;"}),
              HasSubstr("beyond the parameters"));
  const Module module(text_of({.body = ""}));
  Launch launch{
      .blocks = 1, .threads = 32, .shared_bytes = 0, .parameters = nullptr, .parameter_bytes = 8, .memory = {}};
  EXPECT_THAT([&] { run(module.kernel("test"), launch); },
              testing::ThrowsMessage<Error>(HasSubstr("8 bytes of parameters, not 16")));
}

// Only reads of 32 bits and more are judged: a byte may be all ones by right.
TEST(PtxMemory, ReportsReadsOfFreshMemoryOnDemand) {
  const auto read = [](const std::string& load, bool fresh) {
    return trouble_of({.body = load, .shared_bytes = 64, .fresh = fresh});
  };
  EXPECT_EQ(read("ld.shared.f32 %f1, [memory];", false), "none");
  EXPECT_THAT(read("ld.shared.f32 %f1, [memory];", true), HasSubstr("a number nothing wrote"));
  EXPECT_THAT(read("ld.shared.u64 %rd3, [memory+8];", true), HasSubstr("a number nothing wrote"));
  EXPECT_THAT(read("ld.global.u32 %r1, [%rd0];", true), HasSubstr("a number nothing wrote"));
  EXPECT_EQ(read("st.shared.v2.u32 [memory], {1, 2}; ld.shared.v2.u32 {%r1, %r2}, [memory];", true), "none");
  EXPECT_THAT(read("st.shared.u32 [memory], 1; ld.shared.v2.u32 {%r1, %r2}, [memory];", true),
              HasSubstr("nothing wrote"));
  EXPECT_EQ(read("st.shared.u32 [memory], 1; ld.shared.v2.u32 {%r1, _}, [memory];", true), "none");
  EXPECT_EQ(read("ld.shared.u8 %rs1, [memory];", true), "none");
}

// Each block begins with shared memory that holds nothing.
TEST(PtxMemory, ForgetsSharedMemoryBetweenBlocks) {
  const std::string body = "mov.u32 %r1, %ctaid.x; ld.shared.u32 %r9, [memory]; st.shared.u32 [memory], 5;\n";
  EXPECT_EQ(execute({.body = body + keep_32, .blocks = 3, .shared_bytes = 4}).at(0), 0xFFFFFFFF);
}

}  // namespace
}  // namespace alfi::test::ptx
