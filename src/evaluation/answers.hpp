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
  std::vector<double> alfi, alfi_log_deviation;  ///< of each parameter alone
  std::vector<double> alfi_loss;                 ///< (episodes) −log q(θ*), nats
  std::vector<double> mle;
  std::vector<double> posterior, posterior_log_deviation;  ///< mean and deviation of the exact posterior
  std::vector<double> posterior_loss;                      ///< (episodes) of the machine's family's best, as alfi_loss

  std::size_t at(int episode, int parameter) const {
    return static_cast<std::size_t>(episode) * static_cast<std::size_t>(parameters) +
           static_cast<std::size_t>(parameter);
  }
};

/// Keeps ALFI's answers to the problems of a tile after T iterations, and their θ*; returns how many are not finite.
int keep_alfi(const TileAnswers& tile, int T, Answers& answers);

/// Keeps what is known exactly of problem `b`, whose θ* is kept already.
void keep_exact(const Exact& exact, const Plan& plan, int b, Answers& answers);

/// Returns ‖θ* − estimate‖₂ of each episode; estimate (episodes, D).
std::vector<double> distances(const Answers& answers, const std::vector<double>& estimate);

/// Places of θ* in Gaussians of these means and log deviations (episodes, D), between 0 and 1, for parameter d: in
/// ascending order, or empty where one is not finite.
std::vector<double> places(SampleStatistics& statistics, const Answers& answers, const std::vector<double>& mean,
                           const std::vector<double>& log_deviation, std::size_t d);

/// Returns the places of θ* in ALFI's proposal.
std::vector<double> places(SampleStatistics& statistics, const Answers& answers, std::size_t d);

/// Returns the mean with its interval, NaN where a value is not finite.
Measured measured_mean(SampleStatistics& statistics, const std::vector<double>& values);

/// Measures mean(numerator) / mean(denominator) over their common episodes, with its interval.
Measured measured_ratio(SampleStatistics& statistics, const std::vector<double>& numerator,
                        const std::vector<double>& denominator);

/// Fills in errors, losses, coverage and calibration.
void summarise(SampleStatistics& statistics, const Answers& answers, Evaluation& evaluation);

}  // namespace alfi
