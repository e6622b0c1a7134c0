// Kernels that a module brings for devices, as PTX: to the bits of the host, in place of calls between the kernels.
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
#include "src/backends/cuda/runtime.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/simulators/module.hpp"
#include "src/simulators/simulators.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/processor_runs.hpp"
#include "tests/support/simulated_device.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using namespace test;
using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class ModuleKernels : public testing::Test {
 protected:
  void SetUp() override {
    if (!PtxKernels::trouble().empty()) GTEST_SKIP() << PtxKernels::trouble();
    ::unsetenv("NVCC");
  }

  /// Returns a small training of a header's simulator.
  Configuration with_header(const fs::path& header) {
    Configuration c = small_configuration("gaussian");
    c.simulator = {};
    c.simulator.source = header.string();
    c.training.meta_batch = 40;
    c.episode.real_observations = {70, 90};  // blocks may share a tile
    EXPECT_NE(device_code(find_simulator(c).number), nullptr);
    return c;
  }
  Configuration example(const std::string& name) {
    return with_header(fs::path(ALFI_EXAMPLES) / "simulators" / (name + ".hpp"));
  }
  /// Writes a header whose struct has these members.
  fs::path written(const std::string& name, const std::string& members) {
    const fs::path header = folder_.path() / (name + ".hpp");
    std::ofstream(header) << "#include <alfi/simulator.hpp>\nstruct Written {\n  static constexpr auto facts = "
                             "alfi::simulator(\""
                          << name << "\", \"\")" << members << "};\nALFI_SIMULATOR(Written)\n";
    return header;
  }
  Configuration failing() {
    return with_header(written("failing_on_devices", R"(
      .parameter("a", "", alfi::uniform(0, 1)).parameter("b", "", alfi::normal(0, 1))
      .observations(2, alfi::real(-100, 100), "numbers");
  template <class Random>
  ALFI_DEVICE static void simulate(const float* theta, Random& random, float* x) {
    x[0] = theta[1] + random.normal();
    x[1] = alfi::sqrt(random.uniform() - 0.6f * theta[0]);
  }
)"));
  }

  TemporaryFolder folder_;
};

int count_of(const SimulatedDevice& device, const std::string& what) {
  return static_cast<int>(std::count_if(device.log.begin(), device.log.end(),
                                        [&](const std::string& line) { return line.starts_with(what); }));
}

/// Multiprocessors of a device on which blocks share a tile, so that a rollout is several kernels.
constexpr int many = 12;

void expect_equal_trainings(const Configuration& configuration, int multiprocessors, const std::string& kernel) {
  SimulatedDevice device;
  device.properties.multiprocessors = multiprocessors;
  device.checks = {.races = true, .fresh = true};
  EXPECT_EQ(train_steps(configuration, simulated_processor(device), 2),
            train_steps(configuration, std::make_unique<HostProcessor>(1), 2));
  EXPECT_EQ(count_of(device, "load"), 1);
  EXPECT_EQ(count_of(device, "  call"), 0);
  EXPECT_GT(count_of(device, "  " + kernel), 0) << ::testing::PrintToString(device.log);
  EXPECT_EQ(device.live, 0);
}

TEST_F(ModuleKernels, TrainToTheBitsOfTheHost) {
  expect_equal_trainings(example("decay"), many, "propose");
  expect_equal_trainings(example("decay"), 1, "rollout ");
  Configuration drawn = example("decay");
  drawn.episode.real_observations = {3, 9};
  drawn.proposal.start = Start::draw;
  drawn.parameters.space = Space::normal;
  expect_equal_trainings(drawn, 1, "rollout ");
}

TEST_F(ModuleKernels, LeaveOutWhatIsNoNumber) {
  expect_equal_trainings(failing(), many, "propose");
  expect_equal_trainings(failing(), 1, "rollout ");
}

TEST_F(ModuleKernels, GoByStepsToTheBitsOfTheHost) {
  Configuration configuration = example("lotka_volterra");
  configuration.training.meta_batch = 16;
  configuration.episode.iterations = 1;
  configuration.episode.thetas = 2;
  configuration.episode.observations = 1;
  configuration.episode.real_observations = {1, 1};
  configuration.simulator.transform = Transform::asinh;
  configuration.prior = {};
  expect_equal_trainings(configuration, 1, "rollout ");
}

TEST_F(ModuleKernels, RollOutAndDrawProblemsAndSamplesToTheBitsOfTheHost) {
  const Configuration configuration = example("decay");
  SimulatedDevice first, second, third, fourth;
  EXPECT_EQ(rollout_of(configuration, simulated_processor(first), 20, 4),
            rollout_of(configuration, std::make_unique<HostProcessor>(1), 20, 4));
  EXPECT_EQ(problems_of(configuration, simulated_processor(second), 20),
            problems_of(configuration, std::make_unique<HostProcessor>(1), 20));
  EXPECT_EQ(inference_of(configuration, simulated_processor(third)),
            inference_of(configuration, std::make_unique<HostProcessor>(1)));
  const SimulatorInfo simulator = find_simulator(configuration);
  const auto drawn = [&](Processor& processor) {
    std::vector<float> all;
    processor.simulate(make_sample(simulator, std::vector<double>{2, 0.5}, {3, 4}, 1001),
                       [&](std::span<const float> x) { all.insert(all.end(), x.begin(), x.end()); });
    return all;
  };
  HostProcessor host(1);
  const auto processor = simulated_processor(fourth);
  EXPECT_EQ(drawn(*processor), drawn(host));
  EXPECT_EQ(drawn(*processor), drawn(host));
  EXPECT_EQ(count_of(fourth, "draw_sample"), 2);
  EXPECT_EQ(count_of(fourth, "load"), 1);
}

TEST_F(ModuleKernels, SayWhatCanBeDoneWhereTheDriverRefusesThem) {
  const Configuration configuration = example("decay");
  SimulatedDevice device;
  const auto processor = simulated_processor(device);
  device.failing_call = device.calls;
  device.failure = cuda::Failure::not_compiled;
  EXPECT_THAT(message_of<RunError>([&] {
                processor->simulate(make_sample(find_simulator(configuration), std::vector<double>{2, 0.5}, {3, 4}, 16),
                                    [](std::span<const float>) {});
              }),
              AllOf(HasSubstr("loading the simulator's kernels failed"), HasSubstr("NVCC set to nothing")));
  EXPECT_EQ(device.failed, "load");
}

TEST_F(ModuleKernels, AreLeftOutWhereNvccRefusesTheHeader) {
  const fs::path header = written("of_the_host", R"(
      .parameter("a", "", alfi::uniform(0, 1)).observations(1, alfi::real(0, 1), "numbers");
  static float doubled(float x) { return 2 * x; }  // no ALFI_DEVICE
  template <class Random>
  ALFI_DEVICE static void simulate(const float* theta, Random& random, float* x) {
    x[0] = doubled(theta[0]) * random.uniform() / 2;
  }
)");
  const fs::path module = folder_.path() / "of_the_host.alfi.so";
  EXPECT_THAT(compile_module(header, module, {}), HasSubstr("of_the_host.hpp"));
  EXPECT_EQ(load_module(module)->device_code, nullptr);
}

}  // namespace
}  // namespace alfi
