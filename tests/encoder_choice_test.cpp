#include "src/encoder_choice.hpp"

#include <gtest/gtest.h>

#include "src/model.hpp"

namespace alfi {
namespace {

Encoder choice(const std::string& simulator, int episodes, Encoder wanted = Encoder::automatic, bool given = false) {
  Configuration configuration;
  configuration.simulator.name = simulator;
  configuration.engine.encoder = wanted;
  configuration.episode.iterations = 5;
  return choose_encoder(configuration, shape_of(configuration, 5), episodes, given);
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
  configuration.episode = {1, 2, 1, {3, 3}};
  const Shape shape = shape_of(configuration, 1);  // 5 observations an episode
  EXPECT_EQ(choose_encoder(configuration, shape, 16, false), Encoder::dense);
  EXPECT_EQ(choose_encoder(configuration, shape, 64, false), Encoder::segments);
  EXPECT_EQ(choose_encoder(configuration, shape, 1024, false), Encoder::table);
}

TEST(EncoderChoice, LooksNoGivenObservationsUpInATable) {
  EXPECT_EQ(choice("poisson", 32, Encoder::automatic, true), Encoder::segments);
  EXPECT_EQ(choice("poisson", 32, Encoder::table, true), Encoder::segments);
}

TEST(EncoderChoice, DoesAsItIsTold) {
  EXPECT_EQ(choice("poisson", 1, Encoder::table), Encoder::table);
  EXPECT_EQ(choice("poisson", 1, Encoder::segments), Encoder::segments);
  EXPECT_EQ(choice("poisson", 100000, Encoder::dense), Encoder::dense);
}

}  // namespace
}  // namespace alfi
