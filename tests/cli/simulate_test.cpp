// alfi simulate: its output on every way out, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
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
  EXPECT_EQ(alfi({"simulate", "poisson", "--theta", "5", "--count", "3"}).err, "");
  const Outcome order = alfi({"simulate", "gaussian", "--theta", "0, 30", "--count", "3"});  // a space is no fault
  EXPECT_EQ(order.code, 0);
  EXPECT_THAT(order.err, HasSubstr("is outside of its prior"));
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

/// Returns the numbers behind a .npy file's header.
std::vector<double> doubles_of(const std::string& content) {
  const std::size_t begin = content.find('\n') + 1;
  std::vector<double> numbers((content.size() - begin) / sizeof(double));
  std::memcpy(numbers.data(), content.data() + begin, numbers.size() * sizeof(double));
  return numbers;
}

TEST_F(Cli, SimulatesSetsAtDrawsFromThePrior) {
  const std::vector<std::string> call{"simulate", "gaussian", "--prior-predictive", "70", "--count", "2000"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = call;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  ASSERT_EQ(alfi(with({"--out", path("x.npy"), "--theta-out", path("theta.npy")})).code, 0);
  const Observations read = read_observations(path("x.npy"));
  const std::vector<DataSet> sets = read.sets();
  ASSERT_EQ(sets.size(), 70u);
  EXPECT_EQ(read.dimension, 1);
  const std::string theta_file = content_of(path("theta.npy"));
  EXPECT_THAT(theta_file.substr(0, 128), AllOf(HasSubstr("'<f8'"), HasSubstr("(70, 2)")));
  const std::vector<double> theta = doubles_of(theta_file);
  ASSERT_EQ(theta.size(), 140u);
  const std::vector<ParameterInfo> parameters = find_simulator("gaussian").parameters;
  for (std::size_t k = 0; k < 70; ++k) {
    EXPECT_EQ(sets[k].count, 2000);
    double mean = 0;
    for (const float x : sets[k].x) mean += static_cast<double>(x) / 2000;
    // Five standard errors, σ/√n each.
    EXPECT_NEAR(mean, theta[2 * k], 5 * std::exp(theta[2 * k + 1]) / std::sqrt(2000)) << k;
    for (std::size_t d = 0; d < 2; ++d) {
      EXPECT_GE(theta[2 * k + d], parameters[d].low);
      EXPECT_LE(theta[2 * k + d], parameters[d].high);
    }
  }
  ASSERT_EQ(alfi(with({"--out", path("same.npy")})).code, 0);
  EXPECT_EQ(content_of(path("same.npy")), content_of(path("x.npy")));
  ASSERT_EQ(alfi(with({"--out", path("other.npy"), "--seed", "2"})).code, 0);
  EXPECT_NE(content_of(path("other.npy")), content_of(path("x.npy")));
}

TEST_F(Cli, SimulateRefusesPriorDrawsThatCannotBe) {
  const std::string out = path("x.npy");
  const std::vector<std::pair<std::vector<std::string>, const char*>> calls{
      {{"--count", "3"}, "either --theta or --prior-predictive"},
      {{"--theta", "1", "--prior-predictive", "2", "--count", "3", "--out", out}, "either --theta or"},
      {{"--prior-predictive", "2", "--count", "3"}, "needs --out FILE.npy"},
      {{"--prior-predictive", "0", "--count", "3", "--out", out}, "--prior-predictive 0"},
      {{"--prior-predictive", "2", "--count", "0", "--out", out}, "--count 0"},
      {{"--prior-predictive", "2", "--count", "3", "--out", path("x.csv")}, "must end in .npy"},
      {{"--prior-predictive", "2", "--count", "3", "--out", out, "--theta-out", path("t.csv")}, "--theta-out"},
      {{"--prior-predictive", "2", "--count", "3", "--out", out, "--theta-out", out}, "another file"},
      {{"--prior-predictive", "2", "--count", "3", "--out", out, "--npy"}, "--npy does not go with"},
      {{"--prior-predictive", "2", "--count", "3", "--out", out, "--backend", "cuda"}, "--backend cuda"},
      {{"--theta", "1", "--count", "3", "--theta-out", out}, "--theta-out goes with --prior-predictive"}};
  for (const auto& [arguments, part] : calls) {
    std::vector<std::string> all{"simulate", "poisson"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Outcome outcome = alfi(all);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_FALSE(fs::exists(out));
  }
}

TEST_F(Cli, AFileThatCannotBeCompletedLeavesTheOldOne) {
  folder_.write("x.csv", std::string_view("1\n2\n"));
  const Outcome outcome =
      Process({"simulate", "poisson", "--theta", "5", "--count", "100000", "--out", path("x.csv")}, 10000).wait();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(content_of(path("x.csv")), "1\n2\n");
  EXPECT_FALSE(fs::exists(path("x.csv.partial")));
}

}  // namespace
}  // namespace alfi::test
