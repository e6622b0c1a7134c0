// Evaluation of a machine on fresh episodes, beside maximum likelihood and the exact posterior on those episodes.
//
// Distances are in standardised units: a parameter's divided by its prior's deviation. What cannot be said is NaN in an
// Evaluation and null in JSON: maximum likelihood where it is not unique (weinberg), densities and intervals of a
// machine that gives the estimate alone (family point), everything of one whose answers are not finite.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "alfi/machine.hpp"

namespace alfi {

/// A mean over episodes, or a function of one, with its 95 % bootstrap interval.
struct Measured {
  double value, lower, upper;
};

/// One measure of three ways to estimate. `posterior` is the exact posterior's mean.
struct Compared {
  Measured alfi, mle, posterior;
};

/// Part of the episodes whose central intervals of probability `level` cover θ*: `level`, if well calibrated.
struct Coverage {
  int percent;                        ///< the level
  double all;                         ///< over all parameters
  std::vector<double> per_parameter;  ///< (D)
  std::vector<double> best_gaussian;  ///< (D): of the Gaussian with the exact posterior's mean and deviations, which
                                      ///< misses the level where the posterior is not one
};

struct Evaluation {
  std::string simulator;
  std::vector<std::string> parameters;  ///< (D) names
  std::int64_t step;                    ///< of training
  int episodes;
  int iterations;           ///< T
  int replicates;           ///< rollouts an answer combines
  std::int64_t not_finite;  ///< episodes whose answer is not finite
  Compared error;           ///< mean of ‖θ* − estimate‖₂
  Measured error_over_mle;  ///< ratios of errors on the same episodes
  Measured error_over_posterior;
  std::vector<Compared> rmse;  ///< (D) root of the mean square of each parameter
  Measured loss;               ///< mean of −log q(θ*) after the last iteration, nats, whatever the machine was
                               ///< trained on
  Measured loss_floor;         ///< the same of the Gaussian with the exact posterior's mean and deviations, and
                               ///< for family gaussian_full its correlations: none of the family is better on average
  Measured loss_gap;           ///< loss − loss_floor on the same episodes
  std::vector<Coverage> coverage;  ///< 50, 80, 90 and 95 %
  double sbc_p;                    ///< simulation-based calibration: probability of ranks at least as uneven, were
                                   ///< the machine calibrated; the least of all parameters', times D, at most 1
  std::vector<double> sbc_p_per_parameter;
  Measured energy_distance;      ///< between real observations and as many simulated at the estimate, both as the
                                 ///< machine sees them (transformed, standardised); 0 for equal laws
  int energy_distance_episodes;  ///< number of the first episodes, on which it is measured; the others are left out for
                                 ///< time
  std::vector<double> error_by_iteration;  ///< (T + 1) mean of ‖θ* − μ_t‖₂, from the start on
  std::int64_t clamped_draws;              ///< proposals outside the simulator's domain, of all rollouts
  double left_out;                         ///< part of all observations that were no numbers
  /// (D, 10) part of the real observations that were no numbers, by the tenth of the prior that θ* is in; NaN where no
  /// θ* is
  std::vector<std::vector<double>> left_out_by_tenth;
  double seconds;
};

struct EvaluationOptions {
  int episodes = 0;    ///< 0: as configured
  int iterations = 0;  ///< T; 0: as Machine::default_iterations()
  int threads = 0;     ///< 0: as configured
  /// Called now and then with the part that is done, 0 to 1; from any thread, one at a time.
  std::function<void(double)> progress{};
  Backend backend = Backend::automatic;
  int device = 0;      ///< of the CUDA devices
  int replicates = 0;  ///< rollouts an answer combines: 1, 2, 4, 8 or 16; 0: as configured
};

/// Judges a machine on problems whose answer is known. Throws InputError naming the option that is wrong, or the
/// simulator where exact inference is not known. A repeated call gives equal numbers, whatever the threads.
Evaluation evaluate(const Machine& machine, const EvaluationOptions& options = {});

/// Writes one JSON object, with a line feed at its end.
std::string to_json(const Evaluation& evaluation);

}  // namespace alfi
