// What an evaluation of a machine that minimises may keep.
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

/// As evaluate_minimiser(); `paths`, where given, gets those of its first paths->problems.
Optimisation evaluate_minimiser(const Machine& machine, const EvaluationOptions& options, MinimiserPaths* paths);

}  // namespace alfi
