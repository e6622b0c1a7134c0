// Ways of a machine that minimises, which its evaluation may keep.
#pragma once

#include <vector>

#include "alfi/optimisation.hpp"

namespace alfi {

/// The first problems and every minimiser's way through them.
struct MinimiserPaths {
  int problems;
  std::vector<double> matrix, target;      ///< (problems, D, D), (problems, D)
  std::vector<std::vector<double>> theta;  ///< of each minimiser (problems, T + 1, D)
};

/// Evaluates as evaluate_minimiser() does; `paths`, where given, gets those of its first paths->problems.
Optimisation evaluate_minimiser(const Machine& machine, const EvaluationOptions& options, MinimiserPaths* paths);

}  // namespace alfi
