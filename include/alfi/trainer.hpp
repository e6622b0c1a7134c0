// Meta-training: a run folder from a configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>

#include "alfi/configuration.hpp"

namespace alfi {

/// Progress of a training, after each meta-step.
struct TrainingProgress {
  std::int64_t step, steps;
  double loss;                 ///< moving mean of the training loss, nats in standardised units
  double validation_loss;      ///< of the latest validation, on the plain loss
  double episodes_per_second;  ///< of the last seconds of meta-steps; NaN where the first step is the only one
  double seconds_left;         ///< validations and checkpoints included; NaN as above
  std::int64_t skipped;        ///< updates skipped since their gradient was not finite
  double left_out;             ///< part of the latest observations that were no numbers
  std::string notice;          ///< what users should know of how it is computed; mostly nothing
};

struct TrainingOptions {
  bool resume = false;  ///< go on from the folder's newest checkpoint, or its configuration where it got to none
  bool force = false;   ///< replace the run that is in the folder
  /// A run folder or checkpoint with whose weights a new training begins; empty: with random ones.
  std::filesystem::path from = {};
  /// Called before the first meta-step with what users should know of where the training begins, a line.
  std::function<void(const std::string&)> note = {};
  /// Called before the first meta-step with the seconds that the training, or what is left of it, should take on
  /// this machine when it is idle. Not on a device, nor without AVX2.
  std::function<void(double)> estimate = {};
  /// Called after each meta-step; return false to stop there: the run is saved and can be resumed.
  std::function<bool(const TrainingProgress&)> progress = {};
  /// Called within a meta-step, a validation on the CPU and the simulations before the first step, sixteen episodes
  /// apart, or while a program is waited for, and from any thread. Return true to leave that unfinished and stop: the
  /// run is saved as it was before it.
  std::function<bool()> stop = {};
};

struct TrainingOutcome {
  bool finished;  ///< false: stopped by `progress` or `stop`
  std::int64_t step;
  std::int64_t skipped;
  double seconds;
  double validation_loss;            ///< of the last validation; NaN where there was none
  std::filesystem::path checkpoint;  ///< the newest; empty where the training was stopped before it had a run folder
  bool out_of_patience = false;      ///< finished before training.steps: training.patience ran out
  std::filesystem::path best = {};   ///< the checkpoint of the least validation loss; empty where it is not kept
  std::string worse = {};            ///< says how a finished training is worse than it began; empty where it is not
};

/// Trains a configuration in a run folder: config.yaml, metrics.jsonl, checkpoints/step-N.safetensors.
/// InputError: the configuration is wrong or too large, the folder holds a run (and neither resume nor force is set),
/// the run to resume has another configuration or no readable checkpoint, or the weights of `from` do not fit.
/// RunError: the disk fails, many gradients in a row are not finite, or most observations are no numbers; what was
/// saved before is then intact.
TrainingOutcome train(const Configuration& configuration, const std::filesystem::path& run,
                      const TrainingOptions& options = {});

}  // namespace alfi
