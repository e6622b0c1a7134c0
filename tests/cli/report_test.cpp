// alfi report: the page of a run, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/cli/cli.hpp"
#include "tests/support/search_path.hpp"

namespace alfi::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(Cli, ReportsARun) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  {
    const test::SearchPath nowhere(path("run"));
    const Outcome outcome = alfi({"report", path("run"), "--episodes", "20"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("alfi: error: "), HasSubstr("gnuplot-nox")));
    EXPECT_TRUE(fs::exists(path("run") + "/report/calibration.csv"));
    EXPECT_FALSE(fs::exists(path("run") + "/report.html"));
  }
  for (const auto& [arguments, part] : std::vector<std::pair<std::vector<std::string>, const char*>>{
           {{"report"}, "RUN"},
           {{"report", path("missing")}, "missing"},
           {{"report", config_}, "a run folder is needed"},
           {{"report", path("run"), "--episodes", "-1"}, "episodes"},
           {{"report", path("run"), "--out", path("page.pdf")}, "page.pdf"}}) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("alfi: error: "), HasSubstr(part)));
    EXPECT_EQ(outcome.out, "");
  }
  if (test::program("gnuplot").empty()) GTEST_SKIP() << "there is no gnuplot";
  const Outcome outcome = alfi({"report", path("run"), "--episodes", "20", "--out", path("page.html")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("written: " + path("page.html")));
  EXPECT_TRUE(fs::exists(path("page/calibration.csv")));
  EXPECT_THAT(content_of(path("page.html")), HasSubstr("20 fresh problems"));
}

TEST_F(Cli, ReportsOnData) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  std::ofstream(path("counts.csv")) << "3\n1\n4\n1\n5\n9\n2\n";
  const std::vector<std::string> of_data{"report", path("run"), "--data", path("counts.csv")};
  for (const auto& [more, part] : std::vector<std::pair<std::vector<std::string>, const char*>>{
           {{"--episodes", "20"}, "--episodes does not go with --data"},
           {{"--data", path("counts.csv")}, "--data has 2 sets; a report is of one"},
           {{"--level", "2"}, "level = 2"}}) {
    std::vector<std::string> arguments = of_data;
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, HasSubstr(part));
  }
  if (test::program("gnuplot").empty()) GTEST_SKIP() << "there is no gnuplot";
  const Outcome outcome = alfi(of_data);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("written: " + path("run") + "/report-counts.html"));
  for (const char* const file : {"answer.csv", "posterior_log_rate.csv", "prediction.csv", "fit.csv", "posterior.svg",
                                 "prediction.svg", "fit.svg"})
    EXPECT_TRUE(fs::exists(path("run") + "/report-counts/" + file)) << file;
  EXPECT_THAT(content_of(path("run") + "/report-counts.html"),
              AllOf(HasSubstr("counts.csv, 7 observations"), HasSubstr("fit, p")));
}

}  // namespace
}  // namespace alfi::test
