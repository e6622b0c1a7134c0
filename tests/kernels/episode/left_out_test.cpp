// Observations that are no numbers, left out of their sets.
#include "kernels/episode/left_out.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/team/host_team.hpp"
#include "tests/support/fiber_team.hpp"
#include "tests/support/team_runs.hpp"

namespace alfi::test {
namespace {

struct Sets {
  int X, sets, size;
  std::vector<float> x, count;

  Rows<float> rows() { return {x.data(), sets * size * tile_lanes}; }
  float& at(int k, int set, int i, int lane) {
    return x[static_cast<std::size_t>((k * sets * size + set * size + i) * tile_lanes + lane)];
  }
};

/// Makes sets of numbered observations, part of which have a NaN or an infinity among their numbers. Some sets have
/// nothing to leave out, some nothing to keep, and in some not all rows count.
Sets made_up(int X, int sets, int size, std::uint64_t seed) {
  Sets made{X, sets, size, std::vector<float>(static_cast<std::size_t>(X * sets * size * tile_lanes)), {}};
  std::mt19937_64 engine(seed);
  float number = 0;
  for (int set = 0; set < sets; ++set)
    for (int lane = 0; lane < tile_lanes; ++lane) {
      const int failing = static_cast<int>(engine() % 4);  // of 3: none, a third, two thirds, all
      for (int i = 0; i < size; ++i) {
        for (int k = 0; k < X; ++k) made.at(k, set, i, lane) = ++number;
        if (static_cast<int>(engine() % 3) >= failing) continue;
        constexpr float none[] = {NAN, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()};
        made.at(static_cast<int>(engine()) & (X - 1), set, i, lane) = none[engine() % 3];
      }
    }
  for (int i = 0; i < sets * tile_lanes; ++i)
    made.count.push_back(static_cast<float>(engine() % 3 == 0 ? engine() % static_cast<unsigned>(size + 1)
                                                              : static_cast<unsigned>(size)));
  return made;
}

Sets expected_of(Sets given) {
  Sets expected = given;
  for (int set = 0; set < given.sets; ++set)
    for (int lane = 0; lane < tile_lanes; ++lane) {
      float& counted = expected.count[static_cast<std::size_t>(set * tile_lanes + lane)];
      const int before = static_cast<int>(counted);
      std::vector<int> kept;
      for (int i = 0; i < before; ++i) {
        bool finite = true;
        for (int k = 0; k < given.X; ++k) finite = finite && std::isfinite(given.at(k, set, i, lane));
        if (finite) kept.push_back(i);
      }
      for (int i = 0; i < before; ++i)
        for (int k = 0; k < given.X; ++k)
          expected.at(k, set, i, lane) =
              i < static_cast<int>(kept.size()) ? given.at(k, set, kept[static_cast<std::size_t>(i)], lane) : 0;
      counted = static_cast<float>(kept.size());
    }
  return expected;
}

void expect_equal(Sets& got, Sets& expected) {
  EXPECT_EQ(got.count, expected.count);
  for (int set = 0; set < got.sets; ++set)
    for (int lane = 0; lane < tile_lanes; ++lane)
      for (int i = 0; i < static_cast<int>(expected.count[static_cast<std::size_t>(set * tile_lanes + lane)]); ++i)
        for (int k = 0; k < got.X; ++k) EXPECT_EQ(got.at(k, set, i, lane), expected.at(k, set, i, lane));
}

TEST(LeftOut, IsWhatIsNoNumber) {
  std::uint64_t seed = 1;
  for (const int X : {1, 2, 4})
    for (const int sets : {1, 5})
      for (const int size : {1, 7, 20}) {
        Sets lanes = made_up(X, sets, size, seed++), scalar = lanes, expected = expected_of(lanes);
        leave_out(HostTeam<FloatLanes>{}, lanes.rows(), X, sets, size, lanes.count.data());
        expect_equal(lanes, expected);
        leave_out(HostTeam<float>{}, scalar.rows(), X, sets, size, scalar.count.data());
        expect_equal(scalar, expected);
        for (const int threads : {32, 96}) {
          Sets fibers = made_up(X, sets, size, seed - 1);
          launch_fibers({threads, seed}, [&](const auto& team, int) {
            leave_out(team, fibers.rows(), X, sets, size, fibers.count.data());
          });
          expect_equal(fibers, expected);
        }
        // A gradient multiplies by 0 what counts no more: it must be a number.
        for (const float value : lanes.x) EXPECT_TRUE(std::isfinite(value));
      }
}

}  // namespace
}  // namespace alfi::test
