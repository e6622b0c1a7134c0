// The answers of an evaluation, all methods on the same episodes, and what they come to.
#pragma once

#include <cstddef>
#include <vector>

#include "alfi/evaluation.hpp"
#include "src/numerics/sample_statistics.hpp"

namespace alfi {

class TileAnswers;
struct Exact;
struct Plan;

/// (episodes, D) each, standardised by the prior; NaN where a method has no answer.
struct Answers {
  Answers(int episodes, int parameters);

  int parameters;  ///< D
  std::vector<double> truth;
  std::vector<double> alfi, alfi_deviation;    ///< mean and deviation of each parameter alone
  std::vector<double> alfi_lower, alfi_upper;  ///< the central 95 % interval
  std::vector<double> alfi_place;              ///< probability that ALFI gives to parameters below θ*
  std::vector<double> alfi_loss;               ///< (episodes) −log q(θ*), nats
  std::vector<double> mle;
  std::vector<double> posterior;  ///< mean of the exact posterior
  std::vector<double>
      posterior_place;                 ///< as alfi_place, of the Gaussian with the exact posterior's moments, truncated
  std::vector<double> posterior_loss;  ///< (episodes) of that Gaussian, as alfi_loss

  std::size_t at(int episode, int parameter) const {
    return static_cast<std::size_t>(episode) * static_cast<std::size_t>(parameters) +
           static_cast<std::size_t>(parameter);
  }
};

/// Keeps ALFI's answers to the problems of a tile after T iterations, and their θ*; returns how many are not finite.
/// They are what infer says: combined of replicates, and truncated to the prior.
int keep_alfi(const TileAnswers& tile, int T, Answers& answers);

/// Keeps what is known exactly of problem `b`, whose θ* is kept already.
void keep_exact(const Exact& exact, const Plan& plan, int b, Answers& answers);

/// Returns ‖θ* − estimate‖₂ of each episode; estimate (episodes, D).
std::vector<double> distances(const Answers& answers, const std::vector<double>& estimate);

/// Returns a method's places of θ* (episodes, D), for parameter d alone: in ascending order, or empty where one is not
/// finite.
std::vector<double> places(SampleStatistics& statistics, const Answers& answers, const std::vector<double>& place,
                           std::size_t d);

/// Returns the mean with its interval, NaN where a value is not finite.
Measured measured_mean(SampleStatistics& statistics, const std::vector<double>& values);

/// Measures mean(numerator) / mean(denominator) over their common episodes, with its interval.
Measured measured_ratio(SampleStatistics& statistics, const std::vector<double>& numerator,
                        const std::vector<double>& denominator);

/// Fills in errors, losses, coverage and calibration.
void summarise(SampleStatistics& statistics, const Answers& answers, Evaluation& evaluation);

}  // namespace alfi
