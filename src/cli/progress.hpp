// Progress of a training, on standard error: one line redrawn on a terminal, else a plain line every few seconds.
#pragma once

#include <chrono>
#include <string>

#include "alfi/trainer.hpp"

namespace alfi::cli {

/// Writes "12 s", "3 min 05 s", "2 h 07 min"; "?" where it is not known.
std::string duration_text(double seconds);

/// Returns one line, e.g.
///   [#####-----]  500/4000  4321 episodes/s  loss -1.234  validation -1.301  48 s left
/// with a bar of `bar` places, or none for 0.
std::string progress_text(const TrainingProgress& progress, int bar);

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();  ///< ends a line that was left open
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Draws if the last time is long enough ago or this is the last step.
  void show(const TrainingProgress& progress);

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool open_ = false;
  Clock::time_point next_;
};

}  // namespace alfi::cli
