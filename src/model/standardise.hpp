// Observations as a machine sees them: transformed, then standardised; bit for bit what the kernels do to those they
// simulate.
#pragma once

#include <span>
#include <vector>

#include "alfi/choices.hpp"
#include "src/model/model.hpp"

namespace alfi {

/// Transforms and standardises x (count, X) in natural units, row-major; the result has the shape of x.
std::vector<float> standardise(std::span<const float> x, Transform transform, const Normalisation& normalisation);

}  // namespace alfi
