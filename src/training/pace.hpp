// The pace of a training: seconds a meta-step takes, measured over about a second.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>

namespace alfi {

class Pace {
 public:
  /// Counts a meta-step that is done. The first one ends a measurement; later ones do once it took a second.
  void add_step() {
    ++steps_;
    const double seconds = since(begin_);
    if (seconds <= 1 && std::isfinite(seconds_per_step_)) return;
    seconds_per_step_ = seconds / static_cast<double>(steps_);
    restart();
  }

  /// Begins the measurement anew: the time since it began was not spent on meta-steps alone.
  void restart() {
    begin_ = Clock::now();
    steps_ = 0;
  }

  /// Returns the result of the last measurement; infinite before the first step.
  double seconds_per_step() const { return seconds_per_step_; }
  /// Returns the seconds since the pace was made.
  double elapsed() const { return since(made_); }

 private:
  using Clock = std::chrono::steady_clock;
  static double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

  Clock::time_point made_ = Clock::now(), begin_ = made_;
  std::int64_t steps_ = 0;  ///< since the measurement began
  double seconds_per_step_ = std::numeric_limits<double>::infinity();
};

}  // namespace alfi
