// The pace of a training: seconds that its meta-steps, validations and checkpoints take, and so those that are left.
//
// It reads no clock: each call says what the time since the call before was spent on.
#pragma once

#include <cstdint>
#include <limits>
#include <utility>

namespace alfi {

/// Numbers of what a training still does.
struct WorkLeft {
  std::int64_t steps, validations, checkpoints;
};

class Pace {
 public:
  /// Begins at this time; all times are in seconds of one clock.
  explicit Pace(double now) : last_(now) {}

  /// Says that nothing was done that is done again.
  void add_other(double now) { last_ = now; }

  /// Adds meta-steps that were done at once. The first are no sample: they load kernels and touch memory first.
  void add_steps(std::int64_t count, double now) {
    const double seconds = since_last(now);
    if (std::exchange(first_, false)) return;
    seconds_ += seconds;
    steps_ += static_cast<double>(count);
    if (seconds_ >= measured_seconds || !measured_) seconds_per_step_ = seconds_ / steps_;
    if (seconds_ < measured_seconds) return;
    measured_ = true;
    seconds_ = steps_ = 0;
  }
  void add_validation(double now) { seconds_per_validation_ = since_last(now); }
  void add_checkpoint(double now) { seconds_per_checkpoint_ = since_last(now); }

  /// Returns the seconds a meta-step takes, measured over the last second of meta-steps, whatever was done between
  /// them; NaN before the second one.
  double seconds_per_step() const { return seconds_per_step_; }

  /// Returns the seconds that this takes, as its kind did last; nothing for a kind not done yet. NaN as above where
  /// steps are left.
  double seconds(const WorkLeft& left) const {
    const auto of = [](std::int64_t count, double each) { return count == 0 ? 0 : static_cast<double>(count) * each; };
    return of(left.steps, seconds_per_step_) + of(left.validations, seconds_per_validation_) +
           of(left.checkpoints, seconds_per_checkpoint_);
  }

 private:
  static constexpr double measured_seconds = 1;

  double since_last(double now) { return now - std::exchange(last_, now); }

  double last_;
  bool first_ = true;
  bool measured_ = false;           ///< a whole second of meta-steps was
  double seconds_ = 0, steps_ = 0;  ///< of the measurement that has begun
  double seconds_per_step_ = std::numeric_limits<double>::quiet_NaN();
  double seconds_per_validation_ = 0, seconds_per_checkpoint_ = 0;
};

}  // namespace alfi
