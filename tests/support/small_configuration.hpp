// A configuration small enough to train in a moment.
#pragma once

#include <string>

#include "alfi/configuration.hpp"
#include "alfi/simulators.hpp"

namespace alfi::test {

inline Configuration small_configuration(const std::string& simulator = "poisson") {
  Configuration c;
  c.simulator.name = simulator;
  c.simulator.transform = find_simulator(simulator).observations.whole ? Transform::sqrt : Transform::none;
  c.episode.iterations = 2;
  c.episode.thetas = 3;
  c.episode.observations = 5;
  c.episode.real_observations = {7, 7};
  c.networks.encoder.hidden = 7;
  c.networks.encoder.code = 4;
  c.networks.aggregator.hidden = 5;
  c.networks.aggregator.code = 6;
  c.networks.rim.hidden = 7;
  c.networks.rim.state = 6;
  c.training.steps = 12;
  c.training.meta_batch = 20;
  c.training.checkpoint_every = 5;
  c.training.validate_every = 6;
  c.evaluation.episodes = 64;
  c.engine.encoder = Encoder::dense;  // the encoder of a device, so that bits are equal to its
  c.engine.threads = 1;
  return c;
}

}  // namespace alfi::test
