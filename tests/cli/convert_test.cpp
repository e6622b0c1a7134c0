// alfi convert: weights to and from the published code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/formats/safetensors.hpp"
#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(Cli, WeightsGoOutAndComeBack) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const Outcome exported = alfi({"convert", path("run"), "--out", path("weights.safetensors")});
  EXPECT_EQ(exported.code, 0) << exported.err;
  EXPECT_EQ(exported.out, "");
  EXPECT_THAT(exported.err, AllOf(HasSubstr("simulator.transform, which the published code has not"),
                                  HasSubstr("written: " + path("weights.safetensors"))));
  EXPECT_EQ(read_safetensors(path("weights.safetensors")).tensors.size(), 26U);
  const Outcome imported = alfi({"convert", path("weights.safetensors"), "--config", config_, "--out", path("back")});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(imported.err, "written: " + checkpoint("back", 0) + "\n");
  EXPECT_EQ(alfi({"convert", checkpoint("back", 0), "--out", path("again.safetensors")}).code, 0);
  EXPECT_EQ(content_of(path("again.safetensors")), content_of(path("weights.safetensors")));

  // The imported machine answers as the trained one, and can be trained on.
  std::ofstream(path("x.csv")) << "3\n4\n5\n6\n7\n8\n3\n4\n";
  nlohmann::json answers[2];
  for (const int i : {0, 1}) {
    answers[i] = json_of(alfi({"infer", path(i == 0 ? "run" : "back"), "--data", path("x.csv"), "--json"}));
    answers[i].erase("step");
  }
  EXPECT_EQ(answers[0], answers[1]);
  EXPECT_EQ(json_of(alfi({"evaluate", path("back"), "--episodes", "32", "--json"})).at("step"), 0);
  EXPECT_EQ(alfi(training("back", {"--resume"})).code, 0);
  EXPECT_TRUE(fs::exists(checkpoint("back", 20)));
}

TEST_F(Cli, ImportsWeightsOfThePublishedCode) {
  // The recorded run's weights, in 64 bits, as a state_dict.
  const SafeTensors tape = read_safetensors(ALFI_TEST_DATA "/poisson_networks.safetensors");
  SafeTensors state_dict;
  for (const auto& [name, tensor] : tape.tensors)
    if (name.starts_with("param.")) state_dict.tensors[name.substr(6)] = tensor;
  folder_.write("theirs.safetensors", std::span<const std::byte>(serialize(state_dict)));
  const Outcome imported = alfi({"convert", path("theirs.safetensors"), "--config", ALFI_EXAMPLES "/paper/poisson.yaml",
                                 "--set", "engine.seed=7", "--out", path("run")});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.err, HasSubstr("64 bits were rounded to 32"));
  EXPECT_THAT(content_of(path("run") + "/config.yaml"), HasSubstr("seed: 7"));
  EXPECT_EQ(json_of(alfi({"evaluate", path("run"), "--episodes", "16", "--json"})).at("episodes"), 16);
  // Its float32 weights, put back, lead to what was recorded.
  ASSERT_EQ(alfi({"convert", path("run"), "--out", path("out.safetensors")}).code, 0);
  SafeTensors again = tape;
  for (const auto& [name, tensor] : read_safetensors(path("out.safetensors")).tensors)
    again.tensors["param." + name] = tensor;
  folder_.write("again", std::span<const std::byte>(serialize(again)));
  ASSERT_EQ(alfi({"replay", path("again"), "--out", path("replayed")}).code, 0);
  const std::vector<double> psi = read_safetensors(path("replayed")).at("psi").to<double>();
  const std::vector<double> recorded = tape.at("psi").to<double>();
  ASSERT_EQ(psi.size(), recorded.size());
  for (std::size_t i = 0; i < psi.size(); ++i) EXPECT_NEAR(psi[i], recorded[i], 1e-5 * (1 + std::abs(recorded[i])));
}

TEST_F(Cli, ConvertRefusesWhatDoesNotFit) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  ASSERT_EQ(alfi({"convert", path("run"), "--out", path("weights")}).code, 0);
  const std::string weights = content_of(path("weights")), before = content_of(checkpoint("run", 20));
  folder_.write("half", std::string_view(weights).substr(0, weights.size() / 2));
  folder_.write("pickle", std::string_view("PK\x03\x04 archive/data.pkl"));
  folder_.write("notes.txt", std::string_view("precious"));
  const auto importing = [&](const std::string& source, const std::vector<std::string>& more = {}) {
    std::vector<std::string> call{"convert", source, "--config", config_, "--out", path("new")};
    call.insert(call.end(), more.begin(), more.end());
    return call;
  };
  const std::vector<std::pair<std::vector<std::string>, std::string>> calls{
      {importing(path("half")), "half is damaged or no safetensors file"},
      {importing(path("pickle")), "pickle is damaged or no safetensors file"},
      {importing(path("missing")), "missing"},
      {importing(path("run")), "it is a folder"},
      {importing(checkpoint("run", 20)), "is no weight of these networks"},
      {importing(path("weights"), {"--set", "networks.rim.hidden=5"}),
       "rim.fc0_layer.weight' has shape (4, 5), (5, 5)"},
      {importing(path("weights"), {"--set", "networks.rim.hdden=5"}), "networks.rim.hidden"},
      {{"convert", path("weights"), "--config", path("none.yaml"), "--out", path("new")}, "none.yaml"},
      {{"convert", path("weights"), "--config", config_, "--out", path("run")}, "not empty"},
      {{"convert", path("weights"), "--config", config_, "--out", path("notes.txt")}, "is not a folder"},
      {{"convert", path("weights"), "--out", path("new")}, "--config CONFIG"},
      {{"convert", path("missing"), "--out", path("new")}, "missing"},
      {{"convert", folder_.path().string(), "--out", path("new")}, "no run folder with a checkpoint"},
      {{"convert", path("run"), "--out", checkpoint("run", 20)}, "is a checkpoint of the run itself"},
      {{"convert", checkpoint("run", 20), "--out", checkpoint("run", 20)}, "is a checkpoint of the run itself"}};
  for (const auto& [arguments, part] : calls) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << part << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(StartsWith("alfi: error: "), HasSubstr(part)));
    EXPECT_FALSE(fs::exists(path("new"))) << part;
  }
  EXPECT_EQ(content_of(checkpoint("run", 20)), before);
  EXPECT_EQ(content_of(path("notes.txt")), "precious");
}

TEST_F(Cli, AnExportNamesWhatThePublishedCodeCannotHold) {
  ASSERT_EQ(alfi(training("full", {"--set", "simulator.name=gaussian", "--set", "simulator.transform=none", "--set",
                                   "proposal.family=gaussian_full"}))
                .code,
            0);
  const Outcome refused = alfi({"convert", path("full"), "--out", path("w.safetensors")});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("proposal.family = gaussian_full: must be gaussian, gaussian_fixed or point"));
  EXPECT_FALSE(fs::exists(path("w.safetensors")));
  ASSERT_EQ(alfi(training("beta", {"--set", "training.loss=beta_normal"})).code, 0);
  const Outcome warned = alfi({"convert", path("beta"), "--out", path("w.safetensors")});
  EXPECT_EQ(warned.code, 0);
  EXPECT_THAT(warned.err, HasSubstr("training.loss: beta_normal, which the published code has not"));
}

TEST_F(Cli, AnImportThatCannotBeCompletedLeavesNothing) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  ASSERT_EQ(alfi({"convert", path("run"), "--out", path("weights")}).code, 0);
  // The configuration fits below the limit, a checkpoint does not.
  const auto limit = static_cast<rlim_t>(fs::file_size(path("run") + "/config.yaml") + 500);
  const Outcome outcome =
      Process({"convert", path("weights"), "--config", config_, "--out", path("new")}, limit).wait();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("step-0.safetensors"));
  EXPECT_FALSE(fs::exists(path("new")));
  folder_.write("old", std::string_view("precious"));
  EXPECT_EQ(Process({"convert", path("run"), "--out", path("old"), "--force"}, 100).wait().code, 1);
  EXPECT_EQ(content_of(path("old")), "precious");
}

}  // namespace
}  // namespace alfi::test
