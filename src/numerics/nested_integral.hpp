// The integral of a density that is thin in a few dimensions, and bent: one direction after the other, each between
// where the density is negligible, around where it is highest in the directions that are left.
#pragma once

#include <Eigen/Dense>
#include <functional>

#include "src/numerics/simplex.hpp"

namespace alfi {

/// Takes a point and its weight: the density there, over that at the mode, times the volume that it stands for.
using WeightedPoint = std::function<void(const Eigen::VectorXd&, double weight)>;

/// Visits the points of a quadrature of exp(log_density), in the order of their directions. In each direction, for
/// every place in those before, the density must have one maximum: a second one is found only where it lies between the
/// ends of the first. It may end abruptly. `mode` is where log_density is highest.
void integrate_nested(const VectorFunction& log_density, const Eigen::VectorXd& mode, const WeightedPoint& visit);

}  // namespace alfi
