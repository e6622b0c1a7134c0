#include "src/training/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alfi {
namespace {

Configuration::Training twelve_steps() {
  Configuration::Training training;
  training.steps = 12;
  training.learning_rate = 0.5;
  training.warmup_steps = 0;
  training.validate_every = 6;
  training.checkpoint_every = 5;
  return training;
}

TEST(LearningRate, IsConstantWhereAskedFor) {
  Configuration::Training training = twelve_steps();
  training.schedule = Schedule::constant;
  for (int step = 0; step < 12; ++step) EXPECT_EQ(learning_rate(training, step), 0.5) << step;
}

TEST(LearningRate, FallsAsACosine) {
  const Configuration::Training training = twelve_steps();
  // (1 + cos φ)/2 of φ = 0, 60, 90, 120 and 180 degrees.
  for (const auto& [step, part] : {std::pair{0, 1.0}, {4, 0.75}, {6, 0.5}, {8, 0.25}, {12, 0.0}})
    EXPECT_NEAR(learning_rate(training, step), 0.5 * part, 1e-15) << step;  // a few roundings of numbers up to 1
}

TEST(LearningRate, RisesOverTheWarmUp) {
  Configuration::Training training = twelve_steps();
  training.warmup_steps = 4;
  training.schedule = Schedule::constant;
  for (const auto& [step, rate] : {std::pair{0, 0.125}, {1, 0.25}, {2, 0.375}, {3, 0.5}, {4, 0.5}, {11, 0.5}})
    EXPECT_EQ(learning_rate(training, step), rate) << step;
  training.schedule = Schedule::cosine;
  training.warmup_steps = 8;
  EXPECT_NEAR(learning_rate(training, 4), 0.5 * 0.75 * 5 / 8, 1e-15);  // the product of both
}

TEST(LearningRate, FallsOnALineAtTheEnd) {
  Configuration::Training training = twelve_steps();
  training.schedule = Schedule::cooldown;
  training.cooldown = 1.0 / 3;
  EXPECT_EQ(cooldown_begin(training), 8);
  for (const auto& [step, rate] : {std::pair{0, 0.5}, {7, 0.5}, {8, 0.5}, {9, 0.375}, {10, 0.25}, {11, 0.125}})
    EXPECT_EQ(learning_rate(training, step), rate) << step;
  training.warmup_steps = 4;
  EXPECT_EQ(learning_rate(training, 1), 0.25);
  training.cooldown = 1;
  EXPECT_EQ(cooldown_begin(training), 0);
  training.cooldown = 1e-9;  // a step at least
  EXPECT_EQ(cooldown_begin(training), 11);
  EXPECT_EQ(learning_rate(training, 11), 0.5);
}

TEST(Schedule, TrainingsAreAlikeAsFarAsTheyDoAlike) {
  std::vector<Configuration::Training> all;
  for (const Schedule schedule : {Schedule::cosine, Schedule::constant, Schedule::cooldown})
    for (const int steps : {9, 12, 40})
      for (const double cooldown : {0.25, 0.5})
        for (const Loss loss : {Loss::normal, Loss::beta_normal}) {
          Configuration::Training training = twelve_steps();
          training.schedule = schedule;
          training.steps = steps;
          training.cooldown = cooldown;
          training.loss = loss;
          training.warmup_steps = 3;
          all.push_back(training);
        }
  int partly = 0;
  for (const auto& a : all)
    for (const auto& b : all) {
      if (a.loss != b.loss) continue;
      const std::int64_t until = alike_until(a, b);
      EXPECT_EQ(until, alike_until(b, a));
      EXPECT_LE(until, std::min(a.steps, b.steps));
      for (std::int64_t step = 0; step < until; ++step) {
        EXPECT_EQ(learning_rate(a, step), learning_rate(b, step));
        if (a.loss == Loss::beta_normal) {
          EXPECT_EQ(annealed_beta(a, step), annealed_beta(b, step));
        }
      }
      partly += until > 0 && until < std::min(a.steps, b.steps) ? 1 : 0;
    }
  EXPECT_GT(partly, 0);
  Configuration::Training longer = twelve_steps(), shorter = longer;
  longer.steps = 40;
  EXPECT_EQ(alike_until(longer, shorter), 0);
  shorter.schedule = longer.schedule = Schedule::cooldown;
  EXPECT_EQ(alike_until(longer, shorter), 10);  // 20 % of twelve steps are two
  shorter.schedule = longer.schedule = Schedule::constant;
  EXPECT_EQ(alike_until(longer, shorter), 12);
}

TEST(Schedule, CountsWhatIsLeft) {
  for (const Schedule schedule : {Schedule::constant, Schedule::cooldown})
    for (const int every : {1, 4, 5, 6, 7, 12, 13}) {
      Configuration::Training training = twelve_steps();
      training.schedule = schedule;
      training.validate_every = every;
      training.checkpoint_every = 13 - std::min(every, 12);
      for (int done = 0; done <= 12; ++done) {
        int validations = 0, checkpoints = 0;
        for (int next = done + 1; next <= 12; ++next) {
          validations += validates_after(training, next);
          checkpoints += saves_after(training, next);
        }
        const WorkLeft left = work_left(training, done);
        EXPECT_EQ(left.steps, 12 - done);
        EXPECT_EQ(left.validations, validations) << every << " " << done;
        EXPECT_EQ(left.checkpoints, checkpoints) << every << " " << done;
      }
    }
}

TEST(Schedule, SavesBeforeTheCooldown) {
  Configuration::Training training = twelve_steps();
  training.schedule = Schedule::cooldown;
  training.cooldown = 0.25;
  EXPECT_TRUE(saves_after(training, 9));
  EXPECT_TRUE(needs_weights_after(training, 9));
  training.schedule = Schedule::constant;
  EXPECT_FALSE(saves_after(training, 9));
}

TEST(AnnealedBeta, IsOnALine) {
  Configuration::Training training = twelve_steps();
  training.beta = {.from = 1, .to = -1};
  for (const auto& [step, beta] : {std::pair{0, 1.0}, {3, 0.5}, {6, 0.0}, {9, -0.5}, {12, -1.0}})
    EXPECT_EQ(annealed_beta(training, step), beta) << step;
}

TEST(AnnealedBeta, IsOnALineOverTheCooldown) {
  Configuration::Training training = twelve_steps();
  training.schedule = Schedule::cooldown;
  training.cooldown = 1.0 / 3;
  training.beta = {.from = 1, .to = 0};
  for (const auto& [step, beta] : {std::pair{0, 1.0}, {8, 1.0}, {9, 0.75}, {11, 0.25}, {12, 0.0}})
    EXPECT_EQ(annealed_beta(training, step), beta) << step;
}

TEST(Schedule, ValidatesAndSavesAtMultiplesAndAtTheEnd) {
  Configuration::Training training = twelve_steps();
  training.validate_every = 7;
  std::vector<int> validated, saved, needed;
  for (int done = 1; done <= 12; ++done) {
    if (validates_after(training, done)) validated.push_back(done);
    if (saves_after(training, done)) saved.push_back(done);
    if (needs_weights_after(training, done)) needed.push_back(done);
  }
  EXPECT_THAT(validated, testing::ElementsAre(7, 12));
  EXPECT_THAT(saved, testing::ElementsAre(5, 10, 12));
  EXPECT_THAT(needed, testing::ElementsAre(5, 7, 10, 12));
}

TEST(Schedule, WindowsEndWhereWeightsAreNeeded) {
  const Configuration::Training training = twelve_steps();  // 5, 6, 10, 12
  std::vector<std::size_t> sizes;
  std::uint64_t done = 0;
  for (auto window = next_window(training, 0, 4); !window.empty();
       window = next_window(training, static_cast<std::int64_t>(done), 4)) {
    sizes.push_back(window.size());
    for (const MetaStep& step : window) {
      EXPECT_EQ(step.number, done);
      EXPECT_EQ(step.rate, learning_rate(training, static_cast<std::int64_t>(done)));
      EXPECT_EQ(step.beta, annealed_beta(training, static_cast<std::int64_t>(done)));
      ++done;
    }
  }
  EXPECT_THAT(sizes, testing::ElementsAre(4, 1, 1, 4, 2));
  EXPECT_EQ(done, 12U);
}

}  // namespace
}  // namespace alfi
