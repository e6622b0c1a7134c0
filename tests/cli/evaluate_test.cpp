// alfi train, evaluate and infer, one after the other on one run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(Cli, TrainsEvaluatesAndInfers) {
  const Outcome trained = alfi(training("run", {"--seed", "5", "--set", "training.ema=0.9"}));
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(trained.out, "");
  EXPECT_THAT(trained.err, AllOf(HasSubstr("20/20"), HasSubstr("episodes/s"), HasSubstr("trained to step 20")));
  EXPECT_EQ(trained.err.find('\r'), std::string::npos);  // no redrawing where there is no terminal
  EXPECT_TRUE(fs::exists(checkpoint("run", 20)));
  const std::string config = content_of(path("run") + "/config.yaml");
  EXPECT_THAT(config, AllOf(HasSubstr("seed: 5"), HasSubstr("ema: 0.9")));

  const nlohmann::json evaluation = json_of(alfi({"evaluate", path("run"), "--episodes", "64", "--json"}));
  EXPECT_EQ(evaluation.at("episodes"), 64);
  EXPECT_EQ(evaluation.at("replicates"), 16);
  ASSERT_EQ(alfi({"simulate", "poisson", "--theta", "3", "--count", "8", "--out", path("x.csv")}).code, 0);
  const nlohmann::json inference = json_of(alfi({"infer", path("run"), "--data", path("x.csv"), "--json"}));
  EXPECT_EQ(inference.at("observations"), 8);
  EXPECT_EQ(inference.at("parameters").at(0).at("name"), "log_rate");
  EXPECT_EQ(inference.at("replicates"), 16);
  const auto asked = [&](const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"infer", path("run"), "--data", path("x.csv"), "--json"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return json_of(alfi(arguments));
  };
  EXPECT_EQ(asked({"--seed", "5"}), inference);
  EXPECT_NE(asked({"--seed", "6"}).at("parameters"), inference.at("parameters"));
  EXPECT_EQ(asked({"--replicates", "4"}).at("replicates"), 4);
  EXPECT_EQ(json_of(alfi({"evaluate", path("run"), "--replicates", "1", "--json"})).at("replicates"), 1);
}

TEST_F(Cli, TrainsAndEvaluatesWhatMinimises) {
  folder_.write("quadratic.yaml", std::string_view(R"(
simulator: {name: quadratic, parameters: {dimensions: 2}}
episode: {iterations: 3}
networks: {rim: {hidden: 4, state: 4}}
training: {steps: 4, meta_batch: 16, validate_every: 4}
evaluation: {episodes: 32}
engine: {threads: 1}
)"));
  const Outcome trained = alfi({"train", path("quadratic.yaml"), "--out", path("run")});
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_THAT(trained.err, AllOf(StartsWith("running on the CPU; quadratic"), HasSubstr("trained to step 4")));
  const nlohmann::json evaluation = json_of(alfi({"evaluate", path("run"), "--json"}));
  EXPECT_EQ(evaluation.at("minimisers").size(), 4U);
  EXPECT_EQ(evaluation, nlohmann::json::parse(content_of(path("run") + "/evaluation.json")));
  const Outcome table = alfi({"evaluate", path("run"), "--episodes", "1"});
  EXPECT_THAT(table.out, AllOf(HasSubstr("2 dimensions"), HasSubstr("ALFI"), HasSubstr("gradient descent"),
                               HasSubstr("momentum"), HasSubstr("Adam"), HasSubstr("mean loss by iteration")));
  // Calls that are for simulators alone.
  folder_.write("x.csv", std::string_view("1\n2\n"));
  for (const std::vector<std::string>& call :
       {std::vector<std::string>{"infer", path("run"), "--data", path("x.csv")},
        {"simulate", "quadratic", "--theta", "1", "--count", "2"},
        {"bench", path("quadratic.yaml"), "--seconds", "0.01"},
        {"convert", path("run"), "--out", path("weights.safetensors")},
        {"evaluate", path("run"), "--backend", "cuda"},
        {"train", path("quadratic.yaml"), "--out", path("other"), "--set", "networks.encoder.code=3"}}) {
    const Outcome outcome = alfi(call);
    EXPECT_EQ(outcome.code, 2) << call[0];
    EXPECT_THAT(outcome.err, HasSubstr("quadratic")) << call[0];
  }
}

TEST_F(Cli, TrainsEvaluatesAndInfersFromVectors) {
  for (const auto& [simulator, theta, columns] :
       {std::tuple("linear_regression", "0.5,1,0.1", 3), std::tuple("multi_distribution", "1,-1,2", 5)}) {
    SCOPED_TRACE(simulator);
    const bool regression = columns == 3;
    const std::string run = simulator;
    std::vector<std::string> call =
        training(run, {"--set", std::string("simulator.name=") + simulator, "--set", "simulator.transform=none"});
    std::vector<std::string> simulation{"simulate", simulator, "--theta", theta,
                                        "--count",  "8",       "--out",   path("x.csv")};
    if (regression) {
      call.insert(call.end(), {"--set", "simulator.parameters={inputs: 2}"});
      simulation.insert(simulation.end(), {"--parameter", "inputs=2"});
    }
    const Outcome trained = alfi(call);
    ASSERT_EQ(trained.code, 0) << trained.err;
    const nlohmann::json evaluation = json_of(alfi({"evaluate", path(run), "--episodes", "64", "--json"}));
    EXPECT_EQ(evaluation.at("parameters").size(), 3);
    for (const char* const method : {"alfi", "mle", "posterior"})
      EXPECT_TRUE(evaluation.at("error").at(method).is_number());
    EXPECT_EQ(evaluation.at("sbc_p_per_parameter").size(), 3);
    EXPECT_TRUE(evaluation.at("energy_distance").is_number());
    ASSERT_EQ(alfi(simulation).code, 0);
    const nlohmann::json inference = json_of(alfi({"infer", path(run), "--data", path("x.csv"), "--json"}));
    EXPECT_EQ(inference.at("observations"), 8);
    EXPECT_EQ(inference.at("parameters").at(2).at("name"), regression ? "offset" : "upper_end");
    EXPECT_TRUE(inference.at("parameters").at(0).at("maximum_likelihood").is_number());
    std::ofstream(path("x.csv")) << "1,2\n3,4\n";
    const Outcome refused = alfi({"infer", path(run), "--data", path("x.csv")});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr(std::to_string(columns) + " are expected"));
  }
}

TEST_F(Cli, EvaluateAndInferRefuseWrongOptions) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  std::ofstream(path("x.csv")) << "3\n4\n";
  const std::vector<std::pair<std::vector<std::string>, const char*>> calls{
      {{"evaluate", path("run"), "--episodes", "-1"}, "episodes"},
      {{"evaluate", path("run"), "--iterations", "-1"}, "iterations"},
      {{"evaluate", path("missing")}, "missing"},
      {{"infer", path("run"), "--data", path("x.csv"), "--level", "1"}, "level = 1"},
      {{"infer", path("run"), "--data", path("x.csv"), "--iterations", "-1"}, "iterations"},
      {{"infer", path("run"), "--data", path("x.csv"), "--replicates", "3"}, "1, 2, 4, 8 or 16"},
      {{"infer", path("run"), "--data", path("y.csv")}, "y.csv"},
      {{"infer", path("run")}, "--data"}};
  for (const auto& [arguments, part] : calls) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("alfi: error: "), HasSubstr(part)));
  }
  EXPECT_FALSE(fs::exists(path("run") + "/evaluation.json"));
}

}  // namespace
}  // namespace alfi::test
