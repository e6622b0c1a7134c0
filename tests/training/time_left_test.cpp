// The rate and the time left that a training shows, on a clock of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/training/trainer.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

constexpr double first_step = 30, step = 0.25, validation = 3, checkpoint = 2;

/// Learns nothing, and takes its time on a clock. Its state is asked for to be validated and to be saved.
class Sleeper final : public Learner {
 public:
  Sleeper(const Plan& plan, double& now, int window)
      : now_(now), window_(window), state_(initial_state(plan.layout, 1)) {}

  void begin(TrainingState) override {}
  void submit(std::span<const MetaStep> steps) override { submitted_.push_back(steps.size()); }
  void stop_when(std::function<bool()>) override {}
  std::vector<StepOutput> collect() override {
    std::vector<StepOutput> outputs(submitted_.front(), {.loss = 1, .gradient_norm = 1, .clamped = 0, .left_out = 0});
    submitted_.erase(submitted_.begin());
    now_ += begun_ ? step * static_cast<double>(outputs.size()) : first_step;
    begun_ = true;
    return outputs;
  }
  const TrainingState& state() override {
    now_ += checkpoint;
    return state_;
  }
  Pipeline pipeline() const override { return {window_, 2}; }
  Validation validate(const Episodes&, std::span<const float>) override {
    now_ += validation - checkpoint;
    return {1, 1};
  }
  int threads_of_known_cost() const override { return 0; }
  const std::string& notice() const override { return notice_; }

 private:
  double& now_;
  int window_;
  bool begun_ = false;
  std::vector<std::size_t> submitted_;
  TrainingState state_;
  const std::string notice_;
};

struct Shown {
  double now;
  TrainingProgress progress;
};

/// Trains 200 steps of 20 episodes; returns what is shown, and last when it ended.
std::vector<Shown> shown(int validate_every, int checkpoint_every, int window, const std::filesystem::path& run) {
  Configuration configuration = test::small_configuration();
  configuration.training.steps = 200;
  configuration.training.validate_every = validate_every;
  configuration.training.checkpoint_every = checkpoint_every;
  const Plan plan = configuration;
  double now = 1000;
  std::vector<Shown> all;
  TrainingOptions options;
  options.progress = [&](const TrainingProgress& progress) {
    all.push_back({now, progress});
    return true;
  };
  const TrainingOutcome outcome =
      train_from({[] {
                    return Normalisation{{0}, {1}};
                  },
                  [&](const Normalisation&) { return std::make_unique<Sleeper>(plan, now, window); }},
                 plan, run, options, [&] { return now; });
  EXPECT_EQ(outcome.seconds, now - 1000);
  all.push_back({now, {}});
  return all;
}

TEST(TimeLeft, IsTrueHoweverOftenIsValidatedAndSaved) {
  for (const auto& [validate_every, checkpoint_every, window] :
       {std::tuple{1, 1, 1}, {1, 7, 1}, {3, 200, 1}, {200, 200, 1}, {50, 20, 8}, {1000, 1000, 8}}) {
    const test::TemporaryFolder folder;
    const std::vector<Shown> all = shown(validate_every, checkpoint_every, window, folder.path() / "run");
    const double end = all.back().now;
    bool saved = false;
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      const auto& [now, p] = all[i];
      saved = saved || p.step >= checkpoint_every;
      if (i == 0) {
        EXPECT_TRUE(std::isnan(p.episodes_per_second));  // the first steps are no sample
        EXPECT_TRUE(std::isnan(p.seconds_left));
        continue;
      }
      EXPECT_DOUBLE_EQ(p.episodes_per_second, 20 / step) << p.step;
      // The first checkpoint, and that at the end, take a time that is not known yet.
      if (saved) {
        EXPECT_NEAR(p.seconds_left, end - now, 1e-9) << validate_every << " " << p.step;
      }
      if (checkpoint_every >= 200) {
        EXPECT_NEAR(p.seconds_left, end - now, checkpoint + 1e-9) << p.step;
      }
    }
  }
}

TEST(TimeLeft, TheMetricsHaveTheRate) {
  const test::TemporaryFolder folder;
  shown(1, 7, 1, folder.path() / "run");
  std::ifstream metrics(folder.path() / "run" / "metrics.jsonl");
  int lines = 0;
  for (std::string line; std::getline(metrics, line);) {
    const auto object = nlohmann::json::parse(line);
    if (!object.contains("episodes_per_second")) continue;
    EXPECT_DOUBLE_EQ(object["episodes_per_second"], 20 / step) << line;
    ++lines;
  }
  EXPECT_EQ(lines, 20);
}

}  // namespace
}  // namespace alfi
