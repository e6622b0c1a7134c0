// Meta-training on a processor of the caller's.
#pragma once

#include <memory>

#include "alfi/trainer.hpp"
#include "src/backends/processor.hpp"

namespace alfi {

/// As train() on the configured processor; the configuration is valid.
TrainingOutcome train(const Configuration& configuration, const std::filesystem::path& run,
                      const TrainingOptions& options, std::unique_ptr<Processor> processor);

}  // namespace alfi
