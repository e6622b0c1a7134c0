// Progress of a training, an evaluation or an inference of many sets, on standard error: one line redrawn on a
// terminal, else a plain line every few seconds.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "alfi/trainer.hpp"

namespace alfi::cli {

/// Returns one line, e.g.
///   [#####-----]  500/4000  4321 episodes/s  loss -1.234  validation -1.301  48 s left
/// with a bar of `bar` places, or none for 0.
std::string progress_text(const TrainingProgress& progress, int bar);

/// Returns one line of `done` sets of `all` after some seconds, e.g.
///   [#####-----]  2048/10000 sets  9800 sets/s  1 s left
std::string progress_text(std::size_t done, std::size_t all, double seconds, int bar);

/// Returns one line of a job of which a part in [0, 1] is done after some seconds, e.g.
///   [####------]  40 %  3 min 05 s left
std::string progress_text(double done, double seconds, int bar);

class ProgressLine {
 public:
  /// Begins to draw after this time, so that a short job has no line.
  explicit ProgressLine(std::chrono::milliseconds quiet = {});
  ~ProgressLine();  ///< ends a line that was left open
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Draws text(places of its bar) if the last time is long enough ago, or this is the last one of lines begun.
  void show(bool last, const std::function<std::string(int bar)>& text);

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool open_ = false;
  bool begun_;
  Clock::time_point next_;
};

/// Says how much of a job is done, if it takes longer than two seconds.
class JobProgress {
 public:
  void show(double done);

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  ProgressLine line_{std::chrono::seconds(2)};
};

}  // namespace alfi::cli
