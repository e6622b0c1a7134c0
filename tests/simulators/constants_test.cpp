// Constants of a header: those that a configuration gives are compiled in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "alfi/configuration.hpp"
#include "alfi/error.hpp"
#include "src/simulators/module.hpp"
#include "src/simulators/simulators.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using namespace test;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class Constants : public testing::Test {
 protected:
  /// Writes a header whose observations are its constants.
  fs::path header(const std::string& asked = "steps") {
    const fs::path file = folder_.path() / (asked + ".hpp");
    std::ofstream(file) << R"(#include <alfi/simulator.hpp>
struct Constant {
  static constexpr auto facts = alfi::simulator("constant", "")
      .parameter("a", "", alfi::uniform(0, 1)).observations(2, alfi::real(0, 1000), "numbers")
      .constant("steps", "of a year", 1, 100, 40).constant("scale", "of all", 0, 2.5, 1);
  static constexpr int steps = facts.constant(")"
                        << asked << R"(");
  static constexpr float scale = facts.constant("scale");
  template <class Random>
  ALFI_DEVICE static void simulate(const float* theta, Random& random, float* x) {
    float years[steps];
    for (int i = 0; i < steps; ++i) years[i] = scale * static_cast<float>(i + 1);
    x[0] = years[steps - 1];
    x[1] = scale;
  }
};
ALFI_SIMULATOR(Constant)
)";
    return file;
  }
  static std::vector<float> simulated(const SimulatorInfo& simulator) {
    std::vector<float> x(2);
    simulate_into(simulator, std::vector<double>{0.5}, {1, 2}, 1, x.data());
    return x;
  }
  TemporaryFolder folder_;
};

TEST_F(Constants, AreTheUsualOnesUnlessGiven) {
  const std::string file = header().string();
  const SimulatorInfo usual = simulator_at(file, {}), fewer = simulator_at(file, {{"steps", 3}}),
                      both = simulator_at(file, {{"scale", 0.5}, {"steps", 4}});
  EXPECT_THAT(simulated(usual), ElementsAre(40, 1));
  EXPECT_THAT(simulated(fewer), ElementsAre(3, 1));
  EXPECT_THAT(simulated(both), ElementsAre(2, 0.5));
  ASSERT_EQ(usual.constants.size(), 2U);
  EXPECT_TRUE(usual.constants[0].whole);
  EXPECT_FALSE(usual.constants[1].whole);
  EXPECT_EQ(usual.constants[1].high, 2.5);
}

TEST_F(Constants, AreOfTheConfiguration) {
  Configuration configuration = small_configuration();
  configuration.simulator = {};
  configuration.simulator.source = header().string();
  configuration.simulator.parameters = {{"steps", 7}};
  validate(configuration);
  EXPECT_THAT(simulated(find_simulator(configuration)), ElementsAre(7, 1));
}

TEST_F(Constants, AreRefusedWhereTheyAreNotAllowed) {
  const std::string file = header().string();
  for (const auto& [name, value] :
       {std::pair{"steps", 2.5}, {"steps", 101.0}, {"steps", 0.0}, {"scale", -0.5}, {"speed", 1.0}})
    EXPECT_THAT(message_of<InputError>([&] {
                  simulator_at(file, {{name, value}});
                }),
                HasSubstr("must be {steps: a whole number from 1 to 100, scale: a number from 0 "
                          "to 2.5}"));
  EXPECT_THAT(message_of<InputError>([&] { simulator_at(header("stops").string(), {}); }),
              HasSubstr("there_is_no_constant_of_this_name"));
}

TEST_F(Constants, OfAModuleAreThoseItWasCompiledWith) {
  const fs::path module = folder_.path() / "constant.alfi.so";
  compile_module(header(), module, {{"steps", 5}});
  EXPECT_THAT(simulated(simulator_at(module.string(), {})), ElementsAre(5, 1));
  EXPECT_THAT(simulated(simulator_at(module.string(), {{"steps", 5}})), ElementsAre(5, 1));
  EXPECT_THAT(message_of<InputError>([&] {
                simulator_at(module.string(), {{"steps", 6}});
              }),
              AllOf(HasSubstr("simulator.parameters.steps is 6"), HasSubstr("compiled with steps = 5"),
                    HasSubstr("--parameter steps=6")));
}

}  // namespace
}  // namespace alfi
