// The call of `alfi`: version, help, wrong words, and an output that cannot be written or whose reader goes.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(Cli, SaysItsVersionAndHelps) {
  const Outcome version = alfi({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.out, ::testing::MatchesRegex("alfi [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  const Outcome help = alfi({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* const command :
       {"train", "evaluate", "infer", "simulate", "bench", "replay", "convert", "report", "info"}) {
    EXPECT_THAT(help.out, HasSubstr(command));
    const Outcome of_command = alfi({command, "--help"});
    EXPECT_EQ(of_command.code, 0);
    EXPECT_THAT(of_command.out, HasSubstr("Usage"));
  }
}

TEST_F(Cli, RefusesACallItDoesNotUnderstand) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> calls{
      {{}, "subcommand"},
      {{"trian"}, "'trian'"},
      {{"--bogus"}, "'--bogus'"},
      {{"train"}, "CONFIG"},
      {{"train", config_}, "--out"},
      {training("run", {"--stps", "4"}), "--stps"},
      {training("run", {"extra"}), "extra"},
      {training("run", {"--resume", "--force"}), "--resume"},
      {{"simulate", "poisson", "--theta", "1"}, "--count"},
      {{"bench", "--seconds", "soon"}, "--seconds"},
      {{"bench", "--seconds", "0"}, "--seconds 0"},
      {{"replay", config_}, "--out"},
      {{"convert", config_}, "--out"},
      {{"convert", config_, "--out", path("run"), "--set", "engine.seed=2"}, "--config"}};
  for (const auto& [arguments, part] : calls) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, AllOf(StartsWith("alfi: error: "), HasSubstr(part)));
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_FALSE(fs::exists(path("run")));
}

TEST_F(Cli, NamesArgumentsInTheirOrderAndInItsOwnWords) {
  EXPECT_THAT(alfi({"train", config_, "--out", path("run"), "first", "second", "third"}).err,
              HasSubstr("unknown to alfi train: first second third"));
  EXPECT_THAT(alfi({"bench", "--seconds", "soon"}).err, HasSubstr("--seconds = soon: must be a number"));
  const std::vector<std::string> simulate{"simulate", "poisson", "--theta", "3", "--count", "2", "--device", "1"};
  const Outcome device = alfi(simulate);
  EXPECT_EQ(device.code, 2);
  EXPECT_THAT(device.err, HasSubstr("--device 1 is a CUDA device's number; --backend must be cuda or auto"));
}

// TBB warns of threads beyond those that the process may have.
TEST_F(Cli, ManyThreadsAreNoReasonToWarn) {
  ASSERT_EQ(alfi(training("run", {"--set", "evaluation.episodes=64"})).code, 0);
  for (const auto& call : {std::vector<std::string>{"evaluate", path("run"), "--threads", "4000"},
                           training("many", {"--threads", "4000"})}) {
    const Outcome outcome = alfi(call);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.err, ::testing::Not(HasSubstr("TBB")));
  }
}

TEST_F(Cli, FailsWhereStandardOutputIsFull) {
  const Outcome outcome = Process({"info"}, 0, "/dev/full").wait();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("standard output cannot be written"));
}

TEST_F(Cli, EndsQuietlyWhenTheReaderOfItsOutputGoes) {
  const std::string pipe = path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  // More than a pipe holds.
  Process process({"simulate", "poisson", "--theta", "5", "--count", "1000000"}, 0, pipe.c_str());
  const int reader = open(pipe.c_str(), O_RDONLY);
  char first = 0;
  EXPECT_EQ(read(reader, &first, 1), 1);
  close(reader);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
}

}  // namespace
}  // namespace alfi::test
