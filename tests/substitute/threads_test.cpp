// Several processors of one process, at work at once, over the substitute.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "src/backends/host/host_processor.hpp"
#include "src/engine/processors.hpp"
#include "tests/substitute/substitute.hpp"
#include "tests/support/processor_runs.hpp"
#include "tests/support/small_configuration.hpp"

namespace alfi {
namespace {

using substitute::Settings;
using ::testing::IsEmpty;

class Threads : public testing::Test {
 protected:
  void SetUp() override { substitute::reset(); }
  void TearDown() override {
    EXPECT_EQ(substitute::live(), 0);
    EXPECT_THAT(substitute::findings(), IsEmpty());
    substitute::reset();
  }

  static std::unique_ptr<Processor> processor(int device = 0) {
    Configuration::Engine engine;
    engine.backend = Backend::cuda;
    engine.device = device;
    return make_processor(engine);
  }
  static Configuration configuration(int hidden) {
    Configuration configuration = test::small_configuration();
    configuration.episode.iterations = 1;
    configuration.networks.encoder.hidden = hidden;
    configuration.training.meta_batch = 20;
    return configuration;
  }
};

TEST_F(Threads, TrainTwoMachinesOfOneDevice) {
  std::vector<std::future<void>> trainings;
  for (const int hidden : {60, 20})
    trainings.push_back(std::async(std::launch::async, [=] {
      const test::Trained expected = test::train_steps(configuration(hidden), std::make_unique<HostProcessor>(1), 1);
      for (int i = 0; i < 4; ++i) EXPECT_EQ(test::train_steps(configuration(hidden), processor(), 1), expected);
    }));
  for (auto& training : trainings) training.get();
}

TEST_F(Threads, TrainTwoMachinesOfProducts) {
  std::vector<std::future<void>> trainings;
  for (const int hidden : {300, 310})
    trainings.push_back(std::async(std::launch::async, [=] {
      const test::Trained expected = test::train_steps(configuration(hidden), processor(), 1);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(test::train_steps(configuration(hidden), processor(), 1), expected);
    }));
  for (auto& training : trainings) training.get();
}

// The wait is for what must not come: too short a one would only miss it.
TEST_F(Threads, GiveAHandleBackAfterTheCaptureOfAnother) {
  auto given_back = std::make_unique<Engine>(test::engine_on(configuration(300), processor()));
  given_back->begin(initial_state(given_back->layout(), 1));
  Engine capturing = test::engine_on(configuration(20), processor());
  Settings settings;
  std::mutex mutex;
  std::condition_variable changed;
  bool destroyed = false;
  std::thread other;
  settings.before_call = [&](const std::string& call) {
    if (call == "cudaLaunchKernel" && !other.joinable()) {
      other = std::thread([&] {
        given_back.reset();
        const std::lock_guard lock(mutex);
        destroyed = true;
        changed.notify_all();
      });
      std::unique_lock lock(mutex);
      changed.wait_for(lock, std::chrono::milliseconds(300), [&] { return destroyed; });
    }
  };
  substitute::change(settings);
  EXPECT_NO_THROW(capturing.begin(initial_state(capturing.layout(), 1)));
  ASSERT_TRUE(other.joinable());
  other.join();
}

TEST_F(Threads, GiveAnEngineBackOnAnotherThread) {
  auto engine = std::make_unique<Engine>(test::engine_on(configuration(20), processor(1)));
  engine->begin(initial_state(engine->layout(), 1));
  const MetaStep steps[] = {test::meta_step(0)};
  engine->submit(steps);
  engine->collect();
  std::thread([&] { engine.reset(); }).join();
}

}  // namespace
}  // namespace alfi
