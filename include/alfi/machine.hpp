// A trained machine in use: from observations to what it believes about the parameters they came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alfi/configuration.hpp"

namespace alfi {

struct Checkpoint;

/// Estimate of one parameter, in its natural units.
struct ParameterEstimate {
  std::string name, unit;
  double mean;
  double deviation;     ///< NaN, as the interval, where the machine gives the estimate alone (family point)
  double lower, upper;  ///< the central interval of the level asked for
};

/// Kinds of reasons to doubt an answer.
enum class Doubt { subset_used, too_few_observations, more_iterations, outside_prior, not_finite, poor_fit };

struct Warning {
  Doubt doubt;
  std::string text;  ///< a sentence or more for people
};

/// Gaussian of θ on the scale that a machine works on: θ less its prior's mean, over its prior's deviation; or θ's
/// normal score under the prior (parameters.space).
struct StandardLaw {
  std::vector<double> mean, deviation;  ///< (D); deviations are NaN for family point
};

/// Fit of a machine and its answer to the observations that were used. p-values are near 0 where no θ makes such
/// data, as far as alfi can tell; numbers are NaN where there is nothing to compare.
struct Fit {
  /// Probability that data of the simulator fit as badly, all that is compared taken together: the least of
  /// predictive_p / 0.8, code_p / 0.1 and likelihood_p / 0.1, at most 1. A warning is given up to 0.01.
  double p;
  /// Part of the data sets simulated at the answer, the data among them, that differ as much from the others.
  double predictive_p;
  /// By one thing alone: the energy distance to observations simulated at the answer, how they share out among 32 cells
  /// (of several numbers, cells of each and of some directions), their deviation, least and largest numbers.
  double energy_p, shape_p, spread_p, extremes_p;
  double energy_distance;                   ///< of the data, standardised as the machine sees them
  std::vector<double> simulated_distances;  ///< of the sets simulated at the answer; not kept of several sets together
  double code_p;                            ///< that a problem of training has a code as unusual
  double code_distance;                     ///< of the data's code from those of training's problems, in deviations
  double likelihood_p;  ///< that maximum likelihood lies as far from that of data simulated at the answer
};

struct Posterior {
  std::vector<ParameterEstimate> parameters;  ///< of the Gaussian, truncated to the prior
  std::vector<double> correlation;            ///< (D, D) of `standard`, row by row; empty where none is learned
  StandardLaw standard;                       ///< the Gaussian before it is truncated
  bool truncated;                             ///< whether it is; Machine::sample draws from what it then is
  double level;                               ///< probability of the intervals
  int used;                                   ///< observations that were used, of those given
  int replicates;                             ///< rollouts that were combined
  std::uint64_t seed;                         ///< names its random numbers: of its observations and the seed asked for
  Fit fit;                                    ///< of an answer to one set
  std::vector<Warning> warnings;              ///< reasons to doubt the answer
};

/// Observations of one problem, row by row (count, X), in natural units.
struct DataSet {
  std::span<const float> x;
  int count;
};

/// Takes the answers to sets `first`, first + 1, …; returns whether to go on.
using PosteriorSink = std::function<bool(std::size_t first, std::span<const Posterior> posteriors)>;

struct InferenceOptions {
  int iterations = 0;  ///< T; 0: as default_iterations(). More than trained are refused where they ruin the answer
  double level = 0.95;
  Backend backend = Backend::cpu;  ///< one problem does not fill a device
  int device = 0;                  ///< of the CUDA devices
  int replicates = 0;              ///< rollouts to combine: 1, 2, 4, 8 or 16; 0: evaluation.replicates
  int threads = 0;                 ///< of several sets; 0: engine.threads. One alone takes one
  bool truncated = true;           ///< whether an answer is truncated to where the prior is not 0, and renormalised
  bool fit = true;  ///< whether its fit is checked, which costs about what the answer does; else all of it is NaN
  /// Seed that names the simulations' random numbers, together with the observations; none: engine.seed.
  std::optional<std::uint64_t> seed{};
};

/// Can be used by several threads at once. Weights are the moving average of training's.
class Machine {
 public:
  /// Reads a machine from a run folder, its newest checkpoint, or from a checkpoint file. Throws InputError where there
  /// is none, or it is damaged or of another version. A simulator of one's own is found again where it was in training,
  /// or in the run folder; else `simulator` says where it is.
  static Machine load(const std::filesystem::path& path, const std::filesystem::path& simulator = {});

  Machine(Machine&&) noexcept;
  Machine& operator=(Machine&&) noexcept;
  ~Machine();

  /// Returns the configuration it was trained with.
  const Configuration& configuration() const;
  /// Meta-steps of training.
  std::int64_t step() const;
  /// Returns T where nothing else is asked for: evaluation.iterations, or episode.iterations where that is 0.
  int default_iterations() const;

  /// Infers the posterior given `count` observations x (count, X), row-major, in natural units. It combines several
  /// rollouts, whose simulations are random numbers of the observations and the seed. The same call gives the same bits
  /// on every machine, and errors of answers to different observations are independent. Of more observations than the
  /// machine was trained for (real_observations.max) it uses a random subset, with fewer than it was trained for it
  /// does what it can; both give a warning. InputError names the first observation the simulator cannot give, or the
  /// option that is wrong.
  Posterior infer(std::span<const float> x, int count, const InferenceOptions& options = {}) const;

  /// Infers the posteriors given each of these sets, which may differ in size, side by side. Each has the bits of its
  /// set's alone. InputError names the first set with an observation that the simulator cannot give, before any is
  /// inferred.
  std::vector<Posterior> infer(std::span<const DataSet> sets, const InferenceOptions& options = {}) const;

  /// Infers the posteriors and hands them to `sink`, some at a time and in their order, so that memory does not
  /// grow with their number. Stops early where it returns false.
  void infer(std::span<const DataSet> sets, const InferenceOptions& options, const PosteriorSink& sink) const;

  /// Combines answers to sets that share θ, each given its own set, into the posterior given all: their product over
  /// the prior, counted once. InputError where the prior is neither constant nor normal on the machine's scale, for
  /// family point, and where together they are wider than the prior.
  Posterior combine(std::span<const Posterior> posteriors) const;

  /// Draws θ from an answer of this machine: (draws, D) in natural units, row by row. Answer and draw's number fix the
  /// bits. NaN where the answer is not finite. InputError for family point, which has nothing to draw from.
  std::vector<double> sample(const Posterior& posterior, int draws) const;

  /// Simulates `count` observations at each of these draws of θ: (draws, count, X), row by row.
  std::vector<float> predict(const Posterior& posterior, int draws, int count) const;

 private:
  friend const Checkpoint& checkpoint_of(const Machine& machine);  // src/model/checkpoint.hpp

  explicit Machine(std::unique_ptr<const Checkpoint> checkpoint);

  std::unique_ptr<const Checkpoint> checkpoint_;
};

}  // namespace alfi
