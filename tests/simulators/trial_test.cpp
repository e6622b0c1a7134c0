// Faults of a header that would end the process: found in a program of its own, or told by a watchdog.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "src/simulators/conformance.hpp"
#include "src/simulators/module.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"
#include "src/simulators/watchdog.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

std::filesystem::path header_of(const test::TemporaryFolder& folder, const std::string& body) {
  const std::filesystem::path header = folder.path() / "own.hpp";
  std::ofstream(header) << R"(#include <alfi/simulator.hpp>
#include <unistd.h>
struct Own {
  static constexpr auto facts = alfi::simulator("own", "")
      .parameter("a", "", alfi::uniform(0, 1)).observations(2, alfi::real(0, 9), "numbers");
  template <class Random>
  ALFI_DEVICE static void simulate(const float* theta, Random& random, float* x) {
    x[0] = x[1] = random.uniform() + 0 * theta[0];
)" << body << "\n  }\n};\nALFI_SIMULATOR(Own)\n";
  return header;
}

TEST(Trial, FindsWhatWritesBeyondOrNeverReturns) {
  test::TemporaryFolder folder;
  const auto fault = [&](const std::string& body) {
    const std::filesystem::path header = header_of(folder, body);
    return try_header(header, prior_points(simulator_at(header.string(), {})), {}, 2);
  };
  EXPECT_EQ(fault(""), "");
  EXPECT_THAT(fault("    x[2] = theta[0];"), AllOf(HasSubstr("A sanitizer stops it at θ = (0.5): "),
                                                   HasSubstr("own.hpp:9"), HasSubstr("insufficient space")));
  EXPECT_THAT(fault("    int zero = 0; x[0] = static_cast<float>(1 / zero);"), HasSubstr("division by zero"));
  EXPECT_THAT(fault("    for (volatile unsigned i = 0; theta[0] > 0.99f;) i = i + 1;"),
              HasSubstr("simulate does not return at θ = (0.99865)"));
}

TEST(Watchdog, NamesTheParametersOfACallThatDoesNotReturn) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer takes longer to start a process than the watchdog waits";
  test::TemporaryFolder folder;
  const SimulatorInfo simulator =
      simulator_at(header_of(folder,
                             "    if (theta[0] > 0.75f && theta[0] < 0.76f) ::sleep(2);\n"
                             "    if (theta[0] > 0.85f && theta[0] < 0.86f) ::usleep(60'000);")  // times 16 lanes
                       .string(),
                   {});
  constexpr int rows = 2 * tile_lanes;
  const auto maps = maps_of(simulator);
  const std::vector<ParameterUnits> units = units_of(simulator, *maps);
  std::vector<float> theta(rows, 0.0F), x(2 * rows), zeros(2, 0.0F), ones(2, 1.0F);
  theta[tile_lanes + 5] = (0.7525F - units[0].mean) / units[0].deviation;
  std::uint32_t episode[tile_lanes];
  std::iota(episode, episode + tile_lanes, 0U);
  const HostSimulator& functions = *host_simulator(simulator.number);
  const auto call = [&] {
    functions.simulate(functions.context, {Transform::none, zeros.data(), ones.data()},
                       {.key = {1, 2},
                        .episode = episode,
                        .first_row = 0,
                        .parameters = 2,
                        .count = 1,
                        .D = 1,
                        .units = units.data(),
                        .pieces = 1,
                        .theta = theta.data(),
                        .clamped = nullptr,
                        .x = {x.data(), rows}});
  };
  set_watchdog_limit(500ms);
  testing::internal::CaptureStderr();
  call();
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("alfi: warning: a call of the simulator own has not returned for "),
                    HasSubstr("; it does not return at a = 0.7525")));
  theta[tile_lanes + 5] = 0;
  testing::internal::CaptureStderr();
  call();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  simulate_into(simulator, std::vector<double>{0.8525}, {1, 2}, 1, x.data());
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("; it is asked for 1 observations at a = 0.8525\n"));
  set_watchdog_limit(60s);
}

}  // namespace
}  // namespace alfi
