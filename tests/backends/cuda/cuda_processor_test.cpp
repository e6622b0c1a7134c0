#include "src/backends/cuda/cuda_processor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "alfi/error.hpp"
#include "kernels/team/host_team.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/engine/engine.hpp"
#include "src/machine/replay.hpp"
#include "src/model/checkpoint.hpp"
#include "src/simulators/simulators.hpp"
#include "src/training/trainer.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/processor_runs.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/simulated_device.hpp"
#include "tests/support/simulator_names.hpp"
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
using test::sample_of;
using test::simulated_processor;
using test::SimulatedDevice;
using test::SimulatedTeam;
using test::train_steps;
using test::Trained;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CudaProcessorOf : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Simulators, CudaProcessorOf, testing::ValuesIn(test::simulator_names()));

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

TEST(CudaProcessor, TrainsWithAnyNumberOfInputsToTheBitsOfTheHost) {
  for (const int inputs : {1, 6}) {
    Configuration configuration = test::small_configuration("linear_regression");
    configuration.simulator.parameters = {{"inputs", inputs}};
    SimulatedDevice device;
    EXPECT_EQ(train_steps(configuration, simulated_processor(device), 2),
              train_steps(configuration, std::make_unique<HostProcessor>(1), 2));
  }
}

int count_of(const std::vector<std::string>& log, const std::string& what) {
  return static_cast<int>(std::count(log.begin(), log.end(), what));
}

/// Returns device memory for the least of a batch and `more_tiles` more tiles.
std::int64_t memory_for(const Configuration& configuration, int more_tiles, const SimulatedDevice& device) {
  const Shape shape = Plan(configuration).shape;
  const bool fused = cuda::encoder_kernels(shape, Precision::fp32, device.properties) == cuda::EncoderKernels::fused;
  const std::int64_t tile =
      (tile_size(shape) + (fused ? 0 : code_size(shape) + wide_size(shape))) * std::int64_t{sizeof(float)} +
      std::int64_t{sizeof(Tile<float>) + sizeof(TileInput<float>)};
  const std::int64_t least =
      cuda::least_bytes(shape, configuration.training.meta_batch, true, Precision::fp32, device.properties);
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

/// Returns a configuration whose encoder is too wide for shared memory.
Configuration wide_configuration() {
  Configuration configuration = test::small_configuration();
  configuration.networks.encoder.hidden = 300;
  configuration.networks.rim.hidden = 16;  // narrower, and its ReLUs let nothing of the observations through
  return configuration;
}

TEST(CudaProcessor, TrainsAWideEncoderToTheSameBitsWhateverTheDevice) {
  Configuration configuration = wide_configuration();
  configuration.networks.encoder.pooling = Pooling::moments;
  configuration.episode.real_observations = {5, 30};
  configuration.training.meta_batch = 75;
  SimulatedDevice roomy;
  const Trained expected = train_steps(configuration, simulated_processor(roomy), 2);
  const auto trained = [&](auto change) {
    SimulatedDevice device;
    change(device);
    const Trained result = train_steps(configuration, simulated_processor(device), 2);
    EXPECT_EQ(device.live, 0);
    return result;
  };
  for (const int multiprocessors : {1, 3, 132})
    EXPECT_EQ(trained([&](SimulatedDevice& device) { device.properties.multiprocessors = multiprocessors; }), expected);
  EXPECT_EQ(trained([&](SimulatedDevice& device) { device.team = SimulatedTeam::fibers; }), expected);
  // A tile after the other; the aggregator in device memory.
  EXPECT_EQ(trained([&](SimulatedDevice& device) { device.memory = memory_for(configuration, 0, device); }), expected);
  EXPECT_EQ(trained([&](SimulatedDevice& device) { device.properties.shared_bytes = 4096; }), expected);
}

TEST(CudaProcessor, TrainsAWideEncoderInTf32x3ByProductsInFp32) {
  const Configuration configuration = wide_configuration();
  const auto trained = [&](Precision precision) {
    SimulatedDevice device;
    return train_steps(configuration, simulated_processor(device, precision), 2);
  };
  EXPECT_EQ(trained(Precision::tf32x3), trained(Precision::fp32));
  EXPECT_NE(trained(Precision::bf16), trained(Precision::fp32));
}

/// Returns the largest distance of any number of a rollout.
double distance(const Numbers& one, const Numbers& other) {
  double worst = 0;
  for (std::size_t i = 0; i < one.size(); ++i)
    for (std::size_t j = 0; j < one[i].size(); ++j)
      worst = std::max(worst, std::abs(double{one[i][j]} - double{other.at(i).at(j)}));
  return worst;
}

TEST(CudaProcessor, TrainsInPiecesToTheSameBitsWhereSharedMemoryIsSmall) {
  Configuration configuration = test::small_configuration();
  configuration.networks.aggregator.hidden = 30;
  const Shape shape = Plan(configuration).shape;
  ASSERT_LT(encoder_block_size(Variant{}, shape, 0), aggregator_block_size(shape, true));
  const Trained host = train_steps(configuration, std::make_unique<HostProcessor>(1));
  // The aggregator's activations, larger than the encoder's, fit just so, and not quite.
  for (const std::int64_t less : {0, 1}) {
    SimulatedDevice device;
    device.properties.shared_bytes = aggregator_block_size(shape, true) * std::int64_t{sizeof(float)} - less;
    EXPECT_EQ(train_steps(configuration, simulated_processor(device)), host);
    EXPECT_EQ(count_of(device.log, "  advance 2 t 1"), 3);
  }
}

TEST(CudaProcessor, RollsOutAWideEncoderAsTheHostDoes) {
  Configuration configuration = wide_configuration();
  configuration.episode.real_observations = {880, 900};  // more than one pass takes
  ASSERT_LT(wide_observations(Plan(configuration).shape_over(3)), 880);
  SimulatedDevice device;
  const Numbers host = rollout_of(configuration, std::make_unique<HostProcessor>(1), 20);
  const Numbers got = rollout_of(configuration, simulated_processor(device), 20);
  // ψ is of the order of 1, its steps are clamped to 0.5: some 100 ε of sums in another order.
  EXPECT_LT(distance(got, host), 1e-5);
  EXPECT_GT(distance(got, host), 0) << "not computed in another way";
}

// 257 tiles: the last shares a partial sum with the first.
TEST(CudaProcessor, AddsTheGradientsOfAWideEncoderToTheTilesPartialSums) {
  Configuration configuration = test::small_configuration();
  configuration.episode.iterations = 1;
  configuration.training.meta_batch = 16 * (gradient_partials + 1);
  const Trained host = train_steps(configuration, std::make_unique<HostProcessor>(2), 1);
  Trained first;
  for (const int more_tiles : {300, 200, 100}) {
    SimulatedDevice device;
    device.properties.shared_bytes = 4096;
    device.memory = memory_for(configuration, more_tiles, device);
    const Trained got = train_steps(configuration, simulated_processor(device), 1);
    EXPECT_NEAR(got.norms[0], host.norms[0], 1e-5 * host.norms[0]);
    if (more_tiles == 300) first = got;
    EXPECT_EQ(got, first);
  }
}

/// Returns the kernels of a step on such a device, of three tiles so that the encoder's gradient is cut into 16 pieces.
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

/// Adds the kernels of the update, which are the last of a step.
std::vector<std::string> with_update(std::vector<std::string> kernels) {
  const Configuration configuration = test::small_configuration();
  const int groups = Plan(configuration).layout.size / tile_lanes;
  const std::string blocks = std::to_string((groups + 15) / 16);
  for (const std::string& kernel :
       {"sum_partials " + blocks, std::string("gradient_norm 1"), "apply_update " + blocks, std::string("conclude 1")})
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
  EXPECT_EQ(kernels_of_step(device), with_update({"clear", "begin 3", "encode 6 t -1", "propose 6 t 0", "encode 6 t 0",
                                                  "advance 3 t 0", "propose 6 t 1", "encode 6 t 1", "advance 3 t 1",
                                                  "rollout_gradient 3", "encoder_gradient 48"}));
}

TEST(CudaProcessor, PutsTheProductsOfAWideEncoderBetweenItsKernels) {
  SimulatedDevice device;
  device.properties.shared_bytes = 4096;
  device.properties.multiprocessors = 1;  // 4 blocks for 3 tiles: nothing is shared
  // Rows of 7 real observations and of 18 in an iteration; 7 wide, codes of 4.
  const auto hidden = [](const std::string& t, const std::string& rows) {
    return std::vector<std::string>{"first_layer 3 t " + t, "multiply " + rows + " 7 7 times 3",
                                    "second_layer 3 t " + t};
  };
  std::vector<std::string> expected{"clear", "begin 3"};
  const auto add = [&](const std::vector<std::string>& more) {
    expected.insert(expected.end(), more.begin(), more.end());
  };
  const std::pair<std::string, std::string> sets[] = {{"-1", "112"}, {"0", "288"}, {"1", "288"}};
  for (const auto& [t, rows] : sets) {
    if (t != "-1") add({"propose 3 t " + t});
    add(hidden(t, rows));
    add({"multiply " + rows + " 4 7 times 3", "code_layer 3 t " + t});
    if (t != "-1") add({"advance 3 t " + t});
  }
  add({"rollout_gradient 3"});
  for (const auto& [t, rows] : sets) {
    add(hidden(t, rows));
    add({"multiply " + rows + " 4 7 times 3", "code_slopes 3 t " + t});
    add({"multiply 7 4 " + rows + " times 3", "multiply 1 4 " + rows + " times 3"});
    add({"multiply " + rows + " 7 4 times 3", "second_slopes 3 t " + t});
    add({"multiply 7 7 " + rows + " times 3", "multiply 1 7 " + rows + " times 3"});
    add({"multiply " + rows + " 7 7 times 3", "first_slopes 3 t " + t});
    add({"multiply 1 7 " + rows + " times 3", "multiply 1 7 " + rows + " times 3"});
  }
  EXPECT_EQ(kernels_of_step(device), with_update(expected));
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

// A step of a large batch hands over tens of thousands of tiles.
TEST(CudaProcessor, CopiesAChunkAtOnceToMemoryItKeeps) {
  const Configuration configuration = test::small_configuration();
  const auto log_of = [&](int more_tiles) {
    SimulatedDevice device;
    device.memory = memory_for(configuration, more_tiles, device);
    rollout_of(configuration, simulated_processor(device), 200);
    return device.log;
  };
  for (const auto& [more_tiles, chunks] : {std::pair{20, 1}, {0, 13}}) {
    const std::vector<std::string> log = log_of(more_tiles);
    EXPECT_EQ(count_of(log, "allocate_pinned"), 2);
    EXPECT_EQ(count_of(log, "put copy_rows_to_host"), chunks);
    EXPECT_EQ(count_of(log, "put copy_to_host"), chunks);
  }
}

TEST_P(CudaProcessorOf, RollsOutReplicatesToTheBitsOfTheHost) {
  Configuration configuration = test::small_configuration(GetParam());
  configuration.episode.real_observations = {5, 30};
  SimulatedDevice device;
  device.memory = memory_for(configuration, 3, device);
  for (const int replicates : {4, 16})
    EXPECT_EQ(rollout_of(configuration, simulated_processor(device), 160, replicates),
              rollout_of(configuration, std::make_unique<HostProcessor>(1), 160, replicates));
}

TEST_P(CudaProcessorOf, SimulatesToTheBitsOfTheHostOnFibers) {
  HostProcessor host(1);
  SimulatedDevice device;
  device.team = SimulatedTeam::fibers;
  for (const std::int64_t count : {1, 1000})
    EXPECT_EQ(sample_of(GetParam(), count, *simulated_processor(device)), sample_of(GetParam(), count, host));
}

TEST(CudaProcessor, DrawsTheNextPieceOfASampleWhileTheHostHasTheLast) {
  constexpr std::int64_t piece = 1 << 18, count = 2 * piece + 100;
  SimulatedDevice device;
  std::vector<std::string> at_work;  // launches put on the stream and done, when the host gets a piece
  std::vector<float> all;
  const std::unique_ptr<Processor> processor = simulated_processor(device);
  processor->simulate(
      make_sample(find_simulator("gaussian"), std::vector<double>{0, 0},
                  stream_key(1, Phase::simulation, Purpose::observe, 0), count),
      [&](std::span<const float> x) {
        const auto counted = [&](const std::string& start) {
          return std::to_string(std::count_if(device.log.begin(), device.log.end(),
                                              [&](const std::string& line) { return line.starts_with(start); }));
        };
        at_work.push_back(counted("put draw_sample") + " " + counted("draw_sample"));
        all.insert(all.end(), x.begin(), x.end());
      });
  EXPECT_EQ(at_work, (std::vector<std::string>{"2 1", "3 2", "3 3"}));
  EXPECT_TRUE(all == simulate("gaussian", {0, 0}, static_cast<int>(count), 1));
  EXPECT_LE(device.most_used, 4 * piece);
}

// However the observations are shared out and cut up.
TEST(CudaProcessor, ASampleIsTheSameInAnyPieces) {
  constexpr std::int64_t count = 3000;
  for (const SimulatorInfo& simulator : simulators()) {
    SCOPED_TRACE(simulator.name);
    const std::int64_t X = simulator.observations.dimension;
    HostProcessor host(1);
    const std::vector<float> expected = sample_of(simulator.name, count, host);
    Sample sample = make_sample(simulator, std::vector<double>(simulator.parameters.size()),
                                stream_key(3, Phase::simulation, Purpose::observe, 0), count);
    for (std::size_t d = 0; const ParameterInfo& parameter : simulator.parameters)
      sample.theta[d++] = static_cast<float>(parameter.mean());
    for (const auto& [teams, piece] :
         {std::pair{1, count}, {3, count}, {40, count}, {2, std::int64_t{1024}}, {1, std::int64_t{64}}}) {
      std::vector<float> x(static_cast<std::size_t>(count * X), std::nanf(""));
      for (sample.first = 0; sample.first < count; sample.first += piece)
        for (int team = 0; team < teams; ++team) {
          sample.count = std::min(piece, count - sample.first);
          sample.x = x.data() + sample.first * X;
          Listed<Simulators>{sample.simulator}.draw_sample(HostTeam<float>{}, sample, team, teams);
        }
      EXPECT_TRUE(x == expected) << teams << " teams, pieces of " << piece;
    }
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
  // Hidden layers of a whole number of sixteens have no place for the ones beyond their features.
  for (const auto& [precision, hidden, code] : {std::tuple{Precision::tf32x3, 12, 5},
                                                {Precision::bf16, 50, 20},
                                                {Precision::bf16, 32, 33},
                                                {Precision::bf16, 70, 9}}) {
    configuration.networks.encoder.hidden = hidden;
    configuration.networks.encoder.code = code;
    SimulatedDevice lanes, fibers;
    fibers.team = SimulatedTeam::fibers;
    const int steps = test::sanitized ? 1 : 2;
    EXPECT_EQ(train_steps(configuration, simulated_processor(fibers, precision), steps),
              train_steps(configuration, simulated_processor(lanes, precision), steps));
  }
}

// Judges in fp32 too what a precision learned: answers that only the precision's own roundings make good are none.
TEST(CudaProcessor, LearnsInEveryPrecision) {
  if (test::sanitized) GTEST_SKIP() << "three trainings; sanitizers watch over shorter ones";
  Configuration configuration = test::small_configuration();
  configuration.networks.encoder = {16, 8, Pooling::mean};
  configuration.networks.aggregator = {16, 8};
  configuration.networks.rim.hidden = configuration.networks.rim.state = 16;
  configuration.training.steps = 250;
  configuration.training.validate_every = 250;
  configuration.training.learning_rate = 1e-2;
  for (const Precision precision : {Precision::fp32, Precision::tf32x3, Precision::bf16}) {
    SCOPED_TRACE(static_cast<int>(precision));
    SimulatedDevice device;
    const test::TemporaryFolder folder;
    const double loss = train(configuration, folder.path(), {}, simulated_processor(device, precision)).validation_loss;
    EXPECT_LT(loss, 0.5) << "the prior's is 1.42";
    const Checkpoint trained = read_checkpoint(checkpoint_path(folder.path(), configuration.training.steps));
    Engine engine(configuration, trained.normalisation, std::make_unique<HostProcessor>(1));
    const Episodes episodes{Phase::validation, 0, validation_episodes, 0, configuration.engine.seed};
    // Codes are rounded by up to 2⁻⁹ in bf16, and 2⁻²² in tf32x3, and the loss moves by less than one that all of them
    // have. Codes that are a tenth too small move it by 0.005.
    const double rounding = precision == Precision::bf16 ? 0x1p-9 : precision == Precision::tf32x3 ? 0x1p-22 : 0;
    EXPECT_NEAR(engine.validate(episodes, trained.state.average).loss, loss, rounding);
  }
}

/// A device's trouble, whenever it comes, is a RunError; everything is given back.
TEST(CudaProcessor, FailsInWordsAndGivesEverythingBack) {
  Configuration configuration = test::small_configuration();
  configuration.episode.observations = 6;  // 18 of an iteration, so that two blocks share a tile
  const SafeTensors tape = read_safetensors(ALFI_TEST_DATA "/poisson_networks.safetensors");
  const Normalisation normalisation = pilot_normalisation(configuration);
  const std::vector<std::function<void(SimulatedDevice&)>> jobs{
      [&](SimulatedDevice& device) { train_steps(configuration, simulated_processor(device), 30); },
      [&](SimulatedDevice& device) {
        device.properties.shared_bytes = 4096;  // an encoder of products
        train_steps(configuration, simulated_processor(device), 3);
      },
      [&](SimulatedDevice& device) { rollout_of(configuration, simulated_processor(device), 40); },
      [&](SimulatedDevice& device) { problems_of(configuration, simulated_processor(device), 40); },
      [&](SimulatedDevice& device) { replay(tape, *simulated_processor(device)); },
      [&](SimulatedDevice& device) { sample_of("poisson", (1 << 18) + 1, *simulated_processor(device)); },
      [&](SimulatedDevice& device) {
        const auto processor = simulated_processor(device);
        std::vector<double> values{2, 1};
        processor->statistics().sort(values);
        processor->statistics().moments(std::vector<float>{1, 2}, 1);
      },
      [&](SimulatedDevice& device) { simulated_processor(device)->spin(1); }};
  for (const auto& job : jobs) {
    SimulatedDevice counting;
    job(counting);
    ASSERT_GE(counting.calls, 5);
    for (const Failure failure : {Failure::out_of_memory, Failure::no_binary, Failure::device_lost, Failure::kernel})
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

TEST(CudaProcessor, SaysWhatCanBeDoneAboutAFailure) {
  const auto words = [](Failure failure) {
    return message_of<RunError>([&] { cuda::require({failure, "cudaErrorExample"}, "launching"); });
  };
  EXPECT_EQ(words(Failure::other), "CUDA: launching failed: cudaErrorExample");
  EXPECT_THAT(words(Failure::out_of_memory), HasSubstr("a smaller training.meta_batch"));
  EXPECT_THAT(words(Failure::no_binary), HasSubstr("ALFI_CUDA_ARCHITECTURES"));
  EXPECT_THAT(words(Failure::not_compiled), AllOf(HasSubstr("ALFI_CUDA_ARCHITECTURES"), HasSubstr("driver")));
  EXPECT_THAT(words(Failure::taken), HasSubstr("another process"));
  EXPECT_THAT(words(Failure::device_lost), HasSubstr("resumed from its last checkpoint"));
  EXPECT_THAT(words(Failure::kernel), HasSubstr("resumed from its last checkpoint"));
  EXPECT_NO_THROW(cuda::require({}, "launching"));
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
  // Nor does one do harm whose memory others have.
  SimulatedDevice full;
  full.memory = memory_for(configuration, 0, full) / 2;
  EXPECT_THAT(message_of<RunError>([&] { train(configuration, run, options, simulated_processor(full)); }),
              HasSubstr("bytes of device memory"));
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
