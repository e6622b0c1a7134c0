// alfi train: configurations, what a run keeps, what a signal does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A training of milliseconds in its schema: 3 epochs of 6 meta-batches.
constexpr const char* published = R"(
model: ALFINet
simulator:
  name: PoissonSimulator
  parameters: []
train: {nb_epochs: 3, nb_iter: 2, nb_theta: 100, nb_x_per_theta: 8, meta_batch_size: 16, batch_size_x: 3,
  batch_size_theta: 2, lr: 0.002, save_every: 1, test_every: 2, loss: normal, weight: exp}
test: {nb_iter: 4, nb_theta: 32, nb_x_per_theta: 9}
networks:
  use_grad: True
  x_data_agg: {hidden_size: 4, output_size: 3}
  theta_data_agg: {hidden_size: 5, output_size: 3}
  RIM: {hidden_size: 4, st_size: 6, bounded: .25}
proposal: {name: GaussianProposal, sigma: .1}
plot: {title: False}
)";

TEST_F(Cli, TrainsAPublishedConfiguration) {
  const std::string theirs = folder_.write("theirs.yaml", std::string_view(published)).string();
  const std::vector<std::string> call{"train",  theirs, "--out", path("run"), "--set", "engine.threads=1",
                                      "--seed", "3"};
  const Outcome trained = alfi(call);
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(trained.out, "");
  EXPECT_THAT(trained.err, AllOf(StartsWith(theirs + ": a configuration of the published PyTorch code"),
                                 HasSubstr("\n  3 epochs of 6 meta-batches are 18 steps over 100 fixed problems"),
                                 HasSubstr("\n  train.lr = 0.002 counts"), HasSubstr("\n  ignored"),
                                 HasSubstr("trained to step 18")));
  for (const int step : {6, 12, 18}) EXPECT_TRUE(fs::exists(checkpoint("run", step))) << step;
  const std::string native = content_of(path("run") + "/config.yaml");
  EXPECT_THAT(native, AllOf(HasSubstr("name: poisson\n"), HasSubstr("steps: 18\n"), HasSubstr("seed: 3\n")));
  EXPECT_EQ(native.find("Simulator"), std::string::npos);

  // A repetition of the run by its native form.
  const Outcome again = alfi({"train", path("run") + "/config.yaml", "--out", path("again")});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.err.find("published"), std::string::npos);
  EXPECT_EQ(content_of(checkpoint("again", 18)), content_of(checkpoint("run", 18)));

  std::vector<std::string> resumed = call;
  resumed.emplace_back("--resume");
  EXPECT_EQ(alfi(resumed).code, 0);
  const nlohmann::json evaluation = json_of(alfi({"evaluate", path("run"), "--json"}));
  EXPECT_EQ(evaluation.at("episodes"), 32);
  EXPECT_EQ(evaluation.at("error_by_iteration").size(), 5U);
  EXPECT_EQ(json_of(alfi({"bench", theirs, "--seconds", "0.01", "--json"})).at("meta_batch"), 16);
}

TEST_F(Cli, RefusesAWrongPublishedConfiguration) {
  const std::vector<std::pair<std::pair<std::string, std::string>, std::string>> wrongs{
      {{"PoissonSimulator", "ParticleSimulator"}, ":4: simulator.name = ParticleSimulator: must be one of"},
      {{"parameters: []", "parameters: [42, 0.2, 7]"}, ":5: simulator.parameters: a list of 3 values"},
      {{"proposal:", "proposals:"}, ":14: proposals = (a mapping): is no key"},
      {{"proposal: {name: GaussianProposal, sigma: .1}", ""}, ": section proposal is missing"},
      {{"  use_grad: True\n", ""}, "networks.use_grad is missing"},
      {{"nb_iter: 2,", "nb_iter: two,"}, ":6: train.nb_iter = two: must be a whole number"},
      {{"st_size: 6", "st_size: 6000"}, ":13: networks.RIM.st_size as networks.rim.state = 6000: must be"}};
  for (const auto& [change, part] : wrongs) {
    std::string text = published;
    text.replace(text.find(change.first), change.first.size(), change.second);
    const std::string theirs = folder_.write("theirs.yaml", text).string();
    const Outcome outcome = alfi({"train", theirs, "--out", path("run")});
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, AllOf(StartsWith("alfi: error: " + theirs), HasSubstr(part)));
    EXPECT_FALSE(fs::exists(path("run"))) << part;
  }
}

TEST_F(Cli, TrainRefusesAWrongConfiguration) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> calls{
      {training("run", {"--set", "training.stps=3"}), "training.steps"},
      {training("run", {"--set", "simulator.name=poison"}), "poisson"},
      {training("run", {"--set", "training.steps=0"}), "training.steps = 0"},
      {training("run", {"--set", "episode.thetas=1"}), "episode.thetas"},
      {training("run", {"--set", "training"}), "training"},
      {training("run", {"--threads", "-1"}), "engine.threads"},
      {training("run", {"--threads", "two"}), "engine.threads"},
      {training("run", {"--seed", "1.5"}), "engine.seed"},
      {training("run", {"--backend", "gpu"}), "auto, cpu, cuda"},
      {training("run", {"--set", "episode.iterations=100000", "--set", "episode.thetas=1000000"}), "GiB"},
      {{"train", path("missing.yaml"), "--out", path("run")}, "missing.yaml"},
      {training("run", {"--resume"}), "no checkpoint"}};
  for (const auto& [arguments, part] : calls) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("alfi: error: "), HasSubstr(part)));
    EXPECT_FALSE(fs::exists(path("run"))) << part;
  }
}

TEST_F(Cli, WhatIsNotThereIsARunThatFails) {
  const auto fails = [&](const std::vector<std::string>& arguments, const char* part) {
    const Outcome outcome = alfi(training("run", arguments));
    EXPECT_EQ(outcome.code, 1) << part;
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_FALSE(fs::exists(path("run")));
  };
  fails({"--backend", "cpu", "--set", "engine.precision=bf16"}, "need a CUDA device");
  fails({"--backend", "cuda", "--set", "engine.encoder=table"}, "table and segments run on the CPU");
}

TEST_F(Cli, CodesAreLookedUpOnlyOfWhatTheyCanBe) {
  for (const auto& [simulator, encoder, part] :
       {std::tuple{"gaussian", "table", "not single whole numbers"},
        std::tuple{"multi_distribution", "segments", "an observation of multi_distribution is 5 numbers"}}) {
    const Outcome outcome =
        alfi(training("run", {"--set", std::string("simulator={name: ") + simulator + ", transform: none}", "--set",
                              std::string("engine.encoder=") + encoder}));
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(part));
  }
}

TEST_F(Cli, ADeviceThatIsNotThereIsARunThatFails) {
  const Outcome trained = alfi(training("run", {"--backend", "cuda", "--set", "engine.device=1000"}));
  EXPECT_EQ(trained.code, 1);
  EXPECT_THAT(trained.err, HasSubstr("device 1000 cannot be used: "));
  EXPECT_FALSE(fs::exists(path("run")));
  const Outcome fallen_back = alfi(training("run", {"--backend", "auto", "--set", "engine.device=1000"}));
  EXPECT_EQ(fallen_back.code, 0);
  EXPECT_THAT(fallen_back.err, StartsWith("running on the CPU; no CUDA device: "));
  const std::string tape = ALFI_TEST_DATA "/poisson_networks.safetensors";
  for (std::vector<std::string> call :
       {std::vector<std::string>{"evaluate", path("run")},
        {"infer", path("run"), "--data", ALFI_EXAMPLES "/data/rutherford_geiger_1910.csv"},
        {"replay", tape, "--out", path("replayed")}}) {
    call.insert(call.end(), {"--backend", "cuda", "--device", "1000"});
    const Outcome outcome = alfi(call);
    EXPECT_EQ(outcome.code, 1) << call[0];
    EXPECT_THAT(outcome.err, HasSubstr("device 1000 cannot be used: ")) << call[0];
  }
  EXPECT_FALSE(fs::exists(path("replayed")));
}

TEST_F(Cli, TrainKeepsTheRunThatIsThere) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const std::string before = content_of(checkpoint("run", 20));
  const Outcome again = alfi(training("run", {"--seed", "2"}));
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, AllOf(HasSubstr("--resume"), HasSubstr("--force")));
  EXPECT_EQ(content_of(checkpoint("run", 20)), before);
  EXPECT_EQ(alfi(training("run", {"--seed", "2", "--resume"})).code, 2);  // another configuration
  EXPECT_EQ(content_of(checkpoint("run", 20)), before);
  EXPECT_EQ(alfi(training("run", {"--resume"})).code, 0);  // nothing left to do
  EXPECT_EQ(content_of(checkpoint("run", 20)), before);
  EXPECT_EQ(
      alfi(training("run", {"--force", "--set", "episode.iterations=100000", "--set", "episode.thetas=1000000"})).code,
      2);
  EXPECT_EQ(content_of(checkpoint("run", 20)), before);
  EXPECT_EQ(alfi(training("run", {"--seed", "2", "--force"})).code, 0);
  EXPECT_NE(content_of(checkpoint("run", 20)), before);
}

TEST_F(Cli, RefusesADamagedCheckpoint) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const std::string good = content_of(checkpoint("run", 20));
  std::string flipped = good;
  flipped[flipped.size() - 100] = static_cast<char>(flipped[flipped.size() - 100] ^ 4);
  for (const std::string& damaged : {good.substr(0, good.size() / 2), flipped, std::string("foreign"), std::string()}) {
    std::ofstream(checkpoint("run", 20), std::ios::binary) << damaged;
    for (const auto& arguments :
         {training("run", {"--resume"}), std::vector<std::string>{"evaluate", path("run"), "--episodes", "16"}}) {
      const Outcome outcome = alfi(arguments);
      EXPECT_EQ(outcome.code, 2);
      EXPECT_THAT(outcome.err, HasSubstr("step-20.safetensors"));
    }
    EXPECT_EQ(content_of(checkpoint("run", 20)), damaged);
  }
}

TEST_F(Cli, AFullDiskEndsTheRunAndLeavesTheLastCheckpoint) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  fs::remove(checkpoint("run", 20));
  const std::string before = content_of(checkpoint("run", 10));
  // The configuration fits below the limit, a checkpoint does not.
  const auto limit = static_cast<rlim_t>(fs::file_size(path("run") + "/config.yaml") + 500);
  ASSERT_LT(limit, before.size());
  const Outcome outcome = Process(training("run", {"--resume"}), limit).wait();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("step-20.safetensors"));
  EXPECT_EQ(content_of(checkpoint("run", 10)), before);
  EXPECT_EQ(alfi(training("run", {"--resume"})).code, 0);
}

TEST_F(Cli, ATrainingThatEndsWorseThanItBeganFails) {
  const Outcome outcome = alfi(training(
      "run", {"--set", "training={learning_rate: 10, clip_norm: 0, warmup_steps: 0, ema: 0, schedule: constant}"}));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("trained to step 20 in "),
                                 HasSubstr("alfi: error: the training ended worse than it began: validation "),
                                 HasSubstr("training.learning_rate (it is 10)")));
  EXPECT_TRUE(fs::exists(checkpoint("run", 20)));
}

TEST_F(Cli, ARunIsLengthened) {
  const auto of = [this](const std::string& run, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = training(run, {"--set", "training.schedule=cooldown"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  ASSERT_EQ(alfi(of("run", {})).code, 0);
  const Outcome lengthened = alfi(of("run", {"--resume", "--set", "training.steps=50"}));
  EXPECT_EQ(lengthened.code, 0) << lengthened.err;
  EXPECT_THAT(lengthened.err,
              AllOf(HasSubstr("goes on from step 16, "), HasSubstr("/shorter\n"), HasSubstr("trained to step 50")));
  ASSERT_EQ(alfi(of("whole", {"--set", "training.steps=50"})).code, 0);
  EXPECT_EQ(content_of(checkpoint("run", 50)), content_of(checkpoint("whole", 50)));
  EXPECT_EQ(alfi({"evaluate", path("run") + "/shorter/step-20.safetensors", "--episodes", "16"}).code, 0);
  const Outcome refused = alfi(training("run", {"--resume", "--seed", "2"}));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("another configuration: engine.seed = 2 (it was 1); "));
}

TEST_F(Cli, ATrainingBeginsWithTheWeightsOfAnother) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const Outcome tuned = alfi(training("tuned", {"--from", path("run"), "--set", "episode.real_observations=20"}));
  EXPECT_EQ(tuned.code, 0) << tuned.err;
  EXPECT_TRUE(fs::exists(checkpoint("tuned", 0)));
  const Outcome refused = alfi(training("other", {"--from", path("run"), "--set", "networks.rim.hidden=9"}));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("its weights do not fit: networks.rim.hidden = 9 (it was 4)"));
  EXPECT_EQ(alfi(training("tuned", {"--from", path("run"), "--resume"})).code, 2);
}

TEST_F(Cli, ATrainingWithoutPatienceSaysWhereTheBestIs) {
  const Outcome outcome = alfi(
      training("run", {"--set",
                       "training={steps: 1000, validate_every: 1, patience: 2, learning_rate: 0.01, warmup_steps: 0, "
                       "ema: 0, schedule: constant}"}));
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("ended before step 1000: training.patience ran out\n"),
                                 HasSubstr("the best by validation is " + path("run") + "/checkpoints/step-")));
}

}  // namespace
}  // namespace alfi::test
