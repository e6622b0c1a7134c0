// A model: what a trained machine is, apart from its weights' values.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/shape.hpp"

namespace alfi {

/// Standardises transformed observations: (x − mean) · scale. (X) each.
struct Normalisation {
  std::vector<float> mean, scale;
};

/// Returns the flat vector of weights at the start of training (layout.size): linear layers uniform in ±1/√fan_in, the
/// GRU's matrices orthogonal with biases as linear. A pure function of the seed.
std::vector<float> initial_weights(const Layout& layout, std::uint64_t seed);

}  // namespace alfi
