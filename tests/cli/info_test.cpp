// alfi info: what it tells of the machine, the simulators and the keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <nlohmann/json.hpp>

#include "alfi/simulators.hpp"
#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

using ::testing::HasSubstr;

TEST_F(Cli, InfoTellsWhatIsThere) {
  const nlohmann::json info = json_of(alfi({"info", "--json"}));
  EXPECT_EQ(info.at("backends"), nlohmann::json({"cpu"}));
  EXPECT_GE(info.at("threads"), 1);
  EXPECT_EQ(info.at("instruction_sets").at(0), "baseline");
  EXPECT_EQ(info.at("cuda_fused_widths").size(), info.at("cuda_devices").size());
  ASSERT_EQ(info.at("simulators").size(), simulators().size());
  for (std::size_t i = 0; i < simulators().size(); ++i) {
    const nlohmann::json& simulator = info.at("simulators").at(i);
    EXPECT_EQ(simulator.at("name"), simulators()[i].name);
    EXPECT_EQ(simulator.at("parameters").size(), simulators()[i].parameters.size());
    const nlohmann::json& prior = simulator.at("parameters").at(0).at("prior");
    if (simulators()[i].parameters[0].prior == Prior::normal)
      EXPECT_EQ(
          prior,
          (nlohmann::json{{"law", "normal"}, {"mean", 0.0}, {"deviation", simulators()[i].parameters[0].deviation()}}));
    else
      EXPECT_EQ(prior.at("low"), simulators()[i].parameters[0].low);
  }
  ASSERT_EQ(info.at("objectives").size(), objectives().size());
  EXPECT_EQ(info.at("objectives").at(0).at("name"), "quadratic");
  EXPECT_EQ(info.at("objectives").at(0).at("constants").at(0).at("default"), 10);
  const Outcome text = alfi({"info"});
  EXPECT_EQ(text.code, 0);
  for (const char* const part : {"alfi ", "poisson", "weinberg", "GeV", "inputs of the regression (1 to 63), 3 unless",
                                 "threads", "quadratic", "dimensions of θ (1 to 64), 10 unless"})
    EXPECT_THAT(text.out, HasSubstr(part));
  const Outcome keys = alfi({"info", "--config"});
  EXPECT_EQ(keys.code, 0);
  for (const char* const key : {"simulator.name", "training.learning_rate", "engine.seed"})
    EXPECT_THAT(keys.out, HasSubstr(key));
  const nlohmann::json all = json_of(alfi({"info", "--config", "--json"})).at("configuration");
  ASSERT_TRUE(all.is_array());
  EXPECT_EQ(all.at(0).at("key"), "simulator.name");
  for (const nlohmann::json& key : all)
    for (const char* const fact : {"key", "meaning", "allowed", "default"}) EXPECT_TRUE(key.at(fact).is_string());
}

}  // namespace
}  // namespace alfi::test
