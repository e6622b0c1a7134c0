// One training at a time in a run folder.
#pragma once

#include <filesystem>

namespace alfi {

/// Holds a run folder while it lives; the system lets go of it when a process dies. Leaves nothing in the folder.
class RunLock {
 public:
  /// Locks a run folder. Throws InputError where another training holds it, RunError where it cannot be
  /// opened. File systems without locks are trusted.
  explicit RunLock(const std::filesystem::path& run);
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;
  ~RunLock();

 private:
  int folder_;
};

}  // namespace alfi
