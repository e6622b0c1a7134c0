#include "src/training/fine_tuning.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "alfi/error.hpp"
#include "alfi/trainer.hpp"
#include "tests/support/content_of.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using test::small_configuration;
using testing::AllOf;
using testing::HasSubstr;

/// A run of a few steps, and others that begin with its weights.
class FineTuning : public testing::Test {
 protected:
  FineTuning() { train(small_configuration(), source); }

  TrainingOutcome train_from_it(const Configuration& configuration, const std::string& name) const {
    TrainingOptions options;
    options.from = source;
    return train(configuration, folder.path() / name, options);
  }
  std::string refusal(const Configuration& configuration) const {
    return message_of<InputError>([&] { train_from_it(configuration, "refused"); });
  }

  test::TemporaryFolder folder;
  std::filesystem::path source = folder.path() / "source";
};

Normalisation never() {
  ADD_FAILURE() << "the run has a normalisation";
  return {};
}

TEST_F(FineTuning, BeginsAsTheMachineThatItComesFrom) {
  const Checkpoint last = read_checkpoint(checkpoint_path(source, 12));
  for (const auto& from : {source, checkpoint_path(source, 12)}) {
    const Checkpoint start = start_from(from, small_configuration(), never);
    EXPECT_EQ(start.step, 0);
    EXPECT_EQ(start.state.weights, last.state.average);
    EXPECT_EQ(start.state.average, last.state.average);
    EXPECT_EQ(start.state.first_moment, std::vector<float>(last.state.weights.size(), 0.0F));
    EXPECT_EQ(start.state.updates, 0);
    EXPECT_EQ(start.normalisation.mean, last.normalisation.mean);
  }
  EXPECT_EQ(start_from(checkpoint_path(source, 5), small_configuration(), never).state.weights,
            read_checkpoint(checkpoint_path(source, 5)).state.average);
  // The other begins with what the one ended with.
  Configuration other = small_configuration();
  other.training.learning_rate = 1e-9;
  const double ended = train_from_it(small_configuration(), "again").validation_loss;
  std::ifstream metrics(folder.path() / "again" / "metrics.jsonl");
  std::string line;
  std::getline(metrics, line);
  TrainingOptions resume;
  resume.resume = true;
  EXPECT_EQ(nlohmann::json::parse(line).at("validation_loss"),
            train(small_configuration(), source, resume).validation_loss);
  EXPECT_NE(ended, train(small_configuration(), source, resume).validation_loss);
}

TEST_F(FineTuning, IsForOtherSetsPriorsAndIterations) {
  Configuration other = small_configuration();
  other.episode.iterations = 4;
  other.episode.thetas = 6;
  other.episode.real_observations = {30, 30};
  other.prior = {{"log_rate", uniform(1, 2)}};
  other.networks.rim.bound = 1;
  EXPECT_TRUE(train_from_it(other, "other").finished);
  // Killed before its first checkpoint it goes on from those weights, too.
  const auto run = folder.path() / "other";
  const std::string whole = test::content_of(checkpoint_path(run, 12));
  for (const int step : {5, 10, 12}) std::filesystem::remove(checkpoint_path(run, step));
  TrainingOptions resume;
  resume.resume = true;
  train(other, run, resume);
  EXPECT_EQ(test::content_of(checkpoint_path(run, 12)), whole);
}

TEST_F(FineTuning, FindsANormalisationForOtherObservations) {
  Configuration other = small_configuration();
  other.simulator.transform = Transform::log1p;
  EXPECT_EQ(start_from(source, other, [] { return Normalisation{{7}, {8}}; }).normalisation.mean, std::vector{7.0F});
}

TEST_F(FineTuning, NamesTheKeyThatDoesNotFit) {
  Configuration c = small_configuration();
  c.networks.rim.state = 9;
  c.networks.encoder.pooling = Pooling::moments;
  EXPECT_THAT(refusal(c), AllOf(HasSubstr("source: its weights do not fit: networks.encoder.pooling = moments (it was "
                                          "mean), networks.rim.state = 9 (it was 6)")));
  c = small_configuration();
  c.proposal.family = Family::gaussian_full;
  EXPECT_THAT(refusal(c), HasSubstr("proposal.family = gaussian_full (it was gaussian)"));
  EXPECT_THAT(refusal(small_configuration("gaussian")),
              AllOf(HasSubstr("simulator.name = gaussian (it was poisson)"), HasSubstr("2 parameters instead of 1")));
  c = small_configuration();
  c.episode.real_observations = {7, 70};
  EXPECT_THAT(refusal(c), HasSubstr("episode.real_observations must be one number, as the run's is"));
  EXPECT_THAT(refusal(parse_configuration("simulator: {name: quadratic}")),
              AllOf(HasSubstr("simulator.name = quadratic (it was poisson)"), HasSubstr("minimises")));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "refused"));
  EXPECT_THAT(message_of<InputError>([&] { start_from(folder.path() / "none", small_configuration(), never); }),
              HasSubstr("does not exist"));
}

}  // namespace
}  // namespace alfi
