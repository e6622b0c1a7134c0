// Evaluation on a processor of the caller's.
#pragma once

#include <functional>
#include <memory>

#include "alfi/evaluation.hpp"
#include "src/backends/processor.hpp"
#include "src/evaluation/answers.hpp"
#include "src/model/checkpoint.hpp"

namespace alfi {

/// Returns a machine's plan with these options. Throws InputError naming the option that is wrong.
Plan configured(const Machine& machine, const EvaluationOptions& options);

/// Evaluates a checkpoint's average weights over the episodes and iterations of the plan, which is the checkpoint's but
/// for its engine and evaluation. `kept`, where given, gets the answers it sums up.
Evaluation evaluate(const Checkpoint& checkpoint, const Plan& plan, std::unique_ptr<Processor> processor,
                    const std::function<void(double)>& progress = {}, Answers* kept = nullptr);

}  // namespace alfi
