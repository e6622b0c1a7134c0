#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/ptx/unit/program.hpp"

namespace alfi::test::ptx {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// %r1: the thread's own word of shared memory; %r2: its neighbour's in another warp.
const std::string words =
    "mov.u32 %r3, memory; mad.lo.s32 %r1, %r0, 4, %r3; xor.b32 %r2, %r0, 32; mad.lo.s32 %r2, %r2, 4, %r3;\n";

std::string in_two_warps(const std::string& body, std::uint64_t seed = 1, int without_barrier = 0) {
  return trouble_of({.body = words + body,
                     .threads = 64,
                     .shared_bytes = 256,
                     .races = true,
                     .seed = seed,
                     .without_barrier = without_barrier});
}

TEST(PtxRaces, AreReportedOnlyOnDemand) {
  EXPECT_EQ(trouble_of({.body = "st.shared.u32 [memory], %r0;", .threads = 64, .shared_bytes = 4}), "none");
}

TEST(PtxRaces, BetweenAWriteAndAReadAreEndedByABarrier) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    EXPECT_EQ(in_two_warps("st.shared.u32 [%r1], 1; bar.sync 0; ld.shared.u32 %r4, [%r2];", seed), "none");
    EXPECT_THAT(in_two_warps("st.shared.u32 [%r1], 1; ld.shared.u32 %r4, [%r2];", seed), HasSubstr("a race with a"));
  }
}

TEST(PtxRaces, OfABarrierThatIsPassedOver) {
  const std::string body = "st.shared.u32 [%r1], 1;\nbar.sync 0;\nld.shared.u32 %r4, [%r2];";
  const Module module(text_of({.body = words + body}));
  const std::vector<Line> found = barriers(module.kernel("test"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].text, "bar.sync 0");
  EXPECT_THAT(in_two_warps(body, 1, found[0].number), HasSubstr("a race with a"));
  EXPECT_EQ(in_two_warps(body, 1, found[0].number + 1), "none");
}

TEST(PtxRaces, BetweenReadsAndALaterWrite) {
  // One reader in the other warp, and many readers.
  EXPECT_THAT(in_two_warps("ld.shared.u32 %r4, [%r2]; st.shared.u32 [%r1], 1;"), HasSubstr("a race with a"));
  EXPECT_THAT(
      in_two_warps(
          "ld.shared.u32 %r4, [memory]; setp.ne.s32 %p1, %r0, 0; @%p1 bra END; st.shared.u32 [memory], 1; END:"),
      HasSubstr("a race with a"));
  EXPECT_EQ(in_two_warps("ld.shared.u32 %r4, [memory]; bar.sync 0; setp.ne.s32 %p1, %r0, 0; @%p1 bra END; "
                         "st.shared.u32 [memory], 1; END:"),
            "none");
}

TEST(PtxRaces, BetweenTwoWrites) {
  EXPECT_THAT(in_two_warps("st.shared.u32 [memory], %r0;"), HasSubstr("a race with a write by thread"));
  EXPECT_EQ(in_two_warps("st.shared.u32 [%r1], %r0;"), "none");
}

// A warp's lanes need not go on together.
TEST(PtxRaces, BetweenLanesOfAWarp) {
  EXPECT_THAT(trouble_of({.body = "st.shared.u32 [memory], %r0;", .shared_bytes = 4, .races = true}),
              AllOf(HasSubstr("a race with a write by thread 0 of block 0"), HasSubstr("lane 1")));
  EXPECT_THAT(trouble_of({.body = words + "st.shared.u32 [%r1], 1; ld.shared.u32 %r4, [memory+8];",
                          .shared_bytes = 128,
                          .races = true}),
              HasSubstr("a race with a write by thread 2"));
}

TEST(PtxRaces, AreFoundByTwoBytes) {
  const std::string halves = "mov.u32 %r3, memory; mad.lo.s32 %r1, %r0, 2, %r3; mov.u16 %rs1, 1;";
  EXPECT_EQ(trouble_of({.body = halves + "st.shared.u16 [%r1], %rs1;", .shared_bytes = 64, .races = true}), "none");
  EXPECT_THAT(trouble_of({.body = halves + "st.shared.u16 [%r1], %rs1; and.b32 %r1, %r1, -4; ld.shared.u32 %r2, [%r1];",
                          .shared_bytes = 64,
                          .races = true}),
              HasSubstr("a race with a write"));
}

TEST(PtxRaces, BetweenBlocksAreEndedByNothing) {
  const auto in_blocks = [](const std::string& body, std::uint64_t seed) {
    return trouble_of({.body = body, .blocks = 3, .input = {7}, .races = true, .seed = seed});
  };
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    EXPECT_THAT(in_blocks("st.global.u64 [%rd2], 1; bar.sync 0;", seed), HasSubstr("a race with a write by thread"));
    EXPECT_EQ(in_blocks("ld.global.u64 %rd3, [%rd1]; bar.sync 0;", seed), "none");
    // All blocks read what one writes.
    EXPECT_THAT(in_blocks("ld.global.u64 %rd3, [%rd0]; bar.sync 0; mov.u32 %r1, %ctaid.x; add.s32 %r1, %r1, %r0;\n"
                          "setp.ne.s32 %p1, %r1, 0; @%p1 bra END; st.global.u64 [%rd0], 1; END:",
                          seed),
                HasSubstr("a race with a"));
    // Shared memory is each block's own.
    EXPECT_EQ(
        trouble_of(
            {.body = words + "st.shared.u32 [%r1], 1;", .blocks = 3, .shared_bytes = 128, .races = true, .seed = seed}),
        "none");
  }
}

}  // namespace
}  // namespace alfi::test::ptx
