// Simulators that fail at times: their observations are left out, counted, and named where there are too many.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alfi/baseline.hpp"
#include "alfi/error.hpp"
#include "alfi/evaluation.hpp"
#include "alfi/machine.hpp"
#include "alfi/trainer.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using namespace test;
using testing::HasSubstr;

/// Writes a simulator of two numbers that fails with a probability of `part` · a, a ~ U(low, 1), in one of them.
Configuration failing(const TemporaryFolder& folder, double part, double low, const char* density = "") {
  const std::filesystem::path header = folder.path() / "failing.hpp";
  std::ofstream(header) << "#include <alfi/simulator.hpp>\nstruct Failing {\n  static constexpr auto facts = "
                           "alfi::simulator(\"failing\", \"\").parameter(\"a\", \"\", alfi::uniform("
                        << low
                        << ", 1)).observations(2, alfi::real(-10, 10), \"numbers\");\n  template <class Random>\n  "
                           "ALFI_DEVICE static void simulate(const float* theta, Random& random, float* x) {\n"
                           "    x[0] = theta[0] + random.uniform();\n    x[1] = alfi::sqrt(random.uniform() - "
                        << std::to_string(part) << "f * theta[0]);\n  }\n"
                        << density << "};\nALFI_SIMULATOR(Failing)\n";
  Configuration c = small_configuration("gaussian");
  c.simulator = {};
  c.simulator.source = header.string();
  return c;
}

// All sets simulated at the answer have observations that are no numbers.
TEST(Failing, LeavesMaximumLikelihoodToCompareTheFitBy) {
  TemporaryFolder folder;
  Configuration c = failing(folder, 0.5, 0.6,
                            "  static double exact(const double* theta, const float* x) {\n"
                            "    const double off = 0.7 + 0.1 * x[0] - theta[0];  // least well inside the prior\n"
                            "    return -100 * off * off - x[1] * x[1];\n  }\n");
  c.episode.real_observations = {40, 40};
  c.training.steps = 1;
  (void)train(c, folder.path() / "run");
  std::vector<float> x;
  for (int i = 0; i < 40; ++i) x.insert(x.end(), {0.8F + 0.025F * static_cast<float>(i), 0.5F});
  const Fit fit = Machine::load(folder.path() / "run").infer(x, 40).fit;
  EXPECT_TRUE(std::isfinite(fit.predictive_p));
  EXPECT_TRUE(std::isfinite(fit.likelihood_p));
}

TEST(Failing, IsLeftOutAndCounted) {
  TemporaryFolder folder;
  Configuration c = failing(folder, 0.5, 0);
  c.training.steps = 30;
  c.evaluation.episodes = 2000;
  c.evaluation.replicates = 1;
  const auto trained = [&](const char* name, int threads) {
    c.engine.threads = threads;
    double left_out = -1;
    TrainingOptions options;
    options.progress = [&](const TrainingProgress& progress) {
      left_out = progress.left_out;
      return true;
    };
    EXPECT_TRUE(std::isfinite(train(c, folder.path() / name, options).validation_loss));
    EXPECT_NEAR(left_out, 0.25, 0.1);  // of the first proposals, which are the prior's
    return Machine::load(folder.path() / name);
  };
  const Machine one = trained("one", 1), two = trained("two", 2);
  std::ifstream metrics(folder.path() / "one" / "metrics.jsonl");
  double left_out = 0;
  for (std::string line; std::getline(metrics, line);)
    left_out += nlohmann::json::parse(line).value("observations_left_out", 0.0);
  EXPECT_GT(left_out, 0);

  const Evaluation evaluation = evaluate(one), other = evaluate(two);
  EXPECT_TRUE(std::isfinite(evaluation.loss.value));
  EXPECT_EQ(evaluation.loss.value, other.loss.value);
  EXPECT_TRUE(std::isfinite(evaluation.energy_distance.value));
  EXPECT_NEAR(evaluation.left_out, 0.25, 0.05);
  ASSERT_EQ(evaluation.left_out_by_tenth.size(), 1U);
  const double observations = 2000 / 10 * c.episode.real_observations.min;  // of a tenth, or more
  for (int tenth = 0; tenth < 10; ++tenth) {
    const double expected = 0.5 * (tenth + 0.5) / 10;
    EXPECT_NEAR(evaluation.left_out_by_tenth[0][static_cast<std::size_t>(tenth)], expected,
                6 * std::sqrt(expected / observations));
  }
  EXPECT_EQ(evaluation.left_out_by_tenth, other.left_out_by_tenth);

  const Posterior posterior = one.infer(std::vector<float>{1, 0.5F, 0.7F, 0.2F, 1.1F, 0.4F}, 3);
  EXPECT_TRUE(std::isfinite(posterior.parameters[0].mean));
}

TEST(Failing, IsRefusedWhereMostOfItFails) {
  TemporaryFolder folder;
  const Configuration c = failing(folder, 1, 0.6);
  const std::string message = message_of<RunError>([&] { train(c, folder.path() / "run"); });
  EXPECT_THAT(message, HasSubstr("79.6 % of the observations at draws of the prior are no numbers, such as 64 of 64 at "
                                 "a = 0.95"));
  EXPECT_THAT(message, HasSubstr("should have another prior or a domain (clamp)"));
}

TEST(Failing, NeverFailsWhereTheFactsSaySo) {
  const Evaluation evaluation = [] {
    TemporaryFolder folder;
    Configuration c = small_configuration("gaussian");
    train(c, folder.path() / "run");
    return evaluate(Machine::load(folder.path() / "run"));
  }();
  EXPECT_EQ(evaluation.left_out, 0);
  for (const std::vector<double>& tenths : evaluation.left_out_by_tenth)
    for (const double part : tenths) EXPECT_TRUE(part == 0 || std::isnan(part));
}

}  // namespace
}  // namespace alfi
