// Trainings that are stopped: by signals, by a time limit, without a standard error. They go on bit for bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "alfi/configuration.hpp"
#include "tests/cli/cli.hpp"
#include "tests/support/program_modes.hpp"

namespace alfi::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

const std::vector<std::string> endless{"--set", "training.steps=1000000000", "--set",
                                       "training.validate_every=1000000000"};

TEST_F(Cli, AnInterruptedTrainingGoesOnBitForBit) {
  const auto arguments = [this](const std::string& run, const char* more = nullptr) {
    std::vector<std::string> all = training(run, endless);
    if (more != nullptr) all.emplace_back(more);
    return all;
  };
  const auto train_until = [&](const std::string& run, int step, int signal, const char* more = nullptr) {
    // A checkpoint that is not there yet: the process would be signalled before it listens.
    int awaited = step;
    while (fs::exists(checkpoint(run, awaited))) awaited += 10;
    Process process(arguments(run, more));
    wait_for(process, checkpoint(run, awaited));
    process.signal(signal);
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("stopped at step"), HasSubstr("--resume"), HasSubstr(path(run))));
  };
  train_until("whole", 100, SIGINT);
  train_until("pieces", 10, SIGTERM);
  train_until("pieces", 20, SIGHUP, "--resume");
  train_until("pieces", 30, SIGUSR1, "--resume");
  train_until("pieces", 40, SIGUSR2, "--resume");
  train_until("pieces", 50, SIGXCPU, "--resume");
  train_until("pieces", 100, SIGINT, "--resume");
  for (const int step : {10, 50, 100})
    EXPECT_EQ(content_of(checkpoint("whole", step)), content_of(checkpoint("pieces", step))) << step;
}

TEST_F(Cli, OneTrainingAtATimeInAFolder) {
  Process process(training("run", endless));
  wait_for(process, checkpoint("run", 10));
  std::vector<std::string> resumed = training("run", endless);
  resumed.emplace_back("--resume");
  for (const auto& arguments : {training("run", {"--force"}), training("run"), resumed}) {
    const Outcome second = alfi(arguments);
    EXPECT_EQ(second.code, 2) << arguments.back();
    EXPECT_THAT(second.err, AllOf(HasSubstr(path("run")), HasSubstr("another training"))) << arguments.back();
    EXPECT_TRUE(fs::exists(checkpoint("run", 10))) << arguments.back();
  }
  process.signal(SIGINT);
  EXPECT_EQ(process.wait().code, 3);
}

// A step of this takes minutes. What is saved are the weights before it, from which the training goes on.
TEST_F(Cli, AStopIsHeededWithinAStep) {
  std::vector<std::string> arguments = training("run", endless);
  arguments.insert(arguments.end(), {"--set", "training.meta_batch=9000000"});
  Process process(arguments);
  wait_for(process, path("run") + "/config.yaml");
  process.signal(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("stopped at step 0 of 1000000000; saved "));
  EXPECT_TRUE(fs::exists(checkpoint("run", 0)));
}

TEST_F(Cli, ATimeLimitStopsATraining) {
  std::vector<std::string> arguments = training("run", endless);
  arguments.insert(arguments.end(), {"--time-limit", "0.3s"});
  const Outcome outcome = alfi(arguments);
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("stopped by --time-limit at step "), HasSubstr("--resume")));
  const Outcome in_time = alfi(training("short", {"--time-limit", "1d"}));
  EXPECT_EQ(in_time.code, 0) << in_time.err;
  for (const char* const wrong : {"", "soon", "0", "-5s", "3x", "5m3h", "1h1h", "nan", "1e999d"}) {
    const Outcome refused = alfi(training("wrong", {std::string("--time-limit=") + wrong}));
    EXPECT_EQ(refused.code, 2) << wrong;
    EXPECT_FALSE(fs::exists(path("wrong"))) << wrong;
  }
}

// A program that never answers, in the simulations before the first step.
TEST_F(Cli, AStopIsHeededWhileAProgramIsWaitedFor) {
  Tried tried = in_mode("hang");
  tried.configuration.simulator.timeout_seconds = 1e6;
  std::ofstream(path("hangs.yaml")) << to_yaml(tried.configuration);
  Process process({"train", path("hangs.yaml"), "--out", path("run"), "--backend", "cpu"});
  while (processes(tried.marker) == 0 && process.running()) std::this_thread::sleep_for(1ms);
  process.signal(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err, "stopped before the first step; there is nothing to save\n");
  EXPECT_FALSE(fs::exists(path("run")));
  expect_gone(tried.marker);
}

// Sixteen episodes of this take many seconds, and a stop is not heeded within them.
TEST_F(Cli, ASecondSignalKills) {
  std::vector<std::string> arguments = training("run", endless);
  arguments.insert(arguments.end(), {"--set", "episode.observations=3000", "--set", "networks.encoder.hidden=2000",
                                     "--set", "engine.encoder=dense", "--backend", "cpu"});
  Process process(arguments);
  wait_for(process, path("run") + "/config.yaml");
  std::this_thread::sleep_for(500ms);  // until the first of them have begun
  process.signal(SIGINT);
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(process.running());
  for (; process.running(); std::this_thread::sleep_for(50ms))
    process.signal(SIGTERM);  // the first may still be pending
  EXPECT_EQ(process.wait().code, -SIGTERM);
}

// Messages are lost, and nothing else. A closed standard error would give its number to a checkpoint.
TEST_F(Cli, ATrainingNeedsNoStandardError) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const std::string command = std::string(ALFI_CLI) + " train " + config_ + " --out ";
  const auto status = [](const std::string& line) {
    const int result = std::system(line.c_str());
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
  };
  EXPECT_EQ(status(command + path("closed") + " 2>&-"), 0);
  EXPECT_EQ(status(command + path("all_closed") + " 0<&- 1>&- 2>&-"), 0);
  EXPECT_EQ(status("bash -c 'set -o pipefail; " + command + path("gone") + " 2> >(exec true)'"), 0);
  for (const char* const run : {"closed", "all_closed", "gone"})
    EXPECT_EQ(content_of(checkpoint(run, 20)), content_of(checkpoint("run", 20))) << run;
  // An output that is closed is no place for an answer.
  std::ofstream(path("x.csv")) << "3\n4\n";
  EXPECT_EQ(
      status(std::string(ALFI_CLI) + " infer " + path("run") + " --data " + path("x.csv") + " >&- 2>" + path("err")),
      1);
  EXPECT_THAT(content_of(path("err")), HasSubstr("standard output"));
}

}  // namespace
}  // namespace alfi::test
