// The search for a maximum without derivatives.
#pragma once

#include <Eigen/Dense>
#include <functional>

namespace alfi {

/// A function of a vector, minus infinity where it is not defined.
using VectorFunction = std::function<double(const Eigen::VectorXd&)>;

/// Finds a maximum near `start` by a simplex that begins with this size, and ends with one of size `close` (Nelder and
/// Mead 1965, "A simplex method for function minimization").
Eigen::VectorXd maximised(const VectorFunction& f, const Eigen::VectorXd& start, double size, double close = 1e-7);

}  // namespace alfi
