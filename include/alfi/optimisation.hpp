// Evaluation of a machine that minimises, on fresh problems, beside optimizers that were tuned for them (Andrychowicz
// et al. 2016, arXiv 1606.04474).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alfi/evaluation.hpp"

namespace alfi {

/// One way to minimise, on the same problems as all others.
struct Minimiser {
  std::string name;                  ///< ALFI, gradient descent, momentum, Adam
  std::string settings;              ///< as tuned, on problems of their own; of ALFI empty
  Measured final_loss;               ///< mean over the problems of f(θ_T)
  double median;                     ///< of f(θ_T)
  Measured alfi_over_this;           ///< ratio of mean final losses
  std::vector<double> loss_by_step;  ///< (T + 1) mean of f(θ_t), from the start on
  std::int64_t not_finite;           ///< problems whose final loss is not finite
};

struct Optimisation {
  std::string objective;
  int dimensions;                     ///< D
  std::int64_t step;                  ///< of training
  int episodes;                       ///< problems
  int iterations;                     ///< T
  std::vector<Minimiser> minimisers;  ///< ALFI first
  double seconds;
};

/// Evaluates a machine that minimises. Throws InputError for any other, and naming the option that is wrong. A call
/// gives equal numbers each time, whatever the threads.
Optimisation evaluate_minimiser(const Machine& machine, const EvaluationOptions& options = {});

/// Writes one JSON object, with a line feed at its end.
std::string to_json(const Optimisation& optimisation);

}  // namespace alfi
