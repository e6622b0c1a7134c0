// The runtime of device_runtime.cpp, and processors on it, over the substitute: what only a device would punish.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "src/backends/cuda/runtime.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/engine/processors.hpp"
#include "tests/substitute/substitute.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/processor_runs.hpp"
#include "tests/support/small_configuration.hpp"

namespace alfi {
namespace {

using substitute::Settings;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class DeviceRuntime : public testing::Test {
 protected:
  void SetUp() override { substitute::reset(); }
  void TearDown() override {
    EXPECT_EQ(substitute::live(), 0);
    EXPECT_THAT(substitute::findings(), IsEmpty());
    substitute::reset();
  }

  static std::unique_ptr<cuda::Runtime> open(int device) {
    std::unique_ptr<cuda::Runtime> runtime;
    EXPECT_EQ(cuda::open_device(device, runtime).text, "");
    return runtime;
  }
};

std::unique_ptr<Processor> processor_on(int device) {
  Configuration::Engine engine;
  engine.backend = Backend::cuda;
  engine.device = device;
  return make_processor(engine);
}

std::unique_ptr<Processor> host() { return std::make_unique<HostProcessor>(1); }

/// An encoder of products.
Configuration wide_configuration() {
  Configuration configuration = test::small_configuration();
  configuration.networks.encoder.hidden = 300;
  return configuration;
}

int calls_of(const std::string& name) {
  const std::vector<std::string> calls = substitute::calls();
  return static_cast<int>(std::count(calls.begin(), calls.end(), name));
}

int selected_device() {
  int device = -1;
  EXPECT_EQ(cudaGetDevice(&device), cudaSuccess);
  return device;
}

TEST_F(DeviceRuntime, LaunchesWithTheSharedMemoryOfALaunchWhateverAnotherEngineDoes) {
  const auto one = open(0), other = open(0);
  cuda::StreamHandle stream = nullptr, other_stream = nullptr;
  ASSERT_TRUE(one->create_stream(stream).ok());
  ASSERT_TRUE(other->create_stream(other_stream).ok());
  void* sums = nullptr;
  ASSERT_TRUE(one->allocate(device_threads * sizeof(float), sums).ok());
  DeviceWork work{};
  work.spin = {1, static_cast<float*>(sums)};
  Settings settings;
  bool launched = false;
  settings.before_call = [&](const std::string& call) {
    if (call != "cudaLaunchKernel" || launched) return;
    launched = true;
    EXPECT_EQ(other->launch({DeviceKernel::spin, {}, 1, 50'000}, work, other_stream).text, "");
  };
  substitute::change(settings);
  EXPECT_EQ(one->launch({DeviceKernel::spin, {}, 1, 200'000}, work, stream).text, "");
  EXPECT_TRUE(launched);
  EXPECT_TRUE(one->synchronize(stream).ok() && other->synchronize(other_stream).ok());
  one->release(sums);
  one->destroy_stream(stream);
  other->destroy_stream(other_stream);
}

TEST_F(DeviceRuntime, LeavesTheCallersDeviceSelected) {
  const auto runtime = open(1);
  EXPECT_EQ(selected_device(), 0);
  void* pointer = nullptr;
  cuda::StreamHandle stream = nullptr;
  EXPECT_TRUE(runtime->create_stream(stream).ok());
  EXPECT_EQ(selected_device(), 0);
  EXPECT_TRUE(runtime->allocate(100, pointer).ok());
  EXPECT_EQ(selected_device(), 0);
  runtime->release(pointer);
  EXPECT_EQ(selected_device(), 0);
  runtime->destroy_stream(stream);
  EXPECT_EQ(selected_device(), 0);
}

TEST_F(DeviceRuntime, GivesBackOnItsOwnDevice) {
  const Configuration configuration = wide_configuration();
  Engine engine = test::engine_on(configuration, processor_on(1));
  engine.begin(initial_state(engine.layout(), 1));
  EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
}

TEST_F(DeviceRuntime, EndsACaptureThatAnyExceptionLeaves) {
  const Configuration configuration = test::small_configuration();
  Engine engine = test::engine_on(configuration, processor_on(0));
  Settings settings;
  settings.before_call = [](const std::string& call) {
    if (call == "cudaLaunchKernel") throw std::bad_alloc();
  };
  substitute::change(settings);
  EXPECT_THROW(engine.begin(initial_state(engine.layout(), 1)), std::bad_alloc);
  substitute::change({});
  engine.begin(initial_state(engine.layout(), 1));
}

TEST_F(DeviceRuntime, MultipliesOnceBeforeItCaptures) {
  for (const int hidden : {300, 301}) {
    Configuration configuration = wide_configuration();
    configuration.networks.encoder.hidden = hidden;
    const test::Trained got = test::train_steps(configuration, processor_on(0), 2),
                        expected = test::train_steps(configuration, host(), 2);
    for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(got.losses[i], expected.losses[i], 1e-4);
  }
}

TEST_F(DeviceRuntime, MakesOneHandleForAllBatchesOfAProcessor) {
  Engine engine = test::engine_on(wide_configuration(), processor_on(0));
  for (int i = 0; i < 3; ++i) engine.begin(initial_state(engine.layout(), 1));
  EXPECT_EQ(calls_of("cublasCreate"), 1);
}

Configuration module_configuration() {
  Configuration configuration = test::small_configuration();
  configuration.simulator = {};
  configuration.simulator.source = ALFI_EXAMPLES "/simulators/decay.hpp";
  return configuration;
}

TEST_F(DeviceRuntime, LaunchesTheKernelsOfAModule) {
  const Configuration configuration = module_configuration();
  EXPECT_EQ(test::train_steps(configuration, processor_on(1), 3), test::train_steps(configuration, host(), 3));
  EXPECT_EQ(calls_of("cudaLibraryLoadData"), 1);
  EXPECT_EQ(calls_of("cudaLaunchHostFunc"), 0);
  EXPECT_EQ(test::rollout_of(configuration, processor_on(0), 40), test::rollout_of(configuration, host(), 40));
}

TEST_F(DeviceRuntime, GivesBackAModuleThatItCannotLoad) {
  const Configuration configuration = module_configuration();
  for (const char* const call : {"cudaLibraryLoadData", "cudaLibraryGetKernel"}) {
    Settings settings;
    settings.fault = {0, call, cudaErrorUnsupportedPtxVersion};
    substitute::reset(settings);
    EXPECT_THAT(test::message_of<RunError>([&] { test::train_steps(configuration, processor_on(0), 1); }),
                AllOf(HasSubstr("cudaErrorUnsupportedPtxVersion"), HasSubstr("NVCC")));
    EXPECT_EQ(substitute::live(), 0);
  }
}

TEST_F(DeviceRuntime, CopiesNothingThatWasNotWritten) {
  for (const char* const simulator : {"poisson", "gaussian_linear"}) {
    Configuration configuration = test::small_configuration(simulator);
    configuration.episode.real_observations = {5, 30};
    EXPECT_EQ(test::train_steps(configuration, processor_on(0), 3), test::train_steps(configuration, host(), 3));
    EXPECT_EQ(test::problems_of(configuration, processor_on(0), 40), test::problems_of(configuration, host(), 40));
    EXPECT_EQ(test::rollout_of(configuration, processor_on(0), 40), test::rollout_of(configuration, host(), 40));
  }
}

TEST_F(DeviceRuntime, RunsKernelsThatNeitherRaceNorReadWhatNothingWrote) {
  Settings settings;
  settings.fresh = settings.races = true;
  substitute::change(settings);
  for (const Configuration& configuration :
       {test::small_configuration("weinberg"), wide_configuration(), module_configuration()}) {
    test::train_steps(configuration, processor_on(0), 2);
    test::problems_of(configuration, processor_on(0), 20);
    test::rollout_of(configuration, processor_on(0), 20);
  }
}

std::string refusal_of(const char* call, cudaError_t error) {
  Settings settings;
  settings.fault = {0, call, error};
  substitute::reset(settings);
  return test::message_of<RunError>([] { processor_on(0); });
}

TEST_F(DeviceRuntime, SaysThatAnotherProcessHasTheDevice) {
  EXPECT_THAT(refusal_of("cudaSetDevice", cudaErrorDevicesUnavailable),
              AllOf(HasSubstr("cudaErrorDevicesUnavailable"), HasSubstr("another process"), Not(HasSubstr("resumed"))));
}

TEST_F(DeviceRuntime, SaysWhatPtxNeedsThatTheDriverDidNotCompile) {
  for (const cudaError_t error : {cudaErrorJitCompilerNotFound, cudaErrorInvalidPtx, cudaErrorUnsupportedPtxVersion,
                                  cudaErrorJitCompilationDisabled})
    EXPECT_THAT(refusal_of("cudaFuncGetAttributes", error),
                AllOf(HasSubstr(cudaGetErrorName(error)), HasSubstr("PTX"), HasSubstr("driver"),
                      HasSubstr("ALFI_CUDA_ARCHITECTURES")));
  for (const cudaError_t error : {cudaErrorNoKernelImageForDevice, cudaErrorInvalidDeviceFunction})
    EXPECT_THAT(refusal_of("cudaFuncGetAttributes", error),
                AllOf(HasSubstr("ALFI_CUDA_ARCHITECTURES"), Not(HasSubstr("driver"))));
}

/// Whatever call fails, and whether the device can be used afterwards or not.
TEST_F(DeviceRuntime, FailsInWordsAndGivesEverythingBack) {
  Configuration configuration = wide_configuration();
  configuration.episode.iterations = 1;
  configuration.episode.thetas = configuration.episode.observations = 1;
  configuration.episode.real_observations = {1, 1};
  configuration.training.meta_batch = 1;
  const auto job = [&] { test::train_steps(configuration, processor_on(1), 1); };
  job();
  const std::vector<std::string> calls = substitute::calls();
  ASSERT_GT(calls.size(), 100U);
  int thrown = 0;
  for (const cudaError_t error : {cudaErrorMemoryAllocation, cudaErrorLaunchFailure})
    for (int number = 0; number < static_cast<int>(calls.size()); ++number) {
      // Most calls select a device, or select the caller's again: some of them are enough.
      const std::string& call = calls[static_cast<std::size_t>(number)];
      if ((call == "cudaGetDevice" || call == "cudaSetDevice") && number % 11 != 0) continue;
      Settings settings;
      settings.fault = {number, "", error};
      substitute::reset(settings);
      try {
        job();
      } catch (const RunError& failed) {
        EXPECT_THAT(failed.what(), AllOf(AnyOf(HasSubstr("failed"), HasSubstr("cannot be used")),
                                         AnyOf(HasSubstr("cudaError"), HasSubstr("CUBLAS"))));
        ++thrown;
      }
      ASSERT_EQ(substitute::live(), 0) << number << ' ' << call;
    }
  EXPECT_GT(thrown, 100);
}

}  // namespace
}  // namespace alfi
