#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/ptx/unit/program.hpp"

namespace alfi::test::ptx {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

const std::string keep_32 = "cvt.u64.u32 %rd3, %r9; st.global.u64 [%rd2], %rd3;\n";
/// Jumps to the label where the thread's number is below.
std::string below(int number, const std::string& label) {
  return "setp.lt.s32 %p1, %r0, " + std::to_string(number) + "; @%p1 bra " + label + ";\n";
}

TEST(PtxWarp, RunsBothSidesOfABranchAndMeetsAgain) {
  Counts counts;
  const std::vector<std::uint64_t> results = execute(
      {.body = below(10, "LOW") + "mov.u32 %r9, 7;\nbra JOIN;\nLOW:\nmov.u32 %r9, 5;\nJOIN:\n" + keep_32}, &counts);
  for (std::size_t lane = 0; lane < 32; ++lane) EXPECT_EQ(results[lane], lane < 10 ? 5U : 7U);
  // Code after the branch is executed once: 5 before the body, 2 and 3 of the branch, 3 after it.
  EXPECT_EQ(counts.instructions, 5 + 2 + 3 + 3);
  EXPECT_EQ(counts.lanes, 32 * (5 + 2 + 3) + 22 * 2 + 10);
}

TEST(PtxWarp, TakesABranchThatIsNegated) {
  const std::vector<std::uint64_t> results =
      execute({.body = "mov.u32 %r9, 1; setp.lt.s32 %p1, %r0, 3; @!%p1 bra END;\nmov.u32 %r9, 2;\nEND:\n" + keep_32});
  for (std::size_t lane = 0; lane < 32; ++lane) EXPECT_EQ(results[lane], lane < 3 ? 2U : 1U);
}

TEST(PtxWarp, RunsLoopsOfDifferentLengths) {
  const std::string body =
      "mov.u32 %r9, 0; mov.u32 %r1, 0;\nLOOP:\nadd.s32 %r9, %r9, %r1; add.s32 %r1, %r1, 1;\n"
      "setp.le.s32 %p1, %r1, %r0; @%p1 bra LOOP;\n";
  Counts counts;
  const std::vector<std::uint64_t> results = execute({.body = body + keep_32}, &counts);
  for (std::size_t lane = 0; lane < 32; ++lane) EXPECT_EQ(results[lane], lane * (lane + 1) / 2);
  EXPECT_EQ(counts.instructions, 5 + 2 + 32 * 4 + 3) << "lanes in the loop go on together";
}

TEST(PtxWarp, EndsSomeLanesBeforeOthers) {
  EXPECT_EQ(execute({.body = below(10, "MORE") + "ret;\nMORE:\nmov.u32 %r9, 1;\n" + keep_32}).at(9), 1U);
  EXPECT_EQ(execute({.body = below(10, "MORE") + "ret;\nMORE:\nmov.u32 %r9, 1;\n" + keep_32}).at(10),
            ~std::uint64_t{0});
}

TEST(PtxWarp, KnowsThreadBlockAndLane) {
  const std::string body =
      "mov.u32 %r1, %laneid; mov.u32 %r2, %ctaid.x; mad.lo.s32 %r9, %r0, 100, %r1;\nadd.s32 %r9, %r9, %r2;\n";
  EXPECT_EQ(execute({.body = body + keep_32, .threads = 64}).at(40), 4008U);
  // The last block to run leaves its number.
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    if (execute({.body = body + keep_32, .threads = 64, .blocks = 3, .seed = seed}).at(40) != 4010U) return;
  ADD_FAILURE() << "blocks always run in order";
}

TEST(PtxWarp, RefusesPartsOfWarpsAndTooManyThreads) {
  EXPECT_THAT(trouble_of({.body = "", .threads = 40}), HasSubstr("a launch of 40 threads"));
  EXPECT_THAT(trouble_of({.body = "", .threads = 2048}), HasSubstr("a launch of 2048 threads"));
}

TEST(PtxBarrier, IsReachedByAllWarpsInAnyOrder) {
  // Thread t writes, and 63 - t reads.
  const std::string body =
      "mov.u32 %r3, memory; mad.lo.s32 %r1, %r0, 4, %r3; st.shared.u32 [%r1], %r0; bar.sync 0;\n"
      "sub.s32 %r2, 63, %r0; mad.lo.s32 %r2, %r2, 4, %r3; ld.shared.u32 %r9, [%r2];\n";
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const std::vector<std::uint64_t> results =
        execute({.body = body + keep_32, .threads = 64, .shared_bytes = 256, .seed = seed});
    for (std::size_t thread = 0; thread < 64; ++thread) EXPECT_EQ(results[thread], 63 - thread);
  }
}

TEST(PtxBarrier, WaitsForLanesThatAreBehind) {
  EXPECT_EQ(trouble_of({.body = below(5, "LOW") + "bra JOIN;\nLOW:\nmov.u32 %r9, 0;\nJOIN:\nbar.sync 0;"}), "none");
}

TEST(PtxBarrier, IsDivergentWhereLanesOfAWarpDoNotCome) {
  // Some lanes wait here and some there; some have ended.
  EXPECT_THAT(trouble_of({.body = below(5, "LOW") + "bar.sync 0;\nbra END;\nLOW:\nbar.sync 0;\nEND:"}),
              HasSubstr("lanes wait for each other"));
  EXPECT_THAT(trouble_of({.body = below(5, "END") + "bar.sync 0;\nEND:"}), HasSubstr("lanes wait for each other"));
  EXPECT_THAT(trouble_of({.body = below(5, "LOW") + "bra ON;\nLOW:\nret;\nON:\nbar.sync 0;"}),
              HasSubstr("some lanes have ended"));
}

TEST(PtxBarrier, IsDivergentWhereWarpsDoNotCome) {
  EXPECT_THAT(trouble_of({.body = below(32, "LOW") + "bar.sync 0;\nbra END;\nLOW:\nbar.sync 0;\nEND:", .threads = 64}),
              HasSubstr("another warp waits at the barrier of line"));
  EXPECT_THAT(trouble_of({.body = below(32, "END") + "bar.sync 0;\nEND:", .threads = 64}),
              HasSubstr("a warp waits, others have ended"));
}

std::string shuffle(const std::string& distance, const std::string& clamp, const std::string& members) {
  return "shfl.sync.bfly.b32 %r9|%p2, %r0, " + distance + ", " + clamp + ", " + members + ";\n";
}

TEST(PtxShuffle, ExchangesLanesOfASegment) {
  // A clamp of 31 is a segment of all lanes; with segments of 16, and a distance that leaves them, lanes keep their
  // own.
  const std::vector<std::uint64_t> all = execute({.body = shuffle("16", "31", "-1") + keep_32});
  for (std::size_t lane = 0; lane < 32; ++lane) EXPECT_EQ(all[lane], lane ^ 16);
  const std::string validity = "selp.b32 %r2, 100, 0, %p2; add.s32 %r9, %r9, %r2;\n";
  const std::vector<std::uint64_t> halves = execute({.body = shuffle("3", "4127", "-1") + validity + keep_32});
  for (std::size_t lane = 0; lane < 32; ++lane) EXPECT_EQ(halves[lane], (lane ^ 3) + 100);
  const std::vector<std::uint64_t> beyond = execute({.body = shuffle("16", "4111", "-1") + validity + keep_32});
  for (std::size_t lane = 0; lane < 32; ++lane) EXPECT_EQ(beyond[lane], lane < 16 ? lane : (lane ^ 16) + 100);
}

TEST(PtxShuffle, WaitsForTheLanesOfItsMask) {
  // Half warps come each by itself, one of them later.
  const std::string body = "mov.u32 %r9, 9;\n" + below(16, "LOW") + shuffle("1", "31", "-65536") + "bra JOIN;\nLOW:\n" +
                           shuffle("2", "31", "65535") + "JOIN:\n";
  const std::vector<std::uint64_t> results = execute({.body = body + keep_32});
  for (std::size_t lane = 0; lane < 32; ++lane) EXPECT_EQ(results[lane], lane < 16 ? lane ^ 2 : lane ^ 1);
}

TEST(PtxShuffle, ReportsLanesThatDoNotCome) {
  EXPECT_THAT(trouble_of({.body = below(4, "END") + shuffle("1", "31", "-1") + "END:\nbar.sync 0;"}),
              HasSubstr("lanes wait for each other"));
  EXPECT_THAT(trouble_of({.body = below(4, "MORE") + "ret;\nMORE:\n" + shuffle("1", "31", "-1")}),
              HasSubstr("lanes that have ended are waited for"));
}

TEST(PtxShuffle, ReportsMasksThatDoNotAgree) {
  EXPECT_THAT(trouble_of({.body = shuffle("1", "31", "65535")}), HasSubstr("a lane is not in its own mask"));
  EXPECT_THAT(trouble_of({.body = below(16, "LOW") + "bra END;\nLOW:\n" + shuffle("16", "31", "65535") + "END:"}),
              HasSubstr("a shuffle from a lane beyond the mask"));
  EXPECT_THAT(trouble_of({.body = "mov.u32 %r1, -1;\n" + below(16, "GO") + "mov.u32 %r1, -256;\nGO:\n" +
                                  shuffle("16", "31", "%r1")}),
              HasSubstr("lanes with different masks"));
}

}  // namespace
}  // namespace alfi::test::ptx
