// Evaluation on a processor of the caller's.
#pragma once

#include <functional>
#include <memory>

#include "alfi/evaluation.hpp"
#include "src/checkpoint.hpp"
#include "src/processor.hpp"

namespace alfi {

/// Of a checkpoint's average weights, with the episodes and iterations of this configuration.
Evaluation evaluate(const Checkpoint& checkpoint, const Configuration& configuration,
                    std::unique_ptr<Processor> processor, const std::function<void(double)>& progress = {});

}  // namespace alfi
