// alfi simulate: its output on every way out, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alfi/simulators.hpp"
#include "src/formats/observations.hpp"
#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(Cli, SimulatesTheSameToEveryPlace) {
  const std::vector<std::string> call{"simulate", "gaussian", "--theta", "-1.5,-0.5",
                                      "--count",  "70001",    "--seed",  "9"};
  const auto with = [&call](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = call;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  const std::vector<float> expected = simulate("gaussian", {-1.5, -0.5}, 70001, 9);
  for (const char* const name : {"x.csv", "x.npy"}) {
    const Outcome outcome = alfi(with({"--out", path(name)}));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    const Observations read = read_observations(path(name));
    EXPECT_EQ(read.dimension, 1);
    EXPECT_EQ(read.values, expected);
  }
  EXPECT_EQ(alfi(call).out, content_of(path("x.csv")));
  EXPECT_EQ(alfi(with({"--npy"})).out, content_of(path("x.npy")));
  // A shorter run is the beginning of a longer one.
  const Outcome shorter = alfi({"simulate", "gaussian", "--theta", "-1.5,-0.5", "--count", "10", "--seed", "9"});
  EXPECT_EQ(shorter.out, content_of(path("x.csv")).substr(0, shorter.out.size()));
  EXPECT_NE(shorter.out, alfi({"simulate", "gaussian", "--theta", "-1.5,-0.5", "--count", "10"}).out);
}

TEST_F(Cli, SimulatesTheSameOnEveryBackend) {
  const std::vector<std::string> call{"simulate", "poisson", "--theta", "5", "--count", "1000", "--backend"};
  const auto on = [&call](const std::vector<std::string>& backend) {
    std::vector<std::string> arguments = call;
    arguments.insert(arguments.end(), backend.begin(), backend.end());
    return alfi(arguments);
  };
  const Outcome cpu = on({"cpu"}), automatic = on({"auto"}), refused = on({"cuda", "--device", "1000"});
  EXPECT_EQ(cpu.code, 0);
  EXPECT_EQ(automatic.code, 0);
  EXPECT_EQ(automatic.out, cpu.out);
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("device 1000"));
}

TEST_F(Cli, SimulateWarnsOutsideTheDomain) {
  const Outcome outcome = alfi({"simulate", "poisson", "--theta", "20", "--count", "3"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("log_rate = 20"), HasSubstr("16 is used")));
  EXPECT_EQ(alfi({"simulate", "poisson", "--theta", "16", "--count", "3"}).err, "");
}

TEST_F(Cli, SimulateRefusesWhatItCannotDo) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> calls{
      {{"poison", "--theta", "1", "--count", "3"}, "'poison'"},
      {{"poisson", "--theta", "1,2", "--count", "3"}, "2 values"},
      {{"poisson", "--theta", "1x", "--count", "3"}, "'1x'"},
      {{"poisson", "--theta", "nan", "--count", "3"}, "'nan'"},
      {{"poisson", "--theta", "", "--count", "3"}, "--theta"},
      {{"poisson", "--theta", "1", "--count", "0"}, "--count 0"},
      {{"poisson", "--theta", "1", "--count", "3", "--npy", "--out", "x.csv"}, "--npy does not go with --out 'x.csv'"},
      {{"poisson", "--theta", "1", "--count", "99999999999999"}, "--count 99999999999999"},
      {{"linear_regression", "--theta", "1,0", "--count", "3"}, "has 4 (angle_1,angle_2,angle_3,offset)"},
      {{"linear_regression", "--theta", "1,0", "--count", "3", "--parameter", "inputs=64"}, "from 1 to 63"},
      {{"linear_regression", "--theta", "1,0", "--count", "3", "--parameter", "p=1"}, "{inputs: "},
      {{"linear_regression", "--theta", "1,0", "--count", "3", "--parameter", "inputs"}, "'inputs'"},
      {{"linear_regression", "--theta", "1,0", "--count", "3", "--parameter", "inputs=1x"}, "'inputs=1x'"},
      {{"poisson", "--theta", "1", "--count", "3", "--parameter", "inputs=1"}, "poisson has no parameters"},
      {{"poisson", "--theta", "1", "--count", "3", "--out", path("x.txt")}, ".csv or .npy"}};
  for (const auto& [arguments, part] : calls) {
    std::vector<std::string> all = arguments;
    all.insert(all.begin(), "simulate");
    const Outcome outcome = alfi(all);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, HasSubstr(part));
  }
}

TEST_F(Cli, AFileThatCannotBeCompletedLeavesTheOldOne) {
  folder_.write("x.csv", std::string_view("precious\n"));
  const Outcome outcome =
      Process({"simulate", "poisson", "--theta", "5", "--count", "100000", "--out", path("x.csv")}, 10000).wait();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(content_of(path("x.csv")), "precious\n");
  EXPECT_FALSE(fs::exists(path("x.csv.partial")));
}

}  // namespace
}  // namespace alfi::test
