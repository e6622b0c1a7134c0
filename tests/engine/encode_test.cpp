// Codes of problems without a rollout: those a rollout would find, whatever the other problems are.
#include <gtest/gtest.h>

#include <vector>

#include "src/engine/engine.hpp"
#include "tests/support/small_machine.hpp"

namespace alfi {
namespace {

std::vector<float> codes_of_rollout(Engine& engine, const Episodes& episodes, std::span<const float> weights) {
  const auto CP = static_cast<std::size_t>(engine.plan().shape.CP());
  std::vector<float> codes(static_cast<std::size_t>(episodes.count) * CP);
  engine.rollout(episodes, 2, weights, [&](const FinishedTile& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane)
      for (std::size_t c = 0; c < CP; ++c)
        codes[static_cast<std::size_t>(finished.first + lane) * CP + c] =
            finished.tile.real_code[c * tile_lanes + static_cast<std::size_t>(lane)];
  });
  return codes;
}

TEST(Encode, FindsTheCodesOfARollout) {
  for (const char* const simulator : {"poisson", "multi_distribution"}) {
    const Checkpoint checkpoint = test::small_checkpoint(test::small_configuration(simulator));
    Engine engine(checkpoint.plan, checkpoint.normalisation);
    const Episodes episodes{.phase = Phase::evaluation, .step = 3, .count = 37, .seed = 5};
    EXPECT_EQ(engine.encode(episodes, checkpoint.state.average),
              codes_of_rollout(engine, episodes, checkpoint.state.average));
  }
}

TEST(Encode, OfAGivenProblemDoesNotDependOnTheOthers) {
  const Checkpoint checkpoint = test::small_checkpoint(test::small_configuration("multi_distribution"));
  Engine engine(checkpoint.plan, checkpoint.normalisation);
  constexpr int X = 5;
  std::vector<std::vector<float>> x;
  std::vector<GivenProblem> problems;
  for (int i = 0; i < 35; ++i)
    x.push_back(simulate("multi_distribution", {0.1 * i - 1, 0.5, 1}, 3 + i % 17, static_cast<unsigned long>(i)));
  for (const std::vector<float>& of : x) problems.push_back({of, static_cast<int>(of.size()) / X, 1});
  const std::vector<float> all = engine.encode(problems, checkpoint.state.average);
  const auto CP = static_cast<std::size_t>(checkpoint.plan.shape.CP());
  for (std::size_t i = 0; i < problems.size(); ++i) {
    std::vector<float> in_rollout;
    engine.infer({&problems[i], 1}, 1, 1, checkpoint.state.average, [&](std::size_t, const FinishedTile& finished) {
      for (std::size_t c = 0; c < CP; ++c) in_rollout.push_back(finished.tile.real_code[c * tile_lanes]);
    });
    const std::vector<float> among(all.begin() + static_cast<std::ptrdiff_t>(i * CP),
                                   all.begin() + static_cast<std::ptrdiff_t>((i + 1) * CP));
    EXPECT_EQ(among, in_rollout) << i;
    EXPECT_EQ(among, engine.encode(std::span(&problems[i], 1), checkpoint.state.average)) << i;
  }
}

}  // namespace
}  // namespace alfi
