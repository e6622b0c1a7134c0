#include "alfi/trainer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "alfi/error.hpp"
#include "kernels/shape.hpp"
#include "src/engine/cost.hpp"
#include "src/model/checkpoint.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using testing::AllOf;
using testing::HasSubstr;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Returns options that stop after `step`.
TrainingOptions until(std::int64_t step, bool resume) {
  TrainingOptions options;
  options.resume = resume;
  options.progress = [step](const TrainingProgress& progress) { return progress.step < step; };
  return options;
}

TEST(Trainer, LeavesARunFolder) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  const TrainingOutcome outcome = train(test::small_configuration(), run);
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.step, 12);
  EXPECT_EQ(load_configuration(run / "config.yaml"), test::small_configuration());
  std::vector<std::string> names;
  for (const auto& path : checkpoints_of(run)) names.push_back(path.filename().string());
  EXPECT_THAT(names, testing::ElementsAre("step-5.safetensors", "step-10.safetensors", "step-12.safetensors"));
  std::ifstream metrics(run / "metrics.jsonl");
  int losses = 0, validations = 0;
  for (std::string line; std::getline(metrics, line);) {
    const auto object = nlohmann::json::parse(line);
    losses += object.contains("loss");
    validations += object.contains("validation_loss");
  }
  EXPECT_EQ(losses, 2);       // steps 10 and 12
  EXPECT_EQ(validations, 3);  // steps 0, 6 and 12
}

TEST(Trainer, TellsBeforehandHowLongItShouldTake) {
  const test::TemporaryFolder folder;
  Configuration configuration = test::small_configuration();
  configuration.training.steps = 120;
  const auto run = folder.path() / "run";
  std::vector<double> told;
  bool begun = false;
  TrainingOptions options = until(114, false);
  options.progress = [&, stop = options.progress](const TrainingProgress& progress) {
    begun = true;
    return stop(progress);
  };
  options.estimate = [&](double seconds) {
    EXPECT_FALSE(begun);
    told.push_back(seconds);
  };
  train(configuration, run, options);
  if (core_speed(1) == 0) {
    EXPECT_TRUE(told.empty());
    GTEST_SKIP() << "without AVX2 nothing is predicted";
  }
  begun = false;
  options.progress = {};
  options.resume = true;
  train(configuration, run, options);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_GT(told[0], 0);
  EXPECT_LT(told[1], 0.5 * told[0]);  // a twentieth is left; the peak is measured again, on a busy machine
  train(configuration, run, options);
  EXPECT_EQ(told.size(), 2U);  // it was done
}

class Interrupted : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(AtStep, Interrupted, testing::Values(1, 5, 7, 11));

TEST_P(Interrupted, GoesOnBitForBit) {
  const test::TemporaryFolder folder;
  Configuration configuration = test::small_configuration();
  configuration.training.problems = 70;  // not a multiple of the batch: passes end inside steps
  configuration.training.loss = Loss::beta_normal;
  train(configuration, folder.path() / "whole");
  const TrainingOutcome part = train(configuration, folder.path() / "parts", until(GetParam(), false));
  EXPECT_FALSE(part.finished);
  EXPECT_EQ(part.step, GetParam());
  configuration.engine.threads = 2;
  EXPECT_TRUE(train(configuration, folder.path() / "parts", until(100, true)).finished);
  const Checkpoint whole = read_checkpoint(checkpoint_path(folder.path() / "whole", 12));
  const Checkpoint parts = read_checkpoint(checkpoint_path(folder.path() / "parts", 12));
  EXPECT_EQ(whole.state, parts.state);
}

TEST(Trainer, ResumingDropsMetricsAfterTheCheckpoint) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  train(test::small_configuration(), run);
  std::filesystem::remove(checkpoint_path(run, 12));  // a run killed after step 10 has none
  std::ofstream(run / "metrics.jsonl", std::ios::app) << "{\"step\": 11, \"lo";
  train(test::small_configuration(), run, until(100, true));
  std::ifstream metrics(run / "metrics.jsonl");
  std::vector<int> steps;
  for (std::string line; std::getline(metrics, line);) steps.push_back(nlohmann::json::parse(line).at("step"));
  EXPECT_THAT(steps, testing::ElementsAre(0, 6, 10, 12, 12));
}

TEST(Trainer, DoesNotTouchAFolderInUse) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  train(test::small_configuration(), run);
  const std::string before = content_of(checkpoint_path(run, 12));
  EXPECT_THAT(message_of<InputError>([&] { train(test::small_configuration(), run); }), HasSubstr("--resume"));
  EXPECT_EQ(content_of(checkpoint_path(run, 12)), before);

  const auto foreign = folder.path() / "foreign";
  std::filesystem::create_directory(foreign);
  folder.write("foreign/thesis.tex", "years of work");
  TrainingOptions force;
  force.force = true;
  EXPECT_THAT(message_of<InputError>([&] { train(test::small_configuration(), foreign, force); }),
              HasSubstr("holds no run"));
  EXPECT_EQ(content_of(foreign / "thesis.tex"), "years of work");

  const auto file = folder.write("file", "x");
  EXPECT_THROW(train(test::small_configuration(), file), InputError);
}

TEST(Trainer, ForceReplacesARun) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  train(test::small_configuration(), run);
  std::filesystem::create_directory(run / "report");
  folder.write("run/report/energy.csv", "the old machine's");
  Configuration other = test::small_configuration();
  other.training.steps = 3;
  TrainingOptions force;
  force.force = true;
  train(other, run, force);
  EXPECT_FALSE(std::filesystem::exists(run / "report"));
  ASSERT_EQ(checkpoints_of(run).size(), 1U);
  EXPECT_EQ(checkpoints_of(run).front(), checkpoint_path(run, 3));
}

TEST(Trainer, ResumesOnlyTheSameConfiguration) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  train(test::small_configuration(), run, until(5, false));
  Configuration other = test::small_configuration();
  other.engine.seed = 8;
  EXPECT_THAT(message_of<InputError>([&] { train(other, run, until(100, true)); }), HasSubstr("another configuration"));
  EXPECT_THAT(message_of<InputError>([&] { train(other, folder.path() / "none", until(100, true)); }),
              HasSubstr("no checkpoint"));
}

TEST(Trainer, ALengthenedRunIsTheLongerRun) {
  const test::TemporaryFolder folder;
  const auto whole = folder.path() / "whole", run = folder.path() / "run";
  Configuration longer = test::small_configuration();
  longer.training.schedule = Schedule::cooldown;
  longer.training.cooldown = 0.25;
  Configuration shorter = longer;
  shorter.training.steps = 8;  // cools down from step 6 on, between the checkpoints of steps 5 and 10
  EXPECT_TRUE(train(shorter, run).finished);
  EXPECT_TRUE(train(longer, run, until(100, true)).finished);
  EXPECT_TRUE(train(longer, whole).finished);
  for (const int step : {10, 12})
    EXPECT_EQ(content_of(checkpoint_path(run, step)), content_of(checkpoint_path(whole, step))) << step;
  EXPECT_EQ(content_of(run / "config.yaml"), content_of(whole / "config.yaml"));
  // And shortened again: from step 6, the steps 7 and 8 of the shorter run.
  EXPECT_TRUE(train(shorter, run, until(100, true)).finished);
  train(shorter, folder.path() / "short");
  EXPECT_EQ(content_of(checkpoint_path(run, 8)), content_of(checkpoint_path(folder.path() / "short", 8)));
}

TEST(Trainer, AConstantRunGetsLonger) {
  const test::TemporaryFolder folder;
  Configuration configuration = test::small_configuration();
  configuration.training.schedule = Schedule::constant;
  configuration.training.steps = 7;
  train(configuration, folder.path() / "run");
  configuration.training.steps = 12;
  train(configuration, folder.path() / "run", until(100, true));
  train(configuration, folder.path() / "whole");
  EXPECT_EQ(content_of(checkpoint_path(folder.path() / "run", 12)),
            content_of(checkpoint_path(folder.path() / "whole", 12)));
}

/// Returns the steps of a run's checkpoints.
std::vector<std::int64_t> kept(const std::filesystem::path& run) {
  std::vector<std::int64_t> steps;
  for (const auto& path : checkpoints_of(run)) steps.push_back(read_checkpoint(path).step);
  return steps;
}

/// Returns the validations of a run: step and loss.
std::vector<std::pair<int, double>> validations_of(const std::filesystem::path& run) {
  std::vector<std::pair<int, double>> all;
  std::ifstream metrics(run / "metrics.jsonl");
  for (std::string line; std::getline(metrics, line);)
    if (const auto object = nlohmann::json::parse(line); object.contains("validation_loss"))
      all.emplace_back(object["step"], object["validation_loss"]);
  return all;
}

TEST(Trainer, KeepsTheLastCheckpointsTheBestAndThatBeforeTheCooldown) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  Configuration configuration = test::small_configuration();
  configuration.training.checkpoint_every = 1;
  configuration.training.validate_every = 1;
  configuration.training.keep_checkpoints = 2;
  configuration.training.learning_rate = 0.3;  // it goes astray
  configuration.training.warmup_steps = 0;
  configuration.training.ema = 0;
  configuration.training.schedule = Schedule::cooldown;
  configuration.training.cooldown = 0.5;
  const TrainingOutcome outcome = train(configuration, run);
  const auto validations = validations_of(run);
  ASSERT_EQ(validations.size(), 13U);
  const int best = std::ranges::min_element(validations, {}, &std::pair<int, double>::second)->first;
  ASSERT_GT(best, 0);  // else the test tests less
  ASSERT_LT(best, 11);
  ASSERT_NE(best, 6);
  std::vector<std::int64_t> expected{best, 6, 11, 12};
  std::ranges::sort(expected);
  EXPECT_EQ(kept(run), expected);
  EXPECT_EQ(outcome.best, checkpoint_path(run, best));
}

TEST(Trainer, EndsWithoutPatienceAndGoesOnWithMore) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  Configuration configuration = test::small_configuration();
  configuration.training.steps = 100;
  configuration.training.checkpoint_every = 1000;
  configuration.training.validate_every = 1;
  configuration.training.learning_rate = 0.3;
  configuration.training.warmup_steps = 0;
  configuration.training.ema = 0;
  configuration.training.schedule = Schedule::constant;
  configuration.training.patience = 3;
  const TrainingOutcome outcome = train(configuration, run);
  EXPECT_TRUE(outcome.finished);
  EXPECT_TRUE(outcome.out_of_patience);
  EXPECT_LT(outcome.step, 100);
  const std::int64_t best = outcome.step - 3;
  ASSERT_GT(best, 0);
  const auto validations = validations_of(run);
  EXPECT_EQ(std::ranges::min_element(validations, {}, &std::pair<int, double>::second)->first, best);
  EXPECT_EQ(outcome.best, checkpoint_path(run, best));
  EXPECT_EQ(read_checkpoint(outcome.best).step, best);
  EXPECT_EQ(outcome.checkpoint, checkpoint_path(run, outcome.step));
  // A resumed one knows it; with more patience it goes on.
  EXPECT_EQ(train(configuration, run, until(1000, true)).step, outcome.step);
  configuration.training.patience = 5;
  EXPECT_GT(train(configuration, run, until(1000, true)).step, outcome.step);
}

TEST(Trainer, SaysThatItEndedWorseThanItBegan) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  Configuration configuration = test::small_configuration();
  configuration.training.learning_rate = 10;
  configuration.training.clip_norm = 0;
  configuration.training.warmup_steps = 0;
  configuration.training.ema = 0;
  const TrainingOutcome part = train(configuration, run, until(8, false));
  EXPECT_EQ(part.worse, "");  // it has not ended
  const TrainingOutcome outcome = train(configuration, run, until(100, true));
  EXPECT_TRUE(outcome.finished);
  EXPECT_THAT(outcome.worse,
              AllOf(testing::StartsWith("the training ended worse than it began: validation loss is "),
                    HasSubstr("A smaller training.learning_rate (it is 10) or training.clip_norm (it is 0, off)")));
  EXPECT_EQ(train(configuration, run, until(100, true)).worse, outcome.worse);  // nothing left to do
  EXPECT_EQ(train(test::small_configuration(), folder.path() / "good").worse, "");
}

TEST(Trainer, ResumesARunKilledBeforeItsFirstCheckpoint) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run", whole = folder.path() / "whole";
  const Configuration configuration = test::small_configuration();
  std::filesystem::create_directories(run);
  std::ofstream(run / "config.yaml") << to_yaml(configuration);
  std::ofstream(run / "metrics.jsonl") << "{\"step\": 1}\n";
  Configuration other = configuration;
  other.engine.seed = 8;
  EXPECT_THAT(message_of<InputError>([&] { train(other, run, until(100, true)); }), HasSubstr("another configuration"));
  train(configuration, run, until(100, true));
  train(configuration, whole);
  EXPECT_EQ(content_of(checkpoint_path(run, 12)), content_of(checkpoint_path(whole, 12)));
}

TEST(Trainer, RefusesADamagedCheckpointAndKeepsIt) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  train(test::small_configuration(), run);
  const auto newest = checkpoint_path(run, 12);
  std::string bytes = content_of(newest);
  bytes[bytes.size() / 2] ^= 1;
  std::ofstream(newest, std::ios::binary) << bytes;
  EXPECT_THAT(message_of<InputError>([&] { train(test::small_configuration(), run, until(100, true)); }),
              AllOf(HasSubstr("step-12"), HasSubstr("step-10")));
  EXPECT_EQ(content_of(newest), bytes);
}

TEST(Trainer, GivesUpOnADivergedRunAndKeepsTheLastGoodCheckpoint) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  Configuration configuration = test::small_configuration();
  configuration.training.steps = 500;
  configuration.training.checkpoint_every = 1;
  train(configuration, run, until(3, false));
  // Weights so large that the next gradients overflow.
  Checkpoint checkpoint = read_checkpoint(checkpoint_path(run, 3));
  for (float& w : checkpoint.state.weights) w *= 1e30F;
  checkpoint.step = 4;
  write_checkpoint(checkpoint_path(run, 4), checkpoint);
  EXPECT_THAT(
      message_of<RunError>([&] { train(configuration, run, until(1000, true)); }),
      AllOf(HasSubstr("diverged"), HasSubstr("The last good checkpoint is " + checkpoint_path(run, 4).string())));
  EXPECT_EQ(read_checkpoint(checkpoint_path(run, 3)).step, 3);
  EXPECT_EQ(checkpoints_of(run).size(), 4U);  // steps 1 to 4: none of the broken steps was saved
}

TEST(Trainer, PromisesNoCheckpointWhereThereIsNone) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  Configuration configuration = test::small_configuration();
  configuration.training.steps = 500;
  configuration.training.checkpoint_every = 500;
  configuration.training.learning_rate = 10;
  configuration.training.clip_norm = 0;
  configuration.training.warmup_steps = 0;
  Configuration wild = configuration;
  wild.networks.rim.bound = 1000;  // the density of what is 1000 deviations off is no float
  EXPECT_THAT(message_of<RunError>([&] { train(wild, run); }),
              AllOf(HasSubstr("diverged"), HasSubstr("No checkpoint was saved before"),
                    testing::Not(HasSubstr("last good checkpoint"))));
}

TEST(Trainer, AStopIsHeededBeforeTheFirstStep) {
  const test::TemporaryFolder folder;
  const auto run = folder.path() / "run";
  TrainingOptions options;
  options.stop = [] { return true; };  // at the first tile of the pilot simulation
  const TrainingOutcome outcome = train(test::small_configuration(), run, options);
  EXPECT_FALSE(outcome.finished);
  EXPECT_EQ(outcome.checkpoint, "");
  EXPECT_FALSE(std::filesystem::exists(run));

  // Within the validations of the steps 0 and 6: what comes after is that of a training that was not stopped.
  std::atomic<int> asked = 0;
  options.stop = [&] { return ++asked > 4096 / tile_lanes + 10; };
  EXPECT_EQ(train(test::small_configuration(), run, options).step, 0);
  EXPECT_EQ(kept(run), std::vector<std::int64_t>{0});
  asked = 0;
  options.resume = true;
  options.stop = [&] { return ++asked > 32 + 6 * 2 + 10; };
  EXPECT_EQ(train(test::small_configuration(), run, options).step, 6);
  options.stop = {};
  EXPECT_TRUE(train(test::small_configuration(), run, options).finished);
  train(test::small_configuration(), folder.path() / "whole");
  EXPECT_EQ(validations_of(run), validations_of(folder.path() / "whole"));
  EXPECT_EQ(content_of(checkpoint_path(run, 12)), content_of(checkpoint_path(folder.path() / "whole", 12)));
}

TEST(Trainer, RefusesABackendThatIsNotThere) {
  const test::TemporaryFolder folder;
  Configuration configuration = test::small_configuration();
  configuration.engine.backend = Backend::cuda;
  EXPECT_THAT(message_of<RunError>([&] { train(configuration, folder.path() / "run"); }), HasSubstr("cuda"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "run"));
}

TEST(Trainer, LearnsTheScaleOfCounts) {
  // The prior's mean is off by √3/2 = 0.87 on average, standardised; a hundred small steps get well below that.
  const test::TemporaryFolder folder;
  Configuration configuration = test::small_configuration();
  configuration.networks = {};
  configuration.episode.iterations = 3;
  configuration.episode.real_observations = {50, 50};
  configuration.networks.rim.bound = 1;
  configuration.training.steps = 150;
  configuration.training.meta_batch = 32;
  configuration.training.learning_rate = 5e-3;
  configuration.training.warmup_steps = 10;
  const TrainingOutcome outcome = train(configuration, folder.path() / "run");
  EXPECT_LT(outcome.validation_loss, 0.3);  // the prior itself has 1.42
}

}  // namespace
}  // namespace alfi
