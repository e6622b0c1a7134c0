// Evaluation on a processor of the caller's.
#pragma once

#include <functional>
#include <memory>

#include "alfi/evaluation.hpp"
#include "src/backends/processor.hpp"
#include "src/evaluation/answers.hpp"
#include "src/model/checkpoint.hpp"

namespace alfi {

/// A machine's configuration with these options. Throws InputError naming the option that is wrong.
Configuration configured(const Machine& machine, const EvaluationOptions& options);

/// Of a checkpoint's average weights, with the episodes and iterations of this configuration. `kept`, where given, gets
/// the answers it sums up.
Evaluation evaluate(const Checkpoint& checkpoint, const Configuration& configuration,
                    std::unique_ptr<Processor> processor, const std::function<void(double)>& progress = {},
                    Answers* kept = nullptr);

}  // namespace alfi
