// Simulators of one's own on a device: called on the host between its kernels, to the bits of the host alone.
#include "src/backends/cuda/host_simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/simulators/simulators.hpp"
#include "tests/support/processor_runs.hpp"
#include "tests/support/simulated_device.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using namespace test;
namespace fs = std::filesystem;

class HostSimulation : public testing::Test {
 protected:
  void SetUp() override { ::setenv("NVCC", "", 1); }  // else a module has kernels of its own
};

Configuration with_header(const fs::path& header) {
  Configuration c = small_configuration("gaussian");
  c.simulator = {};
  c.simulator.source = header.string();
  c.training.meta_batch = 40;
  return c;
}

Configuration decay() { return with_header(fs::path(ALFI_EXAMPLES) / "simulators" / "decay.hpp"); }

int count_of(const SimulatedDevice& device, const std::string& what) {
  return static_cast<int>(std::count(device.log.begin(), device.log.end(), what));
}

TEST_F(HostSimulation, TrainsToTheBitsOfTheHost) {
  for (const Configuration& configuration : {decay(), [] {
                                               Configuration c = decay();
                                               c.episode.real_observations = {3, 9};
                                               c.proposal.start = Start::draw;
                                               c.parameters.space = Space::normal;
                                               return c;
                                             }()}) {
    const Trained host = train_steps(configuration, std::make_unique<HostProcessor>(1), 3);
    for (const SimulatedTeam team : {SimulatedTeam::lanes, SimulatedTeam::fibers}) {
      SimulatedDevice device;
      device.team = team;
      EXPECT_EQ(train_steps(configuration, simulated_processor(device), 3), host);
      // In a graph: the real observations, and those of each iteration.
      EXPECT_EQ(count_of(device, "  call"), 3 * (1 + configuration.episode.iterations));
      EXPECT_EQ(device.live, 0);
    }
  }
}

TEST_F(HostSimulation, TrainsInChunksToTheSameBits) {
  Configuration configuration = decay();
  configuration.training.meta_batch = 100;  // 7 tiles
  const Trained host = train_steps(configuration, std::make_unique<HostProcessor>(1), 2);
  SimulatedDevice whole;
  EXPECT_EQ(train_steps(configuration, simulated_processor(whole), 2), host);
  int most = 0;
  for (double memory = 4 * static_cast<double>(whole.most_used);; memory *= 0.9) {  // until not one tile fits
    SimulatedDevice device;
    device.memory = static_cast<std::int64_t>(memory);
    try {
      EXPECT_EQ(train_steps(configuration, simulated_processor(device), 2), host);
    } catch (const RunError&) {
      break;
    }
    most = std::max(most, count_of(device, "  call"));
  }
  EXPECT_GT(most, count_of(whole, "  call"));
}

TEST_F(HostSimulation, LeavesOutWhatIsNoNumber) {
  TemporaryFolder folder;
  const fs::path header = folder.path() / "failing.hpp";
  std::ofstream(header) << R"(#include <alfi/simulator.hpp>
struct Failing {
  static constexpr auto facts = alfi::simulator("failing", "").parameter("a", "", alfi::uniform(0, 1))
      .parameter("b", "", alfi::normal(0, 1)).observations(2, alfi::real(-100, 100), "numbers");
  template <class Random>
  ALFI_DEVICE static void simulate(const float* theta, Random& random, float* x) {
    x[0] = theta[1] + random.normal();
    x[1] = alfi::sqrt(random.uniform() - 0.6f * theta[0]);
  }
};
ALFI_SIMULATOR(Failing)
)";
  const Configuration configuration = with_header(header);
  const Trained host = train_steps(configuration, std::make_unique<HostProcessor>(1), 2);
  SimulatedDevice device;
  EXPECT_EQ(train_steps(configuration, simulated_processor(device), 2), host);
  EXPECT_GT(host.left_out, 0);
  SimulatedDevice other;
  EXPECT_EQ(rollout_of(configuration, simulated_processor(other), 20, 1),
            rollout_of(configuration, std::make_unique<HostProcessor>(1), 20, 1));
}

TEST_F(HostSimulation, RollsOutAndDrawsProblemsAndSamplesToTheBitsOfTheHost) {
  const Configuration configuration = decay();
  SimulatedDevice first, second, third;
  EXPECT_EQ(rollout_of(configuration, simulated_processor(first), 20, 4),
            rollout_of(configuration, std::make_unique<HostProcessor>(1), 20, 4));
  EXPECT_EQ(problems_of(configuration, simulated_processor(second), 20),
            problems_of(configuration, std::make_unique<HostProcessor>(1), 20));
  SimulatedDevice fourth;
  EXPECT_EQ(inference_of(configuration, simulated_processor(fourth)),
            inference_of(configuration, std::make_unique<HostProcessor>(1)));
  const SimulatorInfo simulator = find_simulator(configuration);
  const auto drawn = [&](Processor& processor) {
    std::vector<float> all;
    processor.simulate(make_sample(simulator, std::vector<double>{2, 0.5}, {3, 4}, 70'001),
                       [&](std::span<const float> x) { all.insert(all.end(), x.begin(), x.end()); });
    return all;
  };
  HostProcessor host(1);
  EXPECT_EQ(drawn(*simulated_processor(third)), drawn(host));
}

}  // namespace
}  // namespace alfi
