// alfi replay: a recorded run, and files that hold none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "src/formats/safetensors.hpp"
#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

using ::testing::HasSubstr;

TEST_F(Cli, ReplaysARecordedRun) {
  const std::string tape = ALFI_TEST_DATA "/poisson_networks.safetensors";
  const Outcome outcome = alfi({"replay", tape, "--out", path("result")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const SafeTensors result = read_safetensors(path("result"));
  const double expected = read_safetensors(tape).values<double>("loss", {1})[0];
  EXPECT_NEAR(result.values<double>("loss", {1})[0], expected, 1e-5 * std::abs(expected));
}

TEST_F(Cli, ReplayRefusesWhatIsNoTapeAndItsOwnInput) {
  folder_.write("tape", content_of(ALFI_TEST_DATA "/poisson_networks.safetensors"));
  const std::string before = content_of(path("tape"));
  for (const std::string& wrong : {config_, path("missing"), folder_.path().string()}) {
    const Outcome outcome = alfi({"replay", wrong, "--out", path("result")});
    EXPECT_EQ(outcome.code, 2) << wrong;
    EXPECT_THAT(outcome.err, HasSubstr(wrong));
    EXPECT_FALSE(fs::exists(path("result")));
  }
  EXPECT_EQ(alfi({"replay", path("tape"), "--out", path("tape")}).code, 2);
  EXPECT_EQ(content_of(path("tape")), before);
  const Outcome outcome = alfi({"replay", path("tape"), "--out", path("nowhere/result")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace alfi::test
