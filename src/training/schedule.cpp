#include "src/training/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <tuple>

namespace alfi {

namespace {

/// Returns the number of first steps whose learning rate and beta are those of a training of any length.
std::int64_t plateau_end(const Configuration::Training& training) {
  const bool anneals = training.loss == Loss::beta_normal && training.beta.from != training.beta.to;
  switch (training.schedule) {
    case Schedule::constant:
      return anneals ? 0 : std::numeric_limits<std::int64_t>::max();
    case Schedule::cooldown:
      return cooldown_begin(training);
    case Schedule::cosine:
      break;
  }
  return 0;
}

/// Counts the multiples of `every` in (done, end), and `end` itself where it is not past.
std::int64_t multiples_and_end(std::int64_t every, std::int64_t done, std::int64_t end) {
  return done >= end ? 0 : (end - 1) / every - done / every + 1;
}

}  // namespace

std::int64_t cooldown_begin(const Configuration::Training& training) {
  return training.steps - std::max<std::int64_t>(1, std::llround(training.cooldown * training.steps));
}

double learning_rate(const Configuration::Training& training, std::int64_t step) {
  const double warm = std::min(1.0, static_cast<double>(step + 1) / std::max(1, training.warmup_steps));
  const double rate = training.learning_rate * warm;
  switch (training.schedule) {
    case Schedule::constant:
      break;
    case Schedule::cooldown: {
      const std::int64_t left = training.steps - step, all = training.steps - cooldown_begin(training);
      return left < all ? rate * static_cast<double>(left) / static_cast<double>(all) : rate;
    }
    case Schedule::cosine:
      return rate * 0.5 * (1 + std::cos(std::numbers::pi * static_cast<double>(step) / training.steps));
  }
  return rate;
}

std::int64_t alike_until(const Configuration::Training& a, const Configuration::Training& b) {
  const auto of_schedule = [](const auto& t) { return std::tuple(t.steps, t.schedule, t.cooldown); };
  if (of_schedule(a) == of_schedule(b)) return a.steps;
  return std::min({std::int64_t{a.steps}, std::int64_t{b.steps}, plateau_end(a), plateau_end(b)});
}

double annealed_beta(const Configuration::Training& training, std::int64_t step) {
  const std::int64_t begin = training.schedule == Schedule::cooldown ? cooldown_begin(training) : 0;
  const double done =
      static_cast<double>(std::max<std::int64_t>(0, step - begin)) / static_cast<double>(training.steps - begin);
  return training.beta.from + (training.beta.to - training.beta.from) * done;
}

bool validates_after(const Configuration::Training& training, std::int64_t done) {
  return done % training.validate_every == 0 || done == training.steps;
}

bool saves_after(const Configuration::Training& training, std::int64_t done) {
  return done % training.checkpoint_every == 0 || done == training.steps ||
         (training.schedule == Schedule::cooldown && done == cooldown_begin(training));
}

bool needs_weights_after(const Configuration::Training& training, std::int64_t done) {
  return validates_after(training, done) || saves_after(training, done);
}

WorkLeft work_left(const Configuration::Training& training, std::int64_t done) {
  const std::int64_t begin = cooldown_begin(training);
  const bool cooldown =
      training.schedule == Schedule::cooldown && begin > done && begin % training.checkpoint_every != 0;
  return {.steps = training.steps - done,
          .validations = multiples_and_end(training.validate_every, done, training.steps),
          .checkpoints = multiples_and_end(training.checkpoint_every, done, training.steps) + (cooldown ? 1 : 0)};
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
