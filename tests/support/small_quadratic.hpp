// A machine that minimises, small enough to train in a moment.
#pragma once

#include "alfi/configuration.hpp"

namespace alfi::test {

inline Configuration small_quadratic(int dimensions) {
  Configuration c;
  c.simulator.name = "quadratic";
  c.simulator.parameters["dimensions"] = dimensions;
  c.episode.iterations = 3;
  c.networks.rim.hidden = 7;
  c.networks.rim.state = 6;
  c.training.steps = 12;
  c.training.meta_batch = 20;
  c.training.checkpoint_every = 5;
  c.training.validate_every = 6;
  c.evaluation.episodes = 64;
  c.engine.threads = 1;
  return c;
}

}  // namespace alfi::test
