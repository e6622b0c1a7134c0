#include "src/configuration/differences.hpp"

#include <gtest/gtest.h>

namespace alfi::configuration {
namespace {

TEST(Differences, AreNamedWithBothValues) {
  const Configuration a = parse_configuration("simulator: {name: poisson}");
  EXPECT_TRUE(differences(a, a).empty());
  const Configuration b =
      parse_configuration("simulator: {name: gaussian}",
                          {"engine.seed=7", "training.keep_checkpoints=3", "prior={mean: {uniform: [0, 1]}}"});
  EXPECT_EQ(text_of(differences(a, b)),
            "simulator.name = poisson (it was gaussian), prior = {} (it was {mean: {uniform: [0, 1]}}), "
            "training.keep_checkpoints = all (it was 3), engine.seed = 1 (it was 7)");
  // One that minimises has no proposal; its default counts.
  const Configuration quadratic = parse_configuration("simulator: {name: quadratic}");
  const Configuration point = parse_configuration("simulator: {name: poisson}", {"proposal.sigma=0.5"});
  EXPECT_EQ(text_of(differences(quadratic, point)),
            "simulator.name = quadratic (it was poisson), proposal.sigma = 0.1 (it was 0.5)");
}

}  // namespace
}  // namespace alfi::configuration
