// Meta-training of a learner or on a processor of the caller's.
#pragma once

#include <functional>
#include <memory>

#include "alfi/trainer.hpp"
#include "src/backends/processor.hpp"
#include "src/engine/learner.hpp"
#include "src/model/model.hpp"
#include "src/model/plan.hpp"

namespace alfi {

/// Makes what is trained. Neither is called before the run folder admits the training.
struct LearnerSource {
  /// Finds the normalisation of a training that begins; a resumed one has its checkpoint's. May throw Abandoned.
  std::function<Normalisation()> normalisation;
  std::function<std::unique_ptr<Learner>(const Normalisation&)> learner;
};

/// Seconds since some moment.
using Clock = std::function<double()>;
/// Reads the steady clock.
double steady_seconds();

/// Trains this learner as train() does the configured one; the clock tells how long it takes.
TrainingOutcome train_from(const LearnerSource& source, const Plan& plan, const std::filesystem::path& run,
                           const TrainingOptions& options, const Clock& clock = steady_seconds);

/// Trains as train() does, on this processor instead of the configured one.
TrainingOutcome train(const Plan& plan, const std::filesystem::path& run, const TrainingOptions& options,
                      std::unique_ptr<Processor> processor);

}  // namespace alfi
