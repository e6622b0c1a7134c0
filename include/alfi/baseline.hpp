// Other methods on a configuration's problems, with as many simulations as ALFI and more: those it was meant to beat.
//
// Episodes are those of an evaluation, so that errors are paired. An error is ‖θ* − estimate‖₂ in units of the prior's
// deviations. All of it runs on the CPU, the same numbers whatever the threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "alfi/configuration.hpp"
#include "alfi/evaluation.hpp"
#include "alfi/machine.hpp"

namespace alfi {

enum class Baseline {
  maximum_likelihood,  ///< needs the likelihood and no simulations
  nes,                 ///< separable natural evolution strategies on the energy distance to the real observations
                       ///< (Wierstra et al. 2014)
  avo,                 ///< adversarial variational optimization (Louppe, Hermans, Cranmer 2017, arXiv 1707.07113)
  abc,                 ///< rejection ABC on the energy distance: the mean of the accepted draws of the prior
};

/// Returns the name that `alfi baseline` has for it.
std::string to_text(Baseline baseline);

struct BaselineOptions {
  int episodes = 200;                      ///< number of an evaluation's first episodes
  std::vector<int> multiples{1, 10, 100};  ///< of ALFI's simulator calls
  int threads = 0;                         ///< 0: as configured
  int replicates = 0;                      ///< rollouts ALFI's answer combines: 1, 2, 4, 8 or 16; 0: as configured
  /// Called now and then with the part that is done, 0 to 1; from any thread, one at a time. Returns false to stop:
  /// the comparison then has what was finished.
  std::function<bool(double)> progress{};
};

/// Result of a baseline with `calls` simulator calls, on the episodes that were finished.
struct BaselineResult {
  std::int64_t calls;                            ///< observations allowed in an episode
  std::int64_t used;                             ///< observations made in an episode
  int episodes;                                  ///< finished
  Measured error;                                ///< with a 95 % bootstrap interval, as all of these
  Measured over_mle, over_posterior, over_alfi;  ///< ratios of errors on the same episodes; NaN where there is none
  double seconds;
};

struct BaselineComparison {
  std::string method, simulator;
  int episodes;
  std::int64_t calls_of_alfi;  ///< replicates · T · M · N, observations of one inference
  bool finished;               ///< false: stopped by `progress`
  Compared error;              ///< of ALFI, maximum likelihood and the exact posterior's mean; NaN where there is none
  std::vector<BaselineResult> results;  ///< one for each of the multiples; of maximum likelihood one
};

/// Runs a method without a network on problems of a configuration. Throws InputError naming the option that is wrong,
/// or saying that maximum likelihood does not exist.
BaselineComparison compare(Baseline baseline, const Configuration& configuration, const BaselineOptions& options = {});

/// Compares a baseline with a machine's own answers, on the episodes of its configuration.
BaselineComparison compare(Baseline baseline, const Machine& machine, const BaselineOptions& options = {});

/// Writes one JSON object, with a line feed at its end.
std::string to_json(const BaselineComparison& comparison);

}  // namespace alfi
