// A model: what a trained machine is, apart from its weights' values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alfi/configuration.hpp"
#include "kernels/shape.hpp"

namespace alfi {

/// Standardises transformed observations: (x − mean) · scale. (X) each.
struct Normalisation {
  std::vector<float> mean, scale;
};

/// The kernels' shape of a configuration; T as given (evaluation may use another than training), R the most.
Shape shape_of(const Configuration& configuration, int iterations);

/// Whether the RIM sees the number of real observations: it was trained over a range.
inline bool sees_count(const Configuration& configuration) {
  return configuration.episode.real_observations.min != configuration.episode.real_observations.max;
}

/// log R, standardised by the mean and deviation of log R ~ U(log min, log max); 0 where R is fixed.
float count_input(const Configuration& configuration, double count);

/// The flat vector of weights at the start of training (layout.size): linear layers uniform in ±1/√fan_in,
/// the GRU's matrices orthogonal with biases as linear. A pure function of the seed.
std::vector<float> initial_weights(const Layout& layout, std::uint64_t seed);

}  // namespace alfi
