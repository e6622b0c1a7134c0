// Configurations of simulators that are programs: tests/simulators/tested_program.cpp in one of its modes.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/small_configuration.hpp"

namespace alfi::test {

/// Makes a word of a program's own, by which its processes are known.
inline std::string new_marker() {
  static int number = 0;
  return "marker-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
}

/// Counts the processes that have this word.
inline int processes(const std::string& marker) {
  int count = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone))
    if (entry.path().filename().string().find_first_not_of("0123456789") == std::string::npos) {
      std::ifstream file(entry.path() / "cmdline");
      const std::string words{std::istreambuf_iterator<char>(file), {}};
      count += words.find(marker) != words.npos ? 1 : 0;
    }
  return count;
}

/// Waits until none of them is left.
inline void expect_gone(const std::string& marker) {
  for (int i = 0; processes(marker) > 0 && i < 2000; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(processes(marker), 0) << marker;
}

inline Configuration program_configuration(std::vector<std::string> words) {
  Configuration c = small_configuration("gaussian");
  c.simulator = {"", {}, Transform::log1p};
  c.simulator.program = std::move(words);
  c.simulator.program_parameters = {{"lifetime", "s", log_uniform(0.1, 10)}, {"dead_time", "s", uniform(0, 1)}};
  c.simulator.observations = {1, false, 0, infinity, "waiting times"};
  return c;
}

struct Tried {
  Configuration configuration;
  std::string marker;
};

inline Tried in_mode(const std::string& mode, const std::string& number = "0",
                     const std::vector<std::string>& more = {}) {
  const std::string marker = new_marker();
  std::vector<std::string> words{ALFI_PROGRAM, mode, number, marker};
  words.insert(words.end(), more.begin(), more.end());
  return {program_configuration(words), marker};
}

}  // namespace alfi::test
