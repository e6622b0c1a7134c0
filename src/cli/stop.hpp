// Signals by which people and schedulers stop a long job: Ctrl-C, a termination, a terminal that closes, a scheduler's
// warning (SIGUSR1, SIGUSR2) or the end of the processor time (SIGXCPU) ask for it; a second one kills.
#pragma once

#include <filesystem>
#include <stdexcept>

namespace alfi::cli {

/// Takes the first such signal from now on as a wish to stop. SIGHUP that is ignored, as under nohup, stays so.
void listen_for_stop();
/// Says whether such a signal came.
bool stop_wanted();

/// Keeps a promise as long as it lives: a signal that kills removes this file first. One at a time.
class RemovedWhenKilled {
 public:
  explicit RemovedWhenKilled(const std::filesystem::path& file);
  RemovedWhenKilled(const RemovedWhenKilled&) = delete;
  RemovedWhenKilled& operator=(const RemovedWhenKilled&) = delete;
  ~RemovedWhenKilled();
};

/// A command was stopped before its end, in good order; says what was saved, lines of text.
class Stopped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace alfi::cli
