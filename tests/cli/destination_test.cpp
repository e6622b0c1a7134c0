// Files that commands write: nothing foreign is written over, endings mean what they say, nothing half-written stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/cli/cli.hpp"
#include "tests/support/search_path.hpp"

namespace alfi::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> with(std::vector<std::string> call, const std::vector<std::string>& more) {
  call.insert(call.end(), more.begin(), more.end());
  return call;
}

/// Expects that the call is refused, with `part` in what it says.
void expect_refused(const std::vector<std::string>& call, const std::string& part) {
  const Outcome outcome = alfi(call);
  EXPECT_EQ(outcome.code, 2) << part;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("alfi: error: "), HasSubstr(part)));
}

TEST_F(Cli, NothingForeignIsWrittenOver) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const std::string tape = ALFI_TEST_DATA "/poisson_networks.safetensors";
  const std::vector<std::pair<std::vector<std::string>, std::string>> calls{
      {{"convert", path("run")}, "weights.safetensors"},
      {{"replay", tape}, "replayed.safetensors"},
      {{"evaluate", path("run"), "--episodes", "16"}, "numbers.json"},
      {{"simulate", "poisson", "--theta", "2", "--count", "3"}, "x.csv"},
      {{"simulate", "poisson", "--theta", "2", "--count", "3"}, "x.npy"},
      {{"simulate", "poisson", "--prior-predictive", "2", "--count", "3"}, "many.npy"}};
  for (const auto& [call, name] : calls) {
    SCOPED_TRACE(name);
    folder_.write(name, std::string_view("precious"));
    const std::vector<std::string> to_file = with(call, {"--out", path(name)});
    expect_refused(to_file, "--force");
    EXPECT_EQ(content_of(path(name)), "precious");
    EXPECT_EQ(alfi(with(to_file, {"--force"})).code, 0);
    EXPECT_NE(content_of(path(name)), "precious");
    fs::create_directory(path("folder" + name));
    expect_refused(with(call, {"--force", "--out", path("folder" + name)}), "a folder is there");
  }
  // Rows of numbers are replaced by rows of numbers.
  EXPECT_EQ(alfi({"simulate", "poisson", "--theta", "2", "--count", "4", "--out", path("x.csv")}).code, 0);
}

TEST_F(Cli, AReportReplacesReportsOnly) {
  if (test::program("gnuplot").empty()) GTEST_SKIP() << "there is no gnuplot";
  ASSERT_EQ(alfi(training("run")).code, 0);
  const std::vector<std::string> call{"report", path("run"), "--episodes", "16", "--out", path("page.html")};
  folder_.write("page.html", std::string_view("precious"));
  expect_refused(call, "page.html: is there and no report; --force");
  EXPECT_EQ(content_of(path("page.html")), "precious");
  fs::remove(path("page.html"));
  fs::create_directory(path("page"));
  folder_.write("page/training.csv", std::string_view("precious"));
  expect_refused(call, "holds something else; --force");
  EXPECT_EQ(content_of(path("page/training.csv")), "precious");
  EXPECT_EQ(alfi(with(call, {"--force"})).code, 0);
  EXPECT_EQ(alfi(call).code, 0);  // its own
}

TEST_F(Cli, AnEvaluationKeepsOthers) {
  ASSERT_EQ(alfi(training("run", {"--set", "evaluation.episodes=48"})).code, 0);
  const auto episodes = [&](const std::string& name) {
    return nlohmann::json::parse(content_of(path("run") + "/" + name)).at("episodes").get<int>();
  };
  ASSERT_EQ(alfi({"evaluate", path("run")}).code, 0);
  const Outcome shorter = alfi({"evaluate", path("run"), "--episodes", "16"});
  EXPECT_THAT(shorter.err, HasSubstr("evaluation-16-episodes.json"));
  EXPECT_EQ(episodes("evaluation.json"), 48);
  EXPECT_EQ(episodes("evaluation-16-episodes.json"), 16);
  ASSERT_EQ(alfi({"evaluate", path("run"), "--iterations", "3", "--replicates", "1"}).code, 0);
  EXPECT_TRUE(fs::exists(path("run") + "/evaluation-3-iterations-1-replicates.json"));
  // A new training leaves none of an older machine.
  ASSERT_EQ(alfi(training("run", {"--force"})).code, 0);
  for (const auto& entry : fs::directory_iterator(path("run")))
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("evaluation")));
}

TEST_F(Cli, EndingsMeanWhatTheySay) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const std::string tape = ALFI_TEST_DATA "/poisson_networks.safetensors";
  for (const char* const name : {"a.csv", "a.pt", "a.html"}) {
    expect_refused({"convert", path("run"), "--out", path(name)}, "must end in .safetensors");
    expect_refused({"replay", tape, "--out", path(name)}, "must end in .safetensors");
    expect_refused({"evaluate", path("run"), "--out", path(name)}, "must end in .json");
    EXPECT_FALSE(fs::exists(path(name)));
  }
  expect_refused({"convert", tape, "--config", config_, "--out", path("a.safetensors")}, "must be a folder");
}

TEST_F(Cli, AKilledCommandLeavesNoHalfOfAFile) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    Process process({"simulate", "poisson", "--theta", "5", "--count", "9000000000", "--out", path("x.csv")});
    wait_for(process, path("x.csv.partial"));
    process.signal(signal);
    EXPECT_EQ(process.wait().code, -signal);
    EXPECT_FALSE(fs::exists(path("x.csv.partial")));
    EXPECT_FALSE(fs::exists(path("x.csv")));
  }
}

TEST_F(Cli, EmptyValuesAreRefused) {
  for (const auto& call :
       std::vector<std::vector<std::string>>{{"train", config_, "--out", ""},
                                             {"train", "", "--out", path("run")},
                                             {"evaluate", ""},
                                             {"simulate", "poisson", "--theta", "2", "--count", "3", "--out", ""}})
    expect_refused(call, "'' is no value");
}

TEST_F(Cli, TroubleOfTheFileSystemIsNamed) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  // A path through a file, which even root cannot go: ENOTDIR. Permissions stop others alone.
  const std::string through = config_ + "/below";
  for (const auto& call : std::vector<std::vector<std::string>>{{"train", through, "--out", path("new")},
                                                                {"evaluate", through + std::string(5000, 'x')}}) {
    const Outcome outcome = alfi(call);
    EXPECT_NE(outcome.code, 0);
    EXPECT_THAT(outcome.err, ::testing::AnyOf(HasSubstr("Not a directory"), HasSubstr("File name too long")));
  }
  expect_refused({"train", folder_.path().string(), "--out", path("new")}, "Is a directory");
  const Outcome outcome = alfi({"train", config_, "--out", through});
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(through + ": Not a directory"), Not(HasSubstr("filesystem error"))));
  expect_refused({"evaluate", config_}, "it is text, as a configuration is");
}

}  // namespace
}  // namespace alfi::test
