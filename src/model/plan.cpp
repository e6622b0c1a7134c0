#include "src/model/plan.hpp"

#include "kernels/minimise/quadratic.hpp"
#include "kernels/sim/list.hpp"
#include "src/model/iteration_weights.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

/// Returns the shape of one coordinate's machine, which knows its gradient alone.
Shape minimiser_shape(const Configuration& c) {
  Shape shape{};
  shape.T = c.episode.iterations;
  shape.D = 1;
  shape.A = gradient_inputs;
  shape.H = c.networks.rim.hidden;
  shape.S = c.networks.rim.state;
  shape.family = Family::point;
  return shape;
}

Shape inference_shape(const Configuration& c, const SimulatorInfo& simulator) {
  return {.T = c.episode.iterations,
          .M = c.episode.thetas,
          .N = c.episode.observations,
          .R = c.episode.real_observations.max,
          .D = static_cast<int>(simulator.parameters.size()),
          .X = simulator.observations.dimension,
          .encoder_hidden = c.networks.encoder.hidden,
          .C = c.networks.encoder.code,
          .aggregator_hidden = c.networks.aggregator.hidden,
          .A = c.networks.aggregator.code,
          .H = c.networks.rim.hidden,
          .S = c.networks.rim.state,
          .family = c.proposal.family,
          .pooling = c.networks.encoder.pooling,
          .use_grad = c.networks.use_grad,
          .count_input = sees_count(c.episode.real_observations)};
}

}  // namespace

Plan::Plan(const Configuration& c)
    : configuration(c),
      minimises(alfi::minimises(c.simulator)),
      simulator(minimises ? SimulatorInfo{} : find_simulator(c)),
      maps(maps_of(simulator)),
      parameters(units_of(simulator, *maps)),
      number(minimises ? recorded : simulator.number),
      shape(minimises ? minimiser_shape(c) : inference_shape(c, simulator)),
      layout(make_layout(shape)),
      counts(minimises ? RealCounts{} : real_counts(c.episode.real_observations)),
      iteration_weights(alfi::iteration_weights<float>(c.training.weights, c.episode.iterations)) {}

Plan Plan::with(const Configuration::Engine& engine, const Configuration::Evaluation& evaluation) const {
  Plan plan = *this;
  plan.configuration.engine = engine;
  plan.configuration.evaluation = evaluation;
  return plan;
}

void Plan::require_simulator() const {
  if (minimises) (void)simulator_number(configuration.simulator.name);
}

Shape Plan::shape_over(int iterations) const {
  Shape other = shape;
  other.T = iterations;
  return other;
}

}  // namespace alfi
