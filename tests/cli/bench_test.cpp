// alfi bench: what it measures, of every example too.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "alfi/configuration.hpp"
#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

TEST_F(Cli, BenchMeasures) {
  const nlohmann::json result =
      json_of(alfi({"bench", config_, "--backend", "cpu", "--seconds", "0.2", "--threads", "1", "--json"}));
  EXPECT_EQ(result.at("simulator"), "poisson");
  EXPECT_EQ(result.at("backend"), "cpu");
  EXPECT_EQ(result.at("precision"), "fp32");
  EXPECT_EQ(result.at("encoder"), "dense");  // auto's choice: so narrow a network costs less than a lookup
  EXPECT_EQ(result.at("kernels"), "fused");
  EXPECT_EQ(result.at("threads"), 1);
  EXPECT_EQ(result.at("meta_batch"), 16);
  for (const char* const key : {"episodes", "episodes_per_second", "simulations_per_second", "gflops", "peak_gflops",
                                "fraction_of_peak", "simulator_share"})
    EXPECT_GT(result.at(key), 0) << key;
  EXPECT_FALSE(result.at("device").get<std::string>().empty());
  // Without a configuration: poisson at the method's sizes, T·M·N + R = 2500 observations an episode.
  const nlohmann::json standard =
      json_of(alfi({"bench", "--set", "training.meta_batch=1", "--seconds", "0.01", "--json"}));
  EXPECT_NEAR(standard.at("simulations_per_second").get<double>() / standard.at("episodes_per_second").get<double>(),
              2500, 1e-6);
}

TEST_F(Cli, TheExamplesAreConfigurations) {
  int examples = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(ALFI_EXAMPLES)) {
    if (entry.path().extension() != ".yaml") continue;
    ++examples;
    // Programs need their languages; tests/simulators/program_cli_test.cpp trains those that are here.
    if (!load_configuration(entry.path()).simulator.program.empty()) continue;
    const bool minimises = entry.path().filename().string().starts_with("quadratic");
    const Outcome outcome =
        minimises
            ? alfi({"train", entry.path().string(), "--set", "training.steps=1", "--out", path(entry.path().stem())})
            : alfi({"bench", entry.path().string(), "--set", "training.meta_batch=1", "--seconds", "0.01", "--json"});
    EXPECT_EQ(outcome.code, 0) << entry.path() << outcome.err;
  }
  EXPECT_GE(examples, 11);  // beside the folder's own, those of paper and best
}

}  // namespace
}  // namespace alfi::test
