// alfi baseline: comparisons, what it refuses, and what a signal does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(Cli, ComparesBaselinesOfAConfigurationAndARun) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const nlohmann::json alone = json_of(alfi({"baseline", "nes", config_, "--episodes", "20", "--json"}));
  EXPECT_EQ(alone["calls_of_alfi"], 192);  // 16 replicates of 12
  EXPECT_EQ(alone["results"].size(), 3U);
  EXPECT_EQ(alone["results"][2]["calls"], 19200);
  EXPECT_TRUE(alone["error"]["alfi"].is_null());
  const nlohmann::json beside =
      json_of(alfi({"baseline", "nes", path("run"), "--episodes", "20", "--calls", "10", "--json"}));
  const nlohmann::json evaluation = json_of(alfi({"evaluate", path("run"), "--episodes", "20", "--json"}));
  for (const char* const method : {"alfi", "mle", "posterior"})
    EXPECT_EQ(beside["error"][method], evaluation["error"][method]) << method;
  EXPECT_EQ(beside["results"][0]["error"], alone["results"][1]["error"]);
  const Outcome table = alfi({"baseline", "maximum_likelihood", path("run"), "--episodes", "20"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("maximum_likelihood on poisson, 20 episodes"), HasSubstr("/ ALFI")));
}

TEST_F(Cli, BaselineRefusesWhatItCannotDo) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& message) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << message;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_EQ(outcome.out, "");
  };
  refused({"baseline", "mcmc", config_}, "NAME: ");
  refused({"baseline", "nes"}, "CONFIG");
  refused({"baseline", "nes", path("nothing.yaml")}, "nothing.yaml");
  refused({"baseline", "nes", config_, "--episodes", "-1"}, "episodes = -1");
  refused({"baseline", "nes", config_, "--calls", "1,0"}, "calls = 0");
  refused({"baseline", "nes", config_, "--calls", "few"}, "few");
  refused({"baseline", "nes", config_, "--threads", "-1"}, "engine.threads");
  refused({"baseline", "nes", path("run"), "--set", "engine.seed=2"}, "--set engine.seed=2");
}

TEST_F(Cli, AStoppedBaselineShowsWhatIsFinished) {
  Process process({"baseline", "abc", config_, "--calls", "1,5000000", "--episodes", "20", "--json"});
  std::this_thread::sleep_for(1s);
  process.signal(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  const nlohmann::json comparison = nlohmann::json::parse(outcome.out);
  EXPECT_FALSE(comparison["finished"]);
  EXPECT_EQ(comparison["results"][0]["episodes"], 20);
  EXPECT_THAT(outcome.err, HasSubstr("stopped"));
}

}  // namespace
}  // namespace alfi::test
