#include "src/training/run_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

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

/// A folder that holds a run of small_configuration() with checkpoints of these steps, and a report.
class RunFolderTest : public testing::Test {
 protected:
  void make_run(std::initializer_list<std::int64_t> steps) const {
    RunFolder(run).take(small_configuration(), plain);
    std::filesystem::create_directory(run / "report");
    for (const std::int64_t step : steps) {
      const Layout layout = Plan(small_configuration()).layout;
      write_checkpoint(checkpoint_path(run, step), {.plan = small_configuration(),
                                                    .normalisation = {.mean = {0}, .scale = {1}},
                                                    .state = initial_state(layout, 1),
                                                    .step = step});
    }
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
  made.take(small_configuration(), plain);
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
  replaced.take(other, force);
  EXPECT_FALSE(holds("report"));
  EXPECT_FALSE(holds("checkpoints"));
  EXPECT_EQ(load_configuration(run / "config.yaml"), other);
}

TEST_F(RunFolderTest, GoesOnFromItsNewestCheckpoint) {
  make_run({3, 11});
  Configuration elsewhere = small_configuration();
  elsewhere.engine.threads = 2;
  RunFolder resumed(run);
  const std::optional<Checkpoint> checkpoint = resumed.admit(elsewhere, resume);
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->step, 11);
  EXPECT_EQ(checkpoint->plan.configuration, elsewhere);
  resumed.take(elsewhere, resume);
  EXPECT_EQ(checkpoints_of(run).size(), 2U);
  EXPECT_TRUE(holds("report"));
  EXPECT_EQ(load_configuration(run / "config.yaml"), elsewhere);
}

TEST_F(RunFolderTest, BeginsAnewWhereARunWasKilledBeforeItsFirstCheckpoint) {
  make_run({});
  EXPECT_FALSE(RunFolder(run).admit(small_configuration(), resume).has_value());
}

TEST_F(RunFolderTest, ResumesNoOtherConfiguration) {
  Configuration other = small_configuration();
  other.engine.seed = 8;
  make_run({});
  EXPECT_THAT(refusal(other, resume), AllOf(HasSubstr("another configuration"), HasSubstr("config.yaml")));
  std::filesystem::remove_all(run);
  make_run({3});
  EXPECT_THAT(refusal(other, resume), AllOf(HasSubstr("another configuration"), HasSubstr("config.yaml")));
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
  RunFolder(run).take(small_configuration(), plain);
  EXPECT_FALSE(holds(".alfi-123-0.tmp"));
}

}  // namespace
}  // namespace alfi
