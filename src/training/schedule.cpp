#include "src/training/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace alfi {

namespace {

/// Counts the multiples of `every` in (done, end), and `end` itself where it is not past.
std::int64_t multiples_and_end(std::int64_t every, std::int64_t done, std::int64_t end) {
  return done >= end ? 0 : (end - 1) / every - done / every + 1;
}

}  // namespace

double learning_rate(const Configuration::Training& training, std::int64_t step) {
  const double warm = std::min(1.0, static_cast<double>(step + 1) / std::max(1, training.warmup_steps));
  if (training.schedule == Schedule::constant) return training.learning_rate * warm;
  return training.learning_rate * warm * 0.5 *
         (1 + std::cos(std::numbers::pi * static_cast<double>(step) / training.steps));
}

double annealed_beta(const Configuration::Training& training, std::int64_t step) {
  const double done = static_cast<double>(step) / training.steps;
  return training.beta.from + (training.beta.to - training.beta.from) * done;
}

bool validates_after(const Configuration::Training& training, std::int64_t done) {
  return done % training.validate_every == 0 || done == training.steps;
}

bool saves_after(const Configuration::Training& training, std::int64_t done) {
  return done % training.checkpoint_every == 0 || done == training.steps;
}

bool needs_weights_after(const Configuration::Training& training, std::int64_t done) {
  return validates_after(training, done) || saves_after(training, done);
}

WorkLeft work_left(const Configuration::Training& training, std::int64_t done) {
  return {.steps = training.steps - done,
          .validations = multiples_and_end(training.validate_every, done, training.steps),
          .checkpoints = multiples_and_end(training.checkpoint_every, done, training.steps)};
}

std::vector<MetaStep> next_window(const Configuration::Training& training, std::int64_t done, int most) {
  std::vector<MetaStep> steps;
  while (done < training.steps && static_cast<int>(steps.size()) < most) {
    steps.push_back({static_cast<std::uint64_t>(done), learning_rate(training, done), annealed_beta(training, done)});
    if (needs_weights_after(training, ++done)) break;
  }
  return steps;
}

}  // namespace alfi
