#include "src/training/run_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "src/model/plan.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using test::small_configuration;
using testing::AllOf;
using testing::HasSubstr;

const TrainingOptions plain,
    resume =
        [] {
          TrainingOptions options;
          options.resume = true;
          return options;
        }(),
    force = [] {
      TrainingOptions options;
      options.force = true;
      return options;
    }();

Checkpoint at(std::int64_t step, const Configuration& configuration) {
  return {.plan = configuration,
          .normalisation = {.mean = {0}, .scale = {1}},
          .state = initial_state(Plan(configuration).layout, 1),
          .step = step};
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

/// A folder that holds a run of small_configuration() with checkpoints of these steps, and a report.
class RunFolderTest : public testing::Test {
 protected:
  void make_run(std::initializer_list<std::int64_t> steps) const { make_run(steps, small_configuration()); }
  void make_run(std::initializer_list<std::int64_t> steps, const Configuration& configuration) const {
    RunFolder(run).take(at(0, configuration), plain);
    std::filesystem::create_directory(run / "report");
    for (const std::int64_t step : steps) write_checkpoint(checkpoint_path(run, step), at(step, configuration));
  }
  std::string refusal(const Configuration& configuration, const TrainingOptions& options) const {
    return message_of<InputError>([&] { (void)RunFolder(run).admit(configuration, options); });
  }
  bool holds(const char* name) const { return std::filesystem::exists(run / name); }

  test::TemporaryFolder folder;
  std::filesystem::path run = folder.path() / "run";
};

TEST_F(RunFolderTest, IsMadeWhenItIsTaken) {
  RunFolder made(run);
  EXPECT_FALSE(made.admit(small_configuration(), plain).has_value());
  EXPECT_FALSE(std::filesystem::exists(run));
  made.take(at(0, small_configuration()), plain);
  EXPECT_EQ(load_configuration(run / "config.yaml"), small_configuration());
  EXPECT_THAT(message_of<InputError>([&] { RunFolder{run}; }), HasSubstr("another"));
}

TEST_F(RunFolderTest, MayBeThereAndEmpty) {
  std::filesystem::create_directory(run);
  EXPECT_FALSE(RunFolder(run).admit(small_configuration(), plain).has_value());
}

TEST_F(RunFolderTest, IsNotTakenFromAnotherTraining) {
  make_run({});
  const RunFolder held(run);
  EXPECT_THROW(RunFolder{run}, InputError);
}

TEST_F(RunFolderTest, IsNoFile) {
  folder.write("run", "x");
  EXPECT_THAT(refusal(small_configuration(), force), HasSubstr("is not a folder"));
}

TEST_F(RunFolderTest, HoldsNothingElseThanARun) {
  std::filesystem::create_directory(run);
  folder.write("run/thesis.tex", "years of work");
  for (const TrainingOptions& options : {plain, force})
    EXPECT_THAT(refusal(small_configuration(), options), HasSubstr("holds no run"));
}

TEST_F(RunFolderTest, IsReplacedByForceAlone) {
  make_run({3});
  EXPECT_THAT(refusal(small_configuration(), plain), AllOf(HasSubstr("--resume"), HasSubstr("--force")));
  Configuration other = small_configuration();
  other.engine.seed = 8;
  RunFolder replaced(run);
  EXPECT_FALSE(replaced.admit(other, force).has_value());
  EXPECT_TRUE(holds("report"));  // it may still be refused
  EXPECT_TRUE(holds("checkpoints"));
  replaced.take(at(0, other), force);
  EXPECT_FALSE(holds("report"));
  EXPECT_FALSE(holds("checkpoints"));
  EXPECT_EQ(load_configuration(run / "config.yaml"), other);
}

TEST_F(RunFolderTest, GoesOnFromItsNewestCheckpoint) {
  make_run({3, 11});
  Configuration elsewhere = small_configuration();
  elsewhere.engine.threads = 2;
  elsewhere.engine.device = 1;
  elsewhere.evaluation = {7, 8, 4};
  elsewhere.training.checkpoint_every = 1;
  elsewhere.training.validate_every = 2;
  elsewhere.training.keep_checkpoints = 3;
  elsewhere.training.patience = 4;
  RunFolder resumed(run);
  const std::optional<Checkpoint> checkpoint = resumed.admit(elsewhere, resume);
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->step, 11);
  EXPECT_EQ(checkpoint->plan.configuration, elsewhere);
  resumed.take(*checkpoint, resume);
  EXPECT_EQ(checkpoints_of(run).size(), 2U);
  EXPECT_TRUE(holds("report"));
  EXPECT_EQ(load_configuration(run / "config.yaml"), elsewhere);
}

TEST_F(RunFolderTest, BeginsAnewWhereARunWasKilledBeforeItsFirstCheckpoint) {
  make_run({});
  EXPECT_FALSE(RunFolder(run).admit(small_configuration(), resume).has_value());
}

TEST_F(RunFolderTest, ResumesNoOtherConfigurationAndNamesWhatDiffers) {
  Configuration other = small_configuration();
  other.engine.seed = 8;
  other.training.ema = 0.5;
  other.engine.threads = 3;  // may differ
  const auto named = AllOf(HasSubstr("another configuration: training.ema = 0.5 (it was 0.999), "
                                     "engine.seed = 8 (it was 1); "),
                           HasSubstr("config.yaml has what it must be"));
  make_run({});
  EXPECT_THAT(refusal(other, resume), named);
  std::filesystem::remove_all(run);
  make_run({3});
  EXPECT_THAT(refusal(other, resume), named);
}

TEST_F(RunFolderTest, GoesOnFromBeforeTheCooldownWhereItIsLengthened) {
  Configuration shorter = small_configuration();  // of 12 steps
  shorter.training.schedule = Schedule::cooldown;
  shorter.training.cooldown = 0.25;
  make_run({5, 9, 10, 12}, shorter);
  Configuration longer = shorter;
  longer.training.steps = 40;
  std::string said;
  TrainingOptions options = resume;
  options.note = [&](const std::string& note) { said = note; };
  RunFolder lengthened(run);
  const std::optional<Checkpoint> checkpoint = lengthened.admit(longer, options);
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->step, 9);
  EXPECT_EQ(checkpoint->plan.configuration, longer);
  EXPECT_EQ(checkpoints_of(run).size(), 4U);  // it may still be refused
  lengthened.take(*checkpoint, options);
  EXPECT_THAT(names_in(run / "checkpoints"), testing::UnorderedElementsAre("step-5.safetensors", "step-9.safetensors"));
  EXPECT_THAT(names_in(run / "shorter"), testing::UnorderedElementsAre("step-10.safetensors", "step-12.safetensors"));
  EXPECT_THAT(said, AllOf(HasSubstr("goes on from step 9"), HasSubstr((run / "shorter").string())));
  EXPECT_EQ(read_checkpoint(run / "shorter" / "step-12.safetensors").plan.configuration, shorter);
  EXPECT_EQ(load_configuration(run / "config.yaml"), longer);
  lengthened.take(at(0, longer), force);
  EXPECT_FALSE(holds("shorter"));
}

TEST_F(RunFolderTest, LengthensNoRunWhoseStepsWouldBeOthers) {
  make_run({5, 12});
  Configuration longer = small_configuration();
  longer.training.steps = 40;
  EXPECT_THAT(refusal(longer, resume),
              AllOf(HasSubstr("cannot go on with training.steps = 40 (it was 12): from step 0 on"),
                    HasSubstr("its oldest checkpoint is of step 5"), HasSubstr("cooldown or constant can be")));
  longer.engine.seed = 8;
  EXPECT_THAT(refusal(longer, resume), HasSubstr("another configuration: engine.seed = 8"));
  std::filesystem::remove_all(run);
  make_run({});  // nothing was done yet
  longer.engine.seed = 1;
  EXPECT_FALSE(RunFolder(run).admit(longer, resume).has_value());
}

// Otherwise a run that is killed then would be resumed with random weights.
TEST_F(RunFolderTest, KeepsTheStartOfARunWithWeightsOfAnother) {
  TrainingOptions from;
  from.from = "another";
  RunFolder(run).take(at(0, small_configuration()), from);
  EXPECT_EQ(read_checkpoint(checkpoint_path(run, 0)).state, at(0, small_configuration()).state);
}

TEST_F(RunFolderTest, ResumesNothingWhereNoRunIs) {
  EXPECT_THAT(refusal(small_configuration(), resume), HasSubstr("no checkpoint to resume from"));
}

TEST_F(RunFolderTest, NamesTheCheckpointBeforeADamagedOne) {
  make_run({3});
  folder.write("run/checkpoints/step-4.safetensors", "torn");
  EXPECT_THAT(refusal(small_configuration(), resume), AllOf(HasSubstr("step-4"), HasSubstr("step-3")));
}

// A training that lost its power in its first second left a file without a final name.
TEST_F(RunFolderTest, MayHoldWhatAKilledTrainingLeft) {
  std::filesystem::create_directory(run);
  std::ofstream(run / ".alfi-123-0.tmp") << "half";
  EXPECT_FALSE(RunFolder(run).admit(small_configuration(), plain).has_value());
  RunFolder(run).take(at(0, small_configuration()), plain);
  EXPECT_FALSE(holds(".alfi-123-0.tmp"));
}

}  // namespace
}  // namespace alfi
