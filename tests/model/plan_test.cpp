#include "src/model/plan.hpp"

#include <gtest/gtest.h>

#include "kernels/minimise/quadratic.hpp"
#include "kernels/sim/list.hpp"
#include "src/model/parameters.hpp"
#include "src/simulators/simulators.hpp"
#include "tests/support/small_configuration.hpp"

namespace alfi {
namespace {

int weights_of(const Layout& layout) {
  int count = 0;
  for (const auto& [name, linear] : named_layers(layout)) count += (linear.in + 1) * linear.out;
  return count;
}

TEST(Plan, CountsThePublishedWeights) {
  // Method page, section 1: weights in all.
  Configuration poisson = test::small_configuration();
  poisson.networks = {};
  EXPECT_EQ(weights_of(Plan(poisson).layout), 17332);
  Configuration weinberg = test::small_configuration("weinberg");
  weinberg.networks = {{50, 60, Pooling::mean}, {50, 60}, {50, 40, 0.2, Update::clamp}, true};
  EXPECT_EQ(weights_of(Plan(weinberg).layout), 36644);
}

TEST(Plan, KnowsItsSimulator) {
  for (const SimulatorInfo& simulator : simulators()) {
    const Plan plan = test::small_configuration(simulator.name);
    EXPECT_FALSE(plan.minimises);
    EXPECT_EQ(plan.simulator.name, simulator.name);
    EXPECT_EQ(plan.number, simulator_number(simulator.name));
    EXPECT_EQ(plan.shape.D, static_cast<int>(simulator.parameters.size()));
    EXPECT_EQ(plan.shape.X, simulator.observations.dimension);
  }
}

TEST(Plan, OfAnObjectiveHasTheShapeOfOneCoordinate) {
  Configuration configuration;
  configuration.simulator.name = "quadratic";
  const Plan plan = configuration;
  EXPECT_TRUE(plan.minimises);
  EXPECT_EQ(plan.number, recorded);
  EXPECT_EQ(plan.shape.P(), 1);
  EXPECT_EQ(plan.shape.A, gradient_inputs);
  EXPECT_EQ(plan.shape.C, 0);
  EXPECT_EQ(plan.shape.T, configuration.episode.iterations);
}

TEST(Plan, OfAnotherLengthHasOtherIterationsAlone) {
  const Plan plan = test::small_configuration();
  const Shape longer = plan.shape_over(plan.shape.T + 7);
  EXPECT_EQ(longer.T, plan.shape.T + 7);
  EXPECT_EQ(longer.R, plan.shape.R);
  EXPECT_EQ(make_layout(longer).size, plan.layout.size);
}

TEST(Plan, WithOtherSettingsOfItsUseKeepsWhatIsDerived) {
  const Plan plan = test::small_configuration();
  Configuration other = plan.configuration;
  other.engine.seed += 1;
  other.evaluation.episodes += 1;
  const Plan changed = plan.with(other.engine, other.evaluation);
  EXPECT_EQ(changed.configuration, other);
  EXPECT_EQ(changed.counts.input, plan.counts.input);
  EXPECT_EQ(changed.iteration_weights, plan.iteration_weights);
}

}  // namespace
}  // namespace alfi
