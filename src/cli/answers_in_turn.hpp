// Answers to all sets of a file in turn, with progress, Ctrl-C and warnings on the way.
#pragma once

#include <functional>
#include <span>

#include "alfi/machine.hpp"
#include "src/formats/observations.hpp"

namespace alfi::cli {

/// Takes the answers to these sets, the first of which has number `first`.
using AnswerSink =
    std::function<void(std::size_t first, std::span<const DataSet> sets, std::span<const Posterior> posteriors)>;

/// Infers and hands the answers to `sink`. Progress and warnings go to standard error, those of several sets counted.
/// Throws RunError where a signal (stop.hpp), which the caller listens for, stopped it before the last set.
void answer_in_turn(const Machine& machine, const Observations& data, const InferenceOptions& options,
                    const AnswerSink& sink);

}  // namespace alfi::cli
