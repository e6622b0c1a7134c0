#include "src/engine/encoder_choice.hpp"

#include <gtest/gtest.h>

namespace alfi {
namespace {

Encoder choice(const std::string& simulator, int episodes, Encoder wanted = Encoder::automatic,
               RealSource real = RealSource::simulated) {
  Configuration configuration;
  configuration.simulator.name = simulator;
  configuration.engine.encoder = wanted;
  configuration.episode.iterations = 5;
  const Plan plan = configuration;
  return choose_encoder(plan, plan.shape, episodes, real);
}

TEST(EncoderChoice, TakesTheCheapest) {
  EXPECT_EQ(choice("poisson", 32), Encoder::table);
  EXPECT_EQ(choice("gaussian", 32), Encoder::segments);
  EXPECT_EQ(choice("weinberg", 1), Encoder::segments);
  EXPECT_EQ(choice("multi_distribution", 1000), Encoder::dense);
}

TEST(EncoderChoice, DoesNotBuildWhatIsHardlyUsed) {
  Configuration configuration;
  configuration.simulator.name = "poisson";
  const auto choice = [&](int real_observations, int hidden, int episodes) {
    configuration.episode = {1, 2, 1, {real_observations, real_observations}};
    configuration.networks.encoder.hidden = hidden;
    const Plan plan = configuration;
    return choose_encoder(plan, plan.shape, episodes, RealSource::simulated);
  };
  // 80 observations; segments have about 1600 rows to run forward, 4 a hidden unit.
  EXPECT_EQ(choice(3, 400, 16), Encoder::dense);
  EXPECT_EQ(choice(3, 50, 16), Encoder::segments);  // 200 rows
  EXPECT_EQ(choice(3, 50, 1024), Encoder::segments);
  EXPECT_EQ(choice(3000, 50, 1024), Encoder::table);
}

TEST(EncoderChoice, LooksNoGivenObservationsUpInATable) {
  EXPECT_EQ(choice("poisson", 32, Encoder::automatic, RealSource::given), Encoder::segments);
  EXPECT_EQ(choice("poisson", 32, Encoder::table, RealSource::given), Encoder::segments);
}

TEST(EncoderChoice, DoesAsItIsTold) {
  EXPECT_EQ(choice("poisson", 1, Encoder::table), Encoder::table);
  EXPECT_EQ(choice("poisson", 1, Encoder::segments), Encoder::segments);
  EXPECT_EQ(choice("poisson", 100000, Encoder::dense), Encoder::dense);
}

}  // namespace
}  // namespace alfi
