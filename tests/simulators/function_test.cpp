// Simulators that are functions of the program that uses the library.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <random>
#include <stdexcept>

#include "alfi/baseline.hpp"
#include "alfi/error.hpp"
#include "alfi/evaluation.hpp"
#include "alfi/machine.hpp"
#include "alfi/report.hpp"
#include "alfi/trainer.hpp"
#include "src/model/checkpoint.hpp"
#include "src/simulators/simulators.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::HasSubstr;

/// Pairs (waiting time, waiting time), so that an observation has several numbers.
Simulator pairs(const std::string& name) {
  return {.name = name,
          .description = "pairs of waiting times",
          .parameters = {{"lifetime", "s", log_uniform(0.1, 10)}, {"dead_time", "s", uniform(0, 1)}},
          .observations = {2, false, 0, infinity, "waiting times, s"},
          .simulate = [](const SimulatorBatch& batch) {
            std::minstd_rand engine(batch.seed + 1);
            std::exponential_distribution<float> wait(1);
            std::size_t i = 0;
            for (std::size_t p = 0; p < static_cast<std::size_t>(batch.parameters); ++p)
              for (int k = 0; k < 2 * batch.observations; ++k)
                batch.x[i++] = batch.theta[2 * p + 1] + batch.theta[2 * p] * wait(engine);
          }};
}

Configuration configured(const std::string& name) {
  Configuration c = test::small_configuration("gaussian");
  c.simulator = {name, {}, Transform::log1p};
  return c;
}

TEST(Function, IsTrainedEvaluatedReportedAndInferredWith) {
  register_simulator(pairs("pairs"));
  TemporaryFolder folder;
  const auto trained = [&](const char* run, int threads) {
    Configuration c = configured("pairs");
    c.engine.threads = threads;
    train(c, folder.path() / run);
    return Machine::load(folder.path() / run);
  };
  const Machine one = trained("one", 1), two = trained("two", 2);
  const std::vector<float> x{1, 2, 0.7F, 4, 1.5F, 3, 0.9F, 1, 2, 3, 1, 2, 4, 5};
  const Posterior posterior = one.infer(x, 7);
  ASSERT_EQ(posterior.parameters.size(), 2U);
  EXPECT_EQ(posterior.parameters[1].name, "dead_time");
  EXPECT_EQ(posterior.parameters[0].mean, two.infer(x, 7).parameters[0].mean);
  EXPECT_TRUE(std::isfinite(evaluate(one).loss.value));
  EXPECT_EQ(compare(Baseline::abc, configured("pairs"), {.episodes = 16, .multiples = {1}}).simulator, "pairs");
  EXPECT_EQ(simulate("pairs", {2, 0.5}, 10, 1), simulate("pairs", {2, 0.5}, 10, 1));
}

// Lanes that meet one problem get one set of observations, whatever is beside them.
TEST(Function, DrawsAProblemOnceForAllItsReplicates) {
  static std::atomic<int> alone, together;
  Simulator counted = pairs("counted");
  counted.simulate = [own = pairs("").simulate](const SimulatorBatch& batch) {
    (batch.parameters == 1 ? alone : together) += 1;
    own(batch);
  };
  register_simulator(counted);
  TemporaryFolder folder;
  train(configured("counted"), folder.path() / "run");
  const Machine machine = Machine::load(folder.path() / "run");
  alone = together = 0;
  EvaluationOptions options;
  options.episodes = 8;
  options.replicates = 16;
  (void)evaluate(machine, options);
  EXPECT_GE(alone, 8);
  EXPECT_GE(together, 8 * 2);  // of each problem's 16 replicates, at each of two iterations
  EXPECT_LE(together, 8 * 2 + 2);
}

TEST(Function, ThatThrowsEndsTheTrainingAndLeavesTheLastCheckpoint) {
  static std::atomic<int> left;
  Simulator failing = pairs("failing");
  failing.simulate = [own = pairs("").simulate](const SimulatorBatch& batch) {
    if (--left < 0) throw std::runtime_error("the solver did not converge");
    own(batch);
  };
  register_simulator(failing);
  TemporaryFolder folder;
  left = 4096 + 576 + 24 * 9;  // of the normalisation, of a validation, and of a step
  const std::string message = message_of<RunError>([&] { train(configured("failing"), folder.path() / "run"); });
  EXPECT_THAT(message, HasSubstr("the simulator failing failed when it was asked for "));
  EXPECT_THAT(message, HasSubstr("θ"));
  EXPECT_THAT(message, HasSubstr(": the solver did not converge"));
  EXPECT_EQ(read_newest(checkpoints_of(folder.path() / "run")).step, 5);
}

TEST(Function, ThatIsNotRegisteredOrHasOtherFactsIsAskedFor) {
  register_simulator(pairs("changing"));
  TemporaryFolder folder;
  train(configured("changing"), folder.path() / "run");
  Simulator other = pairs("changing");
  other.parameters[0].prior = log_uniform(0.1, 20);
  register_simulator(other);
  EXPECT_THAT(message_of<InputError>([&] { Machine::load(folder.path() / "run"); }),
              HasSubstr("the facts of the simulator changing were changed since it was trained with"));
  register_simulator(pairs("changing"));
  EXPECT_EQ(Machine::load(folder.path() / "run").step(), 12);
  EXPECT_THAT(message_of<InputError>([&] { validate(configured("nobody")); }), HasSubstr("must be one of poisson"));
}

// Whoever simulates an answer gets what an episode would: θ in the prior's range. Who asks for a θ gets that.
TEST(Function, IsAskedForParametersOfItsPriorAlone) {
  register_simulator(pairs("bounded"));
  const SimulatorInfo bounded = find_simulator("bounded");
  const auto at = [&](double dead_time) {
    std::vector<float> x(6);
    simulate_into(bounded, std::vector<double>{2, dead_time}, {1, 2}, 3, x.data());
    return x;
  };
  EXPECT_EQ(at(1.5), at(1));
  EXPECT_EQ(at(-0.5), at(0));
  EXPECT_NE(at(0.75), at(1));
  const std::vector<float> asked_for = simulate("bounded", {2, 1.5}, 100, 1);
  EXPECT_GE(*std::ranges::min_element(asked_for), 1.5);
}

TEST(Function, ThatContradictsItselfIsRefused) {
  const auto refused = [](const Simulator& simulator) {
    return message_of<InputError>([&] { register_simulator(simulator); });
  };
  EXPECT_THAT(refused(pairs("poisson")), HasSubstr("the simulator poisson: alfi has one of this name"));
  EXPECT_THAT(refused(pairs("quadratic")), HasSubstr("alfi has one of this name"));
  Simulator wrong = pairs("wrong");
  wrong.parameters.clear();
  EXPECT_THAT(refused(wrong), HasSubstr("the facts of the simulator wrong contradict themselves: it has no parameter"));
  wrong.parameters.assign(65, {"a", "", uniform(0, 1)});
  EXPECT_THAT(refused(wrong), HasSubstr("has 65 parameters; there must be at most 64"));
}

}  // namespace
}  // namespace alfi
