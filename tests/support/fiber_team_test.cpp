// FiberTeam finds what it is there to find. Races need ThreadSanitizer: tests/mutants plants some.
#include "tests/support/fiber_team.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace alfi::test {
namespace {

using testing::HasSubstr;

TEST(FiberTeam, RunsEveryItemOnceOnAnyTeam) {
  for (int threads : {32, 96, 128}) {
    std::vector<int> lanes(7 * tile_lanes, 0), rows(5 * 48, 0);
    int once = 0;
    launch_fibers({threads, 1, 2}, [&](const FiberTeam& team, int) {
      team.each(7, [&](int item, int lane) { ++lanes[static_cast<std::size_t>(item * tile_lanes + lane)]; });
      team.each_row(5, 48, [&](int item, int row, auto vectors) {
        for (int v = 0; v < decltype(vectors)::value; ++v) ++rows[static_cast<std::size_t>(item * 48 + row + v)];
      });
      team.once([&] { ++once; });
    });
    EXPECT_EQ(lanes, std::vector<int>(lanes.size(), 2)) << threads;
    EXPECT_EQ(rows, std::vector<int>(rows.size(), 2)) << threads;
    EXPECT_EQ(once, 2);
  }
}

TEST(FiberTeam, OrderComesFromTheSeed) {
  const auto order = [](std::uint64_t seed) {
    std::vector<int> items;
    launch_fibers({32, seed}, [&](const FiberTeam& team, int) {
      team.each(4, [&](int item, int lane) { items.push_back(item * tile_lanes + lane); });
    });
    return items;
  };
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
}

TEST(FiberTeam, BarrierLetsNobodyAhead) {
  std::vector<int> arrived(3, 0);
  std::set<int> seen;
  launch_fibers({96, 3}, [&](const FiberTeam& team, int) {
    for (std::size_t phase = 0; phase < 3; ++phase) {
      team.each(6, [&](int, int) { ++arrived[phase]; });
      team.sync();
      seen.insert(arrived[phase]);
    }
  });
  EXPECT_EQ(seen, std::set<int>{96});
}

TEST(FiberTeam, AddsLanesLikeTheHost) {
  const auto value = [](int item, int lane, int i) {
    return 1.0F / static_cast<float>(1 + (7 * item + 13 * lane + 29 * i) % 101);  // sums depend on their order
  };
  const auto sums = [&](const auto& team, std::vector<float>& totals) {
    team.template sums<3>(
        3, 3,
        [&](int down, int across, int lane, auto& sum) {
          for (int i = 0; i < 3; ++i) sum[i] = value(3 * down + across, lane, i);
        },
        [&](int down, int across, const auto& total, int first, int there) {
          for (int i = 0; i < there; ++i)
            totals[static_cast<std::size_t>(9 * down + 3 * across + first + i)] = total[i];
        });
  };
  std::vector<float> expected(27), in_order(27);
  sums(HostTeam<float>{}, expected);
  for (int threads : {32, 96, 128}) {
    std::vector<float> totals(27);
    launch_fibers({threads, 4}, [&](const FiberTeam& team, int) { sums(team, totals); });
    EXPECT_EQ(totals, expected) << threads;
  }
  for (int item = 0; item < 9; ++item)
    for (int i = 0; i < 3; ++i)
      for (int lane = 0; lane < tile_lanes; ++lane)
        in_order[static_cast<std::size_t>(3 * item + i)] += value(item, lane, i);
  EXPECT_NE(in_order, expected);
}

template <class Body>
std::string failure(Body body) {
  try {
    launch_fibers({64, 5}, [&](const FiberTeam& team, int) { body(team); });
  } catch (const DivergentBarrier& error) {
    return error.what();
  }
  return "none";
}

TEST(FiberTeam, ReportsBarriersThatSomeDoNotReach) {
  EXPECT_EQ(failure([](const FiberTeam& team) { team.sync(); }), "none");
  // One thread waits, the others end.
  EXPECT_THAT(failure([](const FiberTeam& team) { team.once([&] { team.sync(); }); }), HasSubstr("has ended"));
  // One thread waits at another barrier than the others. (A barrier is its line, and within a macro all are one line.)
  const auto two_barriers = [](const FiberTeam& team) {
    team.once([&] { team.sync(); });
    team.sync();
  };
  EXPECT_THAT(failure(two_barriers), HasSubstr("wait at different barriers"));
  // A barrier for each item, and not all threads have as many.
  EXPECT_THAT(failure([](const FiberTeam& team) { team.each(5, [&](int, int) { team.sync(); }); }),
              HasSubstr("has ended"));
}

TEST(FiberTeam, ReportsLanesThatDoNotCome) {
  const auto sums_of_some = [](const FiberTeam& team, int left_out) {
    team.sums<1>(
        4, 1,
        [&](int item, int, int lane, Array<float, 1>&) {
          if (item == 2 && lane == left_out) team.sync();
        },
        [](int, int, const Array<float, 1>&, int, int) {});
  };
  EXPECT_EQ(failure([&](const FiberTeam& team) { sums_of_some(team, -1); }), "none");
  EXPECT_THAT(failure([&](const FiberTeam& team) { sums_of_some(team, 3); }), HasSubstr("divergent barrier"));
}

}  // namespace
}  // namespace alfi::test
