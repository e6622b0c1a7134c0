// A program run under a fault, and what came of it.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace alfi::faults {

struct Ending {
  int code = 0;    ///< exit code
  int signal = 0;  ///< that ended it, or 0
  bool in_time = true;
  double seconds = 0;
  std::string out, err;

  bool good() const { return code == 0 && signal == 0 && in_time; }
};

struct Call {
  std::vector<std::string> arguments;                              ///< the program first
  std::vector<std::string> environment = {};                       ///< NAME=VALUE, beside our own
  std::chrono::duration<double> limit = std::chrono::seconds(30);  ///< after which it is killed
};

/// Runs a program to its end; it is killed at the limit.
Ending run(const Call& call);

/// Returns a file's bytes, "" where it cannot be read.
std::string content_of(const std::filesystem::path& path);

}  // namespace alfi::faults
