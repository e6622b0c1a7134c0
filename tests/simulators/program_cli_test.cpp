// Simulators that are programs, with the binary, and the examples of such programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "alfi/trainer.hpp"
#include "src/simulators/simulators.hpp"
#include "tests/cli/cli.hpp"
#include "tests/support/program_modes.hpp"
#include "tests/support/search_path.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::expect_gone;
using test::in_mode;
using test::processes;
using test::TemporaryFolder;
using test::Tried;
using testing::HasSubstr;
namespace fs = std::filesystem;

using ProgramCli = test::Cli;

std::string yaml_of(const Tried& tried) { return to_yaml(tried.configuration); }

TEST_F(ProgramCli, LeavesNothingBehind) {
  for (const char* const mode : {"good", "children", "deaf"}) {
    const Tried tried = in_mode(mode);
    const fs::path file = folder_.write("program.yaml", std::string_view(yaml_of(tried)));
    const test::Outcome outcome =
        test::alfi({"simulate", file.string(), "--theta", "3,0.5", "--count", "50", "--out", path("x.csv")});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    expect_gone(tried.marker);
  }
}

TEST_F(ProgramCli, EndsManyWorkersAndSaysWhatFails) {
  Tried tried = in_mode("good");
  tried.configuration.simulator.workers = 64;
  fs::path file = folder_.write("many.yaml", std::string_view(yaml_of(tried)));
  EXPECT_EQ(test::alfi({"train", file.string(), "--out", path("many")}).code, 0);
  expect_gone(tried.marker);
  tried = in_mode("exit-in-answer");
  file = folder_.write("bad.yaml", std::string_view(yaml_of(tried)));
  const test::Outcome outcome = test::alfi({"train", file.string(), "--out", path("bad")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("out of ideas"));
  EXPECT_FALSE(fs::exists(path("bad")));  // it failed before there was anything to keep
  expect_gone(tried.marker);
  tried.configuration.simulator.program[0] = "no-such-program";
  file = folder_.write("none.yaml", std::string_view(yaml_of(tried)));
  EXPECT_EQ(test::alfi({"train", file.string(), "--out", path("none")}).code, 2);
}

TEST_F(ProgramCli, StopsAtCtrlCAndIsGoneAfterAKill) {
  Tried tried = in_mode("children");
  tried.configuration.training.steps = 1'000'000;
  tried.configuration.simulator.workers = 3;
  const fs::path file = folder_.write("long.yaml", std::string_view(yaml_of(tried)));
  for (const int number : {SIGINT, SIGKILL}) {
    const std::string run = "run-" + std::to_string(number);
    test::Process process({"train", file.string(), "--out", path(run)});
    test::wait_for(process, checkpoint(run, 5));
    EXPECT_GT(processes(tried.marker), 0);
    process.signal(number);
    EXPECT_EQ(process.wait().code, number == SIGINT ? 3 : -SIGKILL);
    expect_gone(tried.marker);
  }
}

// --- the examples, which have the law of decay.hpp

class ProgramExample : public testing::TestWithParam<const char*> {};

TEST_P(ProgramExample, HasTheLawOfTheHeader) {
  const std::string name = GetParam();
  if (name == "r" && test::program("Rscript").empty()) GTEST_SKIP() << "there is no Rscript";
  if (name == "python" && test::program("python3").empty()) GTEST_SKIP() << "there is no python3";
  Configuration c = load_configuration(std::string(ALFI_EXAMPLES) + "/simulators/decay_" + name + ".yaml");
  constexpr int count = 20'000;
  const SimulatorInfo header = simulator_at(std::string(ALFI_EXAMPLES) + "/simulators/decay.hpp", {});
  std::vector<float> x(count), y(count);
  simulate_into(find_simulator(c), std::vector<double>{2, 0.25}, {1, 2}, count, x.data());
  simulate_into(header, std::vector<double>{2, 0.25}, {1, 2}, count, y.data());
  std::ranges::sort(x);
  std::ranges::sort(y);
  double distance = 0;  // of Kolmogorov and Smirnov
  for (std::size_t i = 0, j = 0; i < x.size() && j < y.size();) {
    x[i] < y[j] ? ++i : ++j;
    distance = std::max(distance, std::abs(static_cast<double>(i) - static_cast<double>(j)) / count);
  }
  EXPECT_LT(distance, 1.95 * std::sqrt(2.0 / count));  // passed by one in a thousand

  c.episode.thetas = 3;
  c.episode.observations = 5;
  c.training.steps = 4;
  c.training.meta_batch = 16;
  TemporaryFolder folder;
  EXPECT_TRUE(train(c, folder.path() / "run").finished);
}

INSTANTIATE_TEST_SUITE_P(Languages, ProgramExample, testing::Values("python", "r", "awk"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace alfi
