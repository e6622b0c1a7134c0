#include "src/cuda/cuda_processor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "src/checkpoint.hpp"
#include "src/engine.hpp"
#include "src/host_processor.hpp"
#include "src/replay.hpp"
#include "src/trainer.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/processor_runs.hpp"
#include "tests/support/simulated_device.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using cuda::Failure;
using test::engine_on;
using test::message_of;
using test::Numbers;
using test::problems_of;
using test::rollout_of;
using test::simulated_processor;
using test::SimulatedDevice;
using test::SimulatedTeam;
using test::train_steps;
using test::Trained;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CudaProcessorOf : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Simulators, CudaProcessorOf, testing::Values("poisson", "gaussian", "weinberg"));

TEST_P(CudaProcessorOf, TrainsToTheBitsOfTheHostOnFibers) {
  Configuration configuration = test::small_configuration(GetParam());
  configuration.training.meta_batch = 20;
  const Trained host = train_steps(configuration, std::make_unique<HostProcessor>(1), 2);
  for (const std::uint64_t seed : {1U, 2U}) {
    SimulatedDevice device;
    device.team = SimulatedTeam::fibers;
    device.seed = seed;
    EXPECT_EQ(train_steps(configuration, simulated_processor(device), 2), host);
  }
}

int count_of(const std::vector<std::string>& log, const std::string& what) {
  return static_cast<int>(std::count(log.begin(), log.end(), what));
}

/// Device memory for the least of a batch and so many more tiles.
std::int64_t memory_for(const Configuration& configuration, int more_tiles, const SimulatedDevice& device) {
  const Shape shape = shape_of(configuration, configuration.episode.iterations);
  const std::int64_t tile =
      tile_size(shape) * std::int64_t{sizeof(float)} + std::int64_t{sizeof(Tile<float>) + sizeof(TileInput<float>)};
  const std::int64_t least = cuda::least_bytes(shape, configuration.training.meta_batch, true, device.properties);
  return static_cast<std::int64_t>(static_cast<double>(least + more_tiles * tile) / 0.9) + 1;
}

TEST(CudaProcessor, TrainsInChunksToTheSameBits) {
  Configuration configuration = test::small_configuration();
  configuration.episode.iterations = 1;
  configuration.episode.thetas = 2;
  configuration.episode.observations = 1;
  configuration.episode.real_observations = {2, 2};
  const int tiles = 2 * gradient_partials + 40;
  configuration.training.meta_batch = 16 * tiles;
  const Trained host = train_steps(configuration, std::make_unique<HostProcessor>(2));
  for (const auto& [more_tiles, chunks] : {std::pair{tiles, 1}, {300, 3}, {299, 3}, {255, 3}, {100, 6}, {0, tiles}}) {
    SCOPED_TRACE(more_tiles);
    SimulatedDevice device;
    device.memory = memory_for(configuration, more_tiles, device);
    EXPECT_EQ(train_steps(configuration, simulated_processor(device)), host);
    int passes = 0;
    for (const std::string& line : device.log) passes += line.starts_with("  encoder_gradient") ? 1 : 0;
    EXPECT_EQ(passes, 3 * chunks);
    EXPECT_LE(device.most_used, device.memory * 9 / 10);
  }
}

TEST(CudaProcessor, KeepsActivationsInDeviceMemoryWhereSharedMemoryIsSmall) {
  Configuration configuration = test::small_configuration();
  const Trained host = train_steps(configuration, std::make_unique<HostProcessor>(1));
  SimulatedDevice device;
  device.properties.shared_bytes = 4096;
  EXPECT_EQ(train_steps(configuration, simulated_processor(device)), host);
}

/// The kernels of a step, of three tiles so that the encoder's gradient is cut into 16 pieces, on such a device.
std::vector<std::string> kernels_of_step(SimulatedDevice& device) {
  Configuration configuration = test::small_configuration();
  configuration.training.meta_batch = 40;
  configuration.episode.observations = 6;  // 18 of an iteration: two blocks
  Engine engine = engine_on(configuration, simulated_processor(device));
  engine.begin(initial_state(engine.layout(), 1));
  device.log.clear();
  const MetaStep steps[] = {{0, 1e-3, 0.5}, {1, 1e-3, 0.5}};
  engine.submit(steps);
  engine.submit(steps);
  for (const std::string& line : device.log)
    EXPECT_TRUE(line.starts_with("put ") || line == "record") << line << ": the host waited, or took memory";
  EXPECT_EQ(count_of(device.log, "put graph"), 4);
  EXPECT_EQ(count_of(device.log, "put copy_to_host"), 2);
  device.log.clear();
  EXPECT_EQ(engine.collect().size(), 2U);
  EXPECT_EQ(count_of(device.log, "graph"), 2) << "the second window is not waited for";
  EXPECT_EQ(device.log.front(), "synchronize_event");
  // The memory of the tiles is filled before the first window.
  std::vector<std::vector<std::string>> graphs;
  for (const std::string& line : device.log) {
    if (line == "graph") graphs.emplace_back();
    if (line.starts_with("  ")) graphs.back().push_back(line.substr(2));
  }
  EXPECT_EQ(graphs.at(0), graphs.at(1));
  EXPECT_EQ(engine.collect().size(), 2U);
  return graphs.at(0);
}

/// The update's, which the last kernels of a step are.
std::vector<std::string> with_update(std::vector<std::string> kernels) {
  const Configuration configuration = test::small_configuration();
  const int groups = make_layout(shape_of(configuration, 1)).size / tile_lanes;
  const std::string blocks = std::to_string((groups + 15) / 16);
  for (const std::string& kernel : {"sum_partials " + blocks, std::string("gradient_norm 1"), "apply_update " + blocks,
                                    std::string("conclude 1")})
    kernels.push_back(kernel);
  return kernels;
}

TEST(CudaProcessor, PutsAStepOnItsStreamInOrderAndWaitsOnlyToCollect) {
  SimulatedDevice device;
  EXPECT_EQ(kernels_of_step(device), with_update({"clear", "rollout 3", "rollout_gradient 3", "encoder_gradient 48"}));
}

TEST(CudaProcessor, SharesTilesBetweenBlocksWhereThereAreFew) {
  SimulatedDevice device;
  device.properties.multiprocessors = 8;  // 8 / 3 tiles
  EXPECT_EQ(kernels_of_step(device),
            with_update({"clear", "begin 3", "encode 6 t -1", "propose 6 t 0", "encode 6 t 0", "advance 3 t 0",
                         "propose 6 t 1", "encode 6 t 1", "advance 3 t 1", "rollout_gradient 3", "encoder_gradient 48"}));
}

TEST(CudaProcessor, TrainsToTheSameBitsWhateverSharesATile) {
  Configuration configuration = test::small_configuration();
  configuration.episode.thetas = 19;  // 95 observations: 6 blocks, the last one short
  configuration.episode.real_observations = {7, 40};
  const Trained host = train_steps(configuration, std::make_unique<HostProcessor>(1));
  for (const int multiprocessors : {1, 4, 7, 9, 12, 200}) {
    SCOPED_TRACE(multiprocessors);
    SimulatedDevice device;
    device.properties.multiprocessors = multiprocessors;
    EXPECT_EQ(train_steps(configuration, simulated_processor(device)), host);
  }
}

TEST_P(CudaProcessorOf, RollsOutAndDrawsProblemsInChunksToTheSameBits) {
  Configuration configuration = test::small_configuration(GetParam());
  configuration.episode.real_observations = {5, 30};
  const Numbers host = rollout_of(configuration, std::make_unique<HostProcessor>(1), 200);
  const Numbers problems = problems_of(configuration, std::make_unique<HostProcessor>(1), 200);
  for (const int more_tiles : {3, 0}) {
    SimulatedDevice device;
    device.memory = memory_for(configuration, more_tiles, device);
    EXPECT_EQ(rollout_of(configuration, simulated_processor(device), 200), host);
    EXPECT_EQ(problems_of(configuration, simulated_processor(device), 200), problems);
    EXPECT_EQ(device.live, 0);
  }
}

TEST(CudaProcessor, ReplaysInChunksToTheSameBits) {
  const SafeTensors tape = read_safetensors(ALFI_TEST_DATA "/poisson_networks.safetensors");
  HostProcessor host(1);
  SimulatedDevice device;
  device.memory = std::int64_t{40} << 20;
  EXPECT_EQ(replay(tape, *simulated_processor(device)).tensors, replay(tape, host).tensors);
}

TEST(CudaProcessor, RoundsTheSameOnFibers) {
  Configuration configuration = test::small_configuration();
  for (const Precision precision : {Precision::tf32x3, Precision::bf16}) {
    SimulatedDevice lanes, fibers;
    fibers.team = SimulatedTeam::fibers;
    EXPECT_EQ(train_steps(configuration, simulated_processor(fibers, precision), 2),
              train_steps(configuration, simulated_processor(lanes, precision), 2));
  }
}

TEST(CudaProcessor, LearnsAsWellInEveryPrecision) {
  Configuration configuration = test::small_configuration();
  configuration.networks.encoder = {16, 8, Pooling::mean};
  configuration.networks.aggregator = {16, 8};
  configuration.networks.rim.hidden = configuration.networks.rim.state = 16;
  configuration.training.steps = 250;
  configuration.training.validate_every = 250;
  configuration.training.learning_rate = 1e-2;
  const auto loss = [&](Precision precision) {
    SimulatedDevice device;
    const test::TemporaryFolder folder;
    return train(configuration, folder.path() / "run", {}, simulated_processor(device, precision)).validation_loss;
  };
  // Validated on 512 episodes, whose losses scatter by about 0.8; the prior's loss is 1.42. Different roundings lead to
  // different weights, as another seed would.
  const double fp32 = loss(Precision::fp32);
  EXPECT_LT(fp32, 0.5);
  EXPECT_NEAR(loss(Precision::tf32x3), fp32, 0.02);
  EXPECT_NEAR(loss(Precision::bf16), fp32, 0.02);
}

/// A device's trouble, whenever it comes, is a RunError; everything is given back.
TEST(CudaProcessor, FailsInWordsAndGivesEverythingBack) {
  Configuration configuration = test::small_configuration();
  configuration.episode.observations = 6;  // 18 of an iteration, so that two blocks share a tile
  const SafeTensors tape = read_safetensors(ALFI_TEST_DATA "/poisson_networks.safetensors");
  const Normalisation normalisation = pilot_normalisation(configuration);
  const std::vector<std::function<void(SimulatedDevice&)>> jobs{
      [&](SimulatedDevice& device) { train_steps(configuration, simulated_processor(device), 30); },
      [&](SimulatedDevice& device) { rollout_of(configuration, simulated_processor(device), 40); },
      [&](SimulatedDevice& device) { problems_of(configuration, simulated_processor(device), 40); },
      [&](SimulatedDevice& device) { replay(tape, *simulated_processor(device)); },
      [&](SimulatedDevice& device) { simulated_processor(device)->spin(1); }};
  for (const auto& job : jobs) {
    SimulatedDevice counting;
    job(counting);
    ASSERT_GE(counting.calls, 5);
    for (const Failure failure : {Failure::out_of_memory, Failure::device_lost, Failure::kernel, Failure::other})
      for (int call = 0; call < counting.calls; ++call) {
        SimulatedDevice device;
        device.failing_call = call;
        device.failure = failure;
        try {
          job(device);
          // Only where a destructor waited, all results being there.
          EXPECT_EQ(device.failed, "synchronize") << call;
        } catch (const RunError& error) {
          EXPECT_THAT(error.what(), HasSubstr("simulated failure of " + device.failed)) << call;
        }
        EXPECT_EQ(device.live, 0) << call;
      }
  }
}

TEST(CudaProcessor, ALostDeviceLeavesARunThatCanBeResumed) {
  const test::TemporaryFolder folder;
  Configuration configuration = test::small_configuration();
  configuration.training.steps = 60;
  const auto run = folder.path() / "run", whole = folder.path() / "whole";
  train(configuration, whole, {}, std::make_unique<HostProcessor>(1));
  SimulatedDevice device;
  TrainingOptions options;
  options.progress = [&](const TrainingProgress& progress) {
    if (progress.step >= 20) {
      device.failing_call = device.calls + 5;
      device.failure = Failure::device_lost;
    }
    return true;
  };
  EXPECT_THAT(message_of<RunError>([&] { train(configuration, run, options, simulated_processor(device)); }),
              HasSubstr("resumed from its last checkpoint"));
  options.resume = true;
  options.progress = {};
  train(configuration, run, options, std::make_unique<HostProcessor>(1));
  const auto weights = [](const std::filesystem::path& path) {
    return read_checkpoint(checkpoint_path(path, 60)).state;
  };
  EXPECT_EQ(weights(run), weights(whole));
}

TEST(CudaProcessor, RefusesWhatDoesNotFit) {
  Configuration configuration = test::small_configuration();
  SimulatedDevice device;
  device.memory = memory_for(configuration, 0, device) / 2;
  EXPECT_THAT(message_of<RunError>([&] { train_steps(configuration, simulated_processor(device)); }),
              AllOf(HasSubstr("bytes"), HasSubstr(std::to_string(device.memory))));
}

}  // namespace
}  // namespace alfi
