#include "src/training/metrics_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

TEST(MetricsFile, SumsUpTheStepsOfALine) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "metrics.jsonl";
  MetricsFile metrics(path, 0);
  metrics.write_steps({.step = 0, .learning_rate = 1, .episodes_per_second = 1, .skipped = 0});
  EXPECT_THAT(lines_of(path), ElementsAre());  // no steps
  metrics.add({.loss = 1, .gradient_norm = 1, .clamped = 2, .left_out = 5});
  metrics.add({.loss = 1.5, .gradient_norm = 1, .clamped = 3, .left_out = 6});
  EXPECT_EQ(metrics.left_out_of_a_step(), 5.5);
  metrics.write_steps({.step = 2, .learning_rate = 0.25, .episodes_per_second = 64, .skipped = 7});
  metrics.write_validation(2, {.loss = 0.5, .error = 0.125});
  metrics.add({.loss = 3, .gradient_norm = 1, .clamped = 0, .left_out = 0});
  metrics.write_steps({.step = 3, .learning_rate = 0.5, .episodes_per_second = 64, .skipped = 7});
  EXPECT_THAT(lines_of(path),
              ElementsAre(R"({"clamped_draws":5,"episodes_per_second":64.0,"learning_rate":0.25,"loss":1.25,)"
                          R"("observations_left_out":11,"skipped_updates":7,"step":2})",
                          R"({"step":2,"validation_error":0.125,"validation_loss":0.5})",
                          R"({"clamped_draws":0,"episodes_per_second":64.0,"learning_rate":0.5,"loss":3.0,)"
                          R"("observations_left_out":0,"skipped_updates":7,"step":3})"));
}

TEST(MetricsFile, DropsWhatComesAfterTheCheckpoint) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("metrics.jsonl",
                                 "{\"step\":9}\n{\"step\":10,\"loss\":1}\n{\"step\":11}\n{\"loss\":1}\n[10]\n"
                                 "{\"step\":10}\n{\"step\":1, \"lo");
  MetricsFile metrics(path, 10);
  EXPECT_THAT(lines_of(path), ElementsAre("{\"step\":9}", "{\"step\":10,\"loss\":1}", "{\"step\":10}"));
  metrics.write_validation(12, {.loss = 1, .error = 2});
  EXPECT_EQ(lines_of(path).size(), 4U);
}

TEST(MetricsFile, IsEmptyWhereATrainingBegins) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("metrics.jsonl", "{\"step\":0}\n");
  const MetricsFile metrics(path, 0);
  EXPECT_THAT(lines_of(path), ElementsAre());
}

TEST(MetricsFile, SaysThatItCannotBeWritten) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(test::message_of<RunError>([&] { MetricsFile(folder.path() / "none" / "metrics.jsonl", 0); }),
              HasSubstr("metrics.jsonl"));
}

}  // namespace
}  // namespace alfi
