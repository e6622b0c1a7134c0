// Words that a program's workers write to standard error, in their order.
#pragma once

#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>

namespace alfi {

/// Used by any thread.
class ProgramLog {
 public:
  void add(std::string_view words);
  /// Adds to this file from now on, and to a first one also what there was before. Throws RunError where it cannot be
  /// written.
  void keep_in(const std::filesystem::path& file);
  /// Returns the last words.
  std::string end() const;

 private:
  static constexpr std::size_t most_kept = 1 << 16, most_shown = 2000;

  mutable std::mutex mutex_;
  std::string recent_;
  std::ofstream file_;
};

}  // namespace alfi
