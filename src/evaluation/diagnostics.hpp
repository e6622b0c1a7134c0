// Diagnostics of a machine beyond an evaluation's means: the answers themselves, their way from the start
// to the end, how much the start matters, and observations simulated anew beside the real ones.
//
// Everything is of the evaluation's episodes, or of the first of them where each costs more.
#pragma once

#include <functional>
#include <vector>

#include "alfi/machine.hpp"
#include "src/evaluation/answers.hpp"

namespace alfi {

/// The way of ψ: marginal means and deviations after 0 … T iterations, standardised by the prior. (episodes, T + 1, D);
/// deviations are NaN of a machine that gives the estimate alone.
struct Course {
  int episodes, iterations, parameters;
  std::vector<double> truth;            ///< (episodes, D)
  std::vector<double> mean, deviation;  ///< of the proposal
  std::vector<double> correlation;      ///< (episodes, T + 1) of the first two parameters
  std::vector<double> estimate;         ///< mean of the proposal truncated to the prior, which is the answer

  std::size_t at(int episode, int iteration) const {
    return static_cast<std::size_t>(episode * (iterations + 1) + iteration);
  }
  std::size_t at(int episode, int iteration, int parameter) const {
    return static_cast<std::size_t>((episode * (iterations + 1) + iteration) * parameters + parameter);
  }
  /// Returns ‖θ* − estimate‖₂ of each episode.
  std::vector<double> errors(int iteration) const;
};

/// Answers to one set of problems from several starts μ₀, each one number in all standardised parameters, the deviation
/// as the machine's start has it. From each the simulations draw equal random numbers.
struct StartInfluence {
  std::vector<double> starts;
  std::vector<Course> courses;

  /// Returns the distance of each episode's answer from `start` to the mean of the answers from all starts.
  std::vector<double> shifts(std::size_t start) const;
};

/// One episode's real observations, and as many simulated at ALFI's estimate; natural units.
struct Regenerated {
  std::vector<double> truth, estimate;  ///< (D)
  std::vector<float> real, simulated;   ///< (R, X); simulated is empty where the estimate is not finite
  double energy_distance;               ///< as the machine sees them; 0 for equal laws
};

/// Energy distances to the real observations of as many simulated at each of these, an episode each; NaN where there is
/// no such estimate. Those at θ* itself are what chance makes of two samples of one law.
struct EnergyDistances {
  std::vector<double> truth, alfi, mle;
};

struct Diagnostics {
  Evaluation evaluation;
  Answers answers;            ///< of all episodes
  Course trained, untrained;  ///< untrained: the same networks with the initial weights of the machine's seed
  StartInfluence starts;
  std::vector<Regenerated> regenerated;
  EnergyDistances energy;
};

/// Diagnoses a machine. Options, errors and progress are evaluate()'s. A call gives equal numbers each time, whatever
/// the threads.
Diagnostics diagnose(const Machine& machine, const EvaluationOptions& options = {});

}  // namespace alfi
