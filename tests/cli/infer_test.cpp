// alfi infer: observations that it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <utility>
#include <vector>

#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(Cli, InferRefusesWhatTheSimulatorCannotGive) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const std::vector<std::pair<const char*, const char*>> files{{"3\n-1\n", "observation 2 is -1"},
                                                               {"3\n2.5\n", "observation 2 is 2.5"},
                                                               {"3,4\n5,6\n", "2 columns, 1 are expected"},
                                                               {"3\nnan\n", "line 2"},
                                                               {"3\nfour\n", "line 2"},
                                                               {"", "no observations"}};
  for (const auto& [content, part] : files) {
    std::ofstream(path("x.csv")) << content;
    const Outcome outcome = alfi({"infer", path("run"), "--data", path("x.csv")});
    EXPECT_EQ(outcome.code, 2) << content;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, AllOf(StartsWith("alfi: error: " + path("x.csv")), HasSubstr(part)));
  }
}

}  // namespace
}  // namespace alfi::test
