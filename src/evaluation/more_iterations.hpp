// A machine after more iterations than it was trained for. Nothing taught it to stay where it is: it may drift, or
// narrow on a wrong value.
#pragma once

#include <span>
#include <string>

#include "src/engine/engine.hpp"

namespace alfi {

struct MoreIterations {
  bool ruined;       ///< whether answers are worse than after the iterations of training
  std::string text;  ///< what was tried, a sentence
};

/// Lets a machine answer problems of its own, evaluation.iterations times, more than episode.iterations.
MoreIterations try_more_iterations(Engine& engine, std::span<const float> weights);

}  // namespace alfi
