// A trained machine in use: from observations to what it believes about the parameters they came from.
#pragma once

#include <cstdint>
#include <filesystem>
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

struct Posterior {
  std::vector<ParameterEstimate> parameters;  ///< together a Gaussian
  std::vector<double> correlation;            ///< (D, D) of it, row by row; empty for family point
  double level;                               ///< probability of the intervals
  int used;                                   ///< observations that were used, of those given
  int replicates;                             ///< rollouts that were combined
  std::vector<std::string> warnings;          ///< reasons to doubt the answer, as sentences for people
};

struct InferenceOptions {
  int iterations = 0;  ///< T; 0: as default_iterations()
  double level = 0.95;
  Backend backend = Backend::cpu;  ///< one problem does not fill a device
  int device = 0;                  ///< of the CUDA devices
  int replicates = 0;              ///< rollouts to combine: 1, 2, 4, 8 or 16; 0: evaluation.replicates
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

 private:
  friend const Checkpoint& checkpoint_of(const Machine& machine);  // src/model/checkpoint.hpp

  explicit Machine(std::unique_ptr<const Checkpoint> checkpoint);

  std::unique_ptr<const Checkpoint> checkpoint_;
};

}  // namespace alfi
