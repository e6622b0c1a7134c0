// Answers to one set, to all sets of a file in turn, or to all combined; with progress, Ctrl-C and warnings on the way.
#pragma once

#include <functional>
#include <span>

#include "alfi/machine.hpp"
#include "src/formats/observations.hpp"

namespace alfi::cli {

/// Takes the answers to these sets, the first of which has number `first`.
using AnswerSink =
    std::function<void(std::size_t first, std::span<const DataSet> sets, std::span<const Posterior> posteriors)>;

/// Infers from the only set and hands the answer to `sink`. Warnings go to standard error.
void answer_one(const Machine& machine, const Observations& data, const InferenceOptions& options,
                const AnswerSink& sink);

/// Infers from each of several sets and hands the answers to `sink`. Progress and warnings, counted, go to standard
/// error. Throws Stopped where a signal (stop.hpp), which the caller listens for, stopped it before the last set.
void answer_each(const Machine& machine, const Observations& data, const InferenceOptions& options,
                 const AnswerSink& sink);

/// Infers from each of several sets that share θ, and hands the answers' combination to `sink`, with all observations
/// as one set.
void answer_combined(const Machine& machine, const Observations& data, const InferenceOptions& options,
                     const AnswerSink& sink);

}  // namespace alfi::cli
