// A program run to its end.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace alfi {

/// Results that a program left behind.
struct ChildResult {
  bool found = true;  ///< false where there is no such program; nothing else is set then
  int signal = 0;     ///< that ended it, or 0
  int exit_code = 0;
  std::string out, err;
};

/// Runs a program, found along PATH, in a folder with this standard input, and waits for it. Throws RunError where it
/// cannot be started, or is not done within the limit, when it is killed.
ChildResult run_child(const std::vector<std::string>& arguments, const std::string& input,
                      const std::filesystem::path& folder, std::chrono::milliseconds limit);

/// Returns the text without blanks at its ends, cut where it is longer than `most` bytes.
std::string trimmed(std::string text, std::size_t most = 1200);

}  // namespace alfi
