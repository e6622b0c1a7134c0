#include "kernels/episode/problem.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace alfi {
namespace {

std::vector<std::uint32_t> one_pass(std::uint64_t pass, std::uint32_t problems, std::uint64_t seed) {
  std::vector<std::uint32_t> order;
  for (std::uint64_t i = 0; i < problems; ++i) order.push_back(problem_at(pass * problems + i, problems, seed));
  return order;
}

TEST(ProblemOrder, EveryPassMeetsEveryProblemOnce) {
  for (const std::uint32_t problems : {1U, 2U, 3U, 16U, 17U, 1000U, 10000U})
    for (const std::uint64_t pass : {0U, 1U, 7U}) {
      std::vector<std::uint32_t> order = one_pass(pass, problems, 3), all(problems);
      std::iota(all.begin(), all.end(), 0U);
      std::sort(order.begin(), order.end());
      EXPECT_EQ(order, all) << problems << " problems, pass " << pass;
    }
}

TEST(ProblemOrder, PassesAndSeedsDiffer) {
  EXPECT_NE(one_pass(0, 1000, 3), one_pass(1, 1000, 3));
  EXPECT_NE(one_pass(0, 1000, 3), one_pass(0, 1000, 4));
}

TEST(ProblemOrder, NeighboursAreScattered) {
  // In a random order a step to the next problem is one up about once in a pass; 20 would be far out (Poisson of 1).
  const auto order = one_pass(0, 10000, 5);
  int steps_up = 0;
  for (std::size_t i = 1; i < order.size(); ++i) steps_up += order[i] == order[i - 1] + 1;
  EXPECT_LT(steps_up, 20);
}

}  // namespace
}  // namespace alfi
