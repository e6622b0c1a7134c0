// Observations simulated anew at an answer, to be set beside the real ones.
#pragma once

#include <span>
#include <vector>

#include "alfi/simulators.hpp"
#include "kernels/lanes/random.hpp"
#include "src/backends/processor.hpp"
#include "src/model/model.hpp"

namespace alfi {

/// Returns the real observations (count, X) of one episode of a tile.
std::vector<float> observations_of(const Tile<float>& tile, int X, int lane);

/// Returns the energy distance of real observations x (count, X), in natural units, and as many simulated at theta (D,
/// natural units). Both are compared as a machine sees them: transformed, standardised. NaN where there is none.
double regenerated_distance(SampleStatistics& statistics, const SimulatorInfo& simulator, Transform transform,
                            const Normalisation& normalisation, std::span<const float> x,
                            const std::vector<double>& theta, PhiloxKey key);

}  // namespace alfi
