// The schedule of a training: what each meta-step is done with, and after which steps its weights are needed.
//
// Pure functions of the configuration. `step` counts meta-steps from 0; `done` is how many are done.
#pragma once

#include <cstdint>
#include <vector>

#include "alfi/configuration.hpp"
#include "src/model/episodes.hpp"
#include "src/training/pace.hpp"

namespace alfi {

/// Returns the number of steps before the cooldown begins.
std::int64_t cooldown_begin(const Configuration::Training& training);

/// Returns learning_rate · min(1, (step + 1)/warmup_steps), times a factor of the schedule: on cosine
/// (1 + cos(π step/steps))/2 (Loshchilov and Hutter 2017, arXiv 1608.03983, without restarts), on cooldown
/// min(1, (steps − step)/(steps − cooldown_begin)) (Hägele et al. 2024, arXiv 2405.18392).
double learning_rate(const Configuration::Training& training, std::int64_t step);

/// Returns beta of loss beta_normal: on the line from beta.from, at step 0 or where the cooldown begins, to beta.to
/// once all steps are done.
double annealed_beta(const Configuration::Training& training, std::int64_t step);

/// Returns how many of the first steps are alike in two trainings that differ in steps, schedule and cooldown alone:
/// done with equal learning rates and betas.
std::int64_t alike_until(const Configuration::Training& a, const Configuration::Training& b);

/// Says whether the weights are validated now: every validate_every steps, from 0 on, and after the last.
bool validates_after(const Configuration::Training& training, std::int64_t done);

/// Says whether the state is saved now: every checkpoint_every steps, before the cooldown, and after the last. (That of
/// a training that is stopped is saved anyway.)
bool saves_after(const Configuration::Training& training, std::int64_t done);

/// Says whether anything is done with the weights now, so that no later step may be submitted before.
bool needs_weights_after(const Configuration::Training& training, std::int64_t done);

/// Counts what is left to do after `done` steps.
WorkLeft work_left(const Configuration::Training& training, std::int64_t done);

/// Returns the steps that are submitted together after `done`: at least one where any is left, at most `most`, and none
/// beyond one after which the weights are needed.
std::vector<MetaStep> next_window(const Configuration::Training& training, std::int64_t done, int most);

}  // namespace alfi
