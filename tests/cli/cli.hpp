// The binary `alfi` as a process, and a tiny training for it.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/content_of.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi::test {

namespace fs = std::filesystem;

/// Results that a process left behind; code is −(signal) where a signal ended it.
struct Outcome {
  int code;
  std::string out, err;
};

/// `alfi` with arguments, in a working folder of its own, as long as it runs.
class Process {
 public:
  /// Starts `alfi`. `largest_file` is in bytes, 0: no limit. `output` goes to that file instead of being kept.
  explicit Process(std::vector<std::string> arguments, rlim_t largest_file = 0, const char* output = nullptr) {
    arguments.insert(arguments.begin(), ALFI_CLI);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const std::string out = output != nullptr ? output : (folder_.path() / "out").string();
    const std::string err = (folder_.path() / "err").string();
    id_ = fork();
    if (id_ < 0) throw std::runtime_error("fork failed");
    if (id_ == 0) {
      dup2(open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
      dup2(open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
      if (largest_file > 0) {
        const rlimit limit{largest_file, largest_file};
        setrlimit(RLIMIT_FSIZE, &limit);
      }
      execv(ALFI_CLI, pointers.data());
      _exit(127);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (id_ > 0) {
      kill(id_, SIGKILL);
      waitpid(id_, nullptr, 0);
    }
  }

  void signal(int number) const { kill(id_, number); }
  bool running() const {
    siginfo_t information{};
    waitid(P_PID, static_cast<id_t>(id_), &information, WEXITED | WNOHANG | WNOWAIT);
    return information.si_pid == 0;
  }

  Outcome wait() {
    int status = 0;
    waitpid(id_, &status, 0);
    id_ = 0;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
            fs::exists(folder_.path() / "out") ? content_of(folder_.path() / "out") : "",
            content_of(folder_.path() / "err")};
  }

 private:
  TemporaryFolder folder_;
  pid_t id_;
};

inline Outcome alfi(const std::vector<std::string>& arguments) { return Process(arguments).wait(); }

inline void wait_for(const Process& process, const fs::path& path) {
  while (!fs::exists(path) && process.running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_TRUE(fs::exists(path)) << path;
}

/// A training of milliseconds.
inline constexpr const char* tiny = R"(
simulator: {name: poisson, transform: sqrt}
episode: {iterations: 2, thetas: 2, observations: 3, real_observations: 8}
networks:
  encoder: {hidden: 4, code: 3}
  aggregator: {hidden: 4, code: 3}
  rim: {hidden: 4, state: 4}
training: {steps: 20, meta_batch: 16, warmup_steps: 2, checkpoint_every: 10, validate_every: 10}
engine: {threads: 1}
)";

class Cli : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string checkpoint(const std::string& run, int step) const {
    return path(run) + "/checkpoints/step-" + std::to_string(step) + ".safetensors";
  }
  /// Trains the tiny configuration into a run folder of this name, with what else is said.
  std::vector<std::string> training(const std::string& run, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"train", config_, "--out", path(run)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  TemporaryFolder folder_;
  std::string config_ = folder_.write("tiny.yaml", std::string_view(tiny)).string();
};

inline nlohmann::json json_of(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return nlohmann::json::parse(outcome.out);
}

}  // namespace alfi::test
