// A CUDA device computes what the CPU does, bit for bit: each test on a device where there is one, else it is skipped,
// and on a simulated one everywhere. Tests of the suite Gpu need a device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alfi/backends.hpp"
#include "alfi/error.hpp"
#include "alfi/simulators.hpp"
#include "src/backends/cuda/resources.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/engine/processors.hpp"
#include "src/evaluation/evaluation.hpp"
#include "src/machine/replay.hpp"
#include "src/model/checkpoint.hpp"
#include "src/simulators/simulators.hpp"
#include "src/training/trainer.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/processor_runs.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/simulated_device.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::inference_of;
using test::message_of;
using test::problems_of;
using test::rollout_of;
using test::sample_of;
using test::train_steps;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Returns a folder of the source tree, or the one the environment names where the tests run without a source tree.
std::string folder(const char* variable, const char* of_source) {
  const char* const named = std::getenv(variable);
  return named != nullptr ? named : of_source;
}
SafeTensors recorded(const std::string& name) {
  return read_safetensors(folder("ALFI_TEST_DATA", ALFI_TEST_DATA) + "/" + name + ".safetensors");
}

std::unique_ptr<Processor> host(int threads = 1) { return std::make_unique<HostProcessor>(threads); }

std::unique_ptr<Processor> gpu(int device = 0, Precision precision = Precision::fp32) {
  Configuration::Engine engine;
  engine.backend = Backend::cuda;
  engine.device = device;
  engine.precision = precision;
  return make_processor(engine);
}

class OnDevice : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (is("gpu") && !cuda_devices().trouble.empty()) GTEST_SKIP() << "no CUDA device: " << cuda_devices().trouble;
    if (!is("ptx")) return;
    if (!test::PtxKernels::trouble().empty()) GTEST_SKIP() << test::PtxKernels::trouble();
    device_.team = test::SimulatedTeam::ptx;
    device_.ptx = &test::PtxKernels::of("sm_90");
  }
  void TearDown() override { EXPECT_EQ(device_.live, 0); }

  bool is(std::string_view device) const { return GetParam() == device; }
  bool simulated() const { return !is("gpu"); }
  std::unique_ptr<Processor> processor(Precision precision = Precision::fp32) {
    return simulated() ? test::simulated_processor(device_, precision) : gpu(0, precision);
  }
  std::unique_ptr<cuda::Runtime> runtime() {
    if (simulated()) return test::simulated_runtime(device_);
    std::unique_ptr<cuda::Runtime> runtime;
    cuda::require(cuda::open_device(0, runtime), "opening device 0");
    return runtime;
  }

  test::SimulatedDevice device_;
};
INSTANTIATE_TEST_SUITE_P(, OnDevice, testing::Values("simulated", "ptx", "gpu"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(OnDevice, TrainsToTheBitsOfTheHost) {
  for (const SimulatorInfo& simulator : simulators()) {
    SCOPED_TRACE(simulator.name);
    Configuration configuration = test::small_configuration(simulator.name);
    configuration.networks.encoder.pooling = Pooling::moments;
    configuration.training.loss = Loss::beta_normal;
    configuration.training.problems = 37;
    configuration.training.meta_batch = 75;
    const int steps = is("ptx") ? 4 : 40;  // interpreted, each takes a quarter of a second
    EXPECT_EQ(train_steps(configuration, processor(), steps), train_steps(configuration, host(), steps));
  }
}

// Tiles with empty lanes, few enough for pieces of the encoder's gradient, one for every partial sum, and more.
TEST_P(OnDevice, TrainsABatchOfAnySize) {
  Configuration configuration = test::small_configuration();
  configuration.episode.iterations = 1;
  for (const int episodes : {1, 15, 16, 17, 75, 4096, 4113}) {
    if (is("ptx") && episodes > 4096) continue;  // interpreted, it takes seconds; 4096 has a tile for each partial sum
    SCOPED_TRACE(episodes);
    configuration.training.meta_batch = episodes;
    EXPECT_EQ(train_steps(configuration, processor()), train_steps(configuration, host(2)));
  }
}

TEST_P(OnDevice, TrainsTilesThatBlocksShare) {
  for (const SimulatorInfo& simulator : simulators())
    for (const Pooling pooling : {Pooling::mean, Pooling::moments}) {
      SCOPED_TRACE(simulator.name);
      Configuration configuration = test::small_configuration(simulator.name);
      configuration.episode.thetas = 19;  // 95 observations: six blocks, the last one short
      configuration.episode.real_observations = {7, 40};
      configuration.networks.encoder.pooling = pooling;
      for (const int episodes : {1, 20, 60}) {
        configuration.training.meta_batch = episodes;
        EXPECT_EQ(train_steps(configuration, processor(), 3), train_steps(configuration, host(), 3));
      }
      EXPECT_EQ(rollout_of(configuration, processor(), 20), rollout_of(configuration, host(), 20));
    }
}

TEST_P(OnDevice, TrainsTheSameTwice) {
  const Configuration configuration = test::small_configuration();
  EXPECT_EQ(train_steps(configuration, processor()), train_steps(configuration, processor()));
}

TEST_P(OnDevice, RollsOutAndDrawsProblemsToTheBitsOfTheHost) {
  for (const SimulatorInfo& simulator : simulators()) {
    SCOPED_TRACE(simulator.name);
    Configuration configuration = test::small_configuration(simulator.name);
    configuration.episode.real_observations = {5, 30};
    for (const int episodes : {1, 16, 200}) {
      EXPECT_EQ(rollout_of(configuration, processor(), episodes), rollout_of(configuration, host(), episodes));
      EXPECT_EQ(problems_of(configuration, processor(), episodes), problems_of(configuration, host(), episodes));
    }
    EXPECT_EQ(rollout_of(configuration, processor(), 160, 16), rollout_of(configuration, host(), 160, 16));
  }
}

// A part of a group of observations, of a thread block's, one piece, and several.
TEST_P(OnDevice, SimulatesToTheBitsOfTheHost) {
  for (const SimulatorInfo& simulator : simulators())
    for (const std::int64_t count : {1, 63, 4097, 262144, 600001}) {
      SCOPED_TRACE(simulator.name + ", " + std::to_string(count));
      const std::vector<float> sample = sample_of(simulator.name, count, *processor());
      EXPECT_EQ(sample.size(), static_cast<std::size_t>(count * simulator.observations.dimension));
      EXPECT_TRUE(sample == sample_of(simulator.name, count, *host(2)));
    }
}

TEST_P(OnDevice, InfersToTheBitsOfTheHost) {
  Configuration configuration = test::small_configuration();
  configuration.episode.real_observations = {5, 30};
  const std::vector<float> expected = inference_of(configuration, host());
  EXPECT_FALSE(expected.empty());
  EXPECT_EQ(inference_of(configuration, processor()), expected);
}

TEST_P(OnDevice, ReplaysARecordedRunToTheBitsOfTheHost) {
  const SafeTensors tape = recorded("poisson_networks");
  EXPECT_EQ(replay(tape, *processor()).tensors, replay(tape, *host()).tensors);
}

/// The distance of a gradient from another, over its size.
template <class T>
double distance(std::span<const T> got, std::span<const T> expected) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(double{got[i]} - double{expected[i]}, 2);
    size += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference / size);
}

/// Returns the largest distance of a gradient from the recorded one, which was computed in double.
double gradient_error(const SafeTensors& tape, Processor& processor) {
  const SafeTensors result = replay(tape, processor);
  double worst = 0;
  for (const auto& [name, tensor] : tape.tensors) {
    if (!name.starts_with("grad.")) continue;
    const std::vector<double> got = result.at(name).to<double>(), expected = tensor.to<double>();
    EXPECT_EQ(got.size(), expected.size());
    worst = std::max(worst, distance<double>(got, expected));
  }
  return worst;
}

TEST_P(OnDevice, KeepsTheAccuracyOfEachPrecision) {
  for (const char* const name : {"poisson_networks", "weinberg_networks"}) {
    const SafeTensors tape = recorded(name);
    // In the simulated device's little shared memory no kernel could keep the encoder's activations: cuBLAS multiplies.
    for (const std::int64_t shared : {std::int64_t{232448}, std::int64_t{16384}}) {
      if (!simulated() && shared != 232448) continue;
      SCOPED_TRACE(std::string(name) + " " + std::to_string(shared));
      device_.properties.shared_bytes = shared;
      const double fp32 = gradient_error(tape, *processor(Precision::fp32)),
                   tf32x3 = gradient_error(tape, *processor(Precision::tf32x3)),
                   bf16 = gradient_error(tape, *processor(Precision::bf16));
      EXPECT_LE(fp32, 1e-4);
      EXPECT_LE(tf32x3, 1e-4);
      EXPECT_LE(bf16, 2e-2);
      EXPECT_GT(bf16, 1e-4) << "nothing is rounded";
      RecordProperty("bf16", std::to_string(bf16));
      if (simulated()) {
        EXPECT_EQ(tf32x3 == fp32, shared == 16384) << "through cuBLAS, and only there, tf32x3 is fp32";
      }
    }
  }
}

// After one update the first moment is a tenth of the gradient. What is not computed stays far from the host's,
// whatever was in memory before.
TEST_P(OnDevice, DifferentiatesEncodersOfEveryWidthInEveryPrecision) {
  constexpr int widths[] = {1, 16, 17, 33, 64, 65, 128, 129};
  for (const int hidden : widths)
    for (const int code : widths) {
      // Interpreted, all take half a minute; the bits of more widths are compared with the host's in tests/ptx.
      if (is("ptx") && (hidden % 16 != 1 || code % 32 != 1)) continue;
      Configuration configuration = test::small_configuration("gaussian_linear");
      configuration.networks.encoder.hidden = hidden;
      configuration.networks.encoder.code = code;
      const test::Trained expected = train_steps(configuration, host(2), 1);
      const Layout layout = Plan(configuration).layout;
      const auto encoder_of = [&](const test::Trained& trained) {
        return std::span<const float>(trained.state.first_moment)
            .first(static_cast<std::size_t>(layout.encoder_size()));
      };
      for (const Precision precision : {Precision::fp32, Precision::tf32x3, Precision::bf16}) {
        SCOPED_TRACE(testing::Message() << "hidden " << hidden << ", code " << code << ", precision "
                                        << static_cast<int>(precision));
        const test::Trained got = train_steps(configuration, processor(precision), 1);
        // Six roundings of operands by up to 2⁻⁹ lie between a weight and its gradient, and three before the loss. Some
        // switch a ReLU: 3 % of the gradient were seen. What is not computed is off by all of it.
        const bool rounded = precision == Precision::bf16;
        EXPECT_NEAR(got.losses[0], expected.losses[0],
                    (rounded ? 3.0 / 512 : 1e-4) * (1 + std::abs(expected.losses[0])));
        EXPECT_LE(distance(encoder_of(got), encoder_of(expected)), rounded ? 0.1 : 1e-4);
      }
    }
}

// Sums of 300 terms in another order differ by some 300 ε = 2e-5 of them at most, and by the root of that as a rule;
// ReLUs at which one is on and the other off are as rare as sums that small.
TEST_P(OnDevice, TrainsEncodersOfAnyWidthAsTheHostDoes) {
  for (const SimulatorInfo& simulator : simulators())
    for (const Pooling pooling : {Pooling::mean, Pooling::moments}) {
      SCOPED_TRACE(simulator.name);
      Configuration configuration = test::small_configuration(simulator.name);
      // One kind of pooling for numbers and one for vectors is enough to watch over memory, and to interpret.
      if ((test::sanitized || is("ptx")) && (pooling == Pooling::mean) != (simulator.observations.dimension == 1))
        continue;
      configuration.networks.encoder = {300, 4, pooling};
      configuration.episode.real_observations = {5, 30};
      configuration.training.meta_batch = 40;
      const test::Trained expected = train_steps(configuration, host(2), 3),
                          got = train_steps(configuration, processor(), 3);
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(got.losses[i], expected.losses[i], 2e-5 * (1 + std::abs(expected.losses[i])));
        EXPECT_NEAR(got.norms[i], expected.norms[i], 1e-4 * expected.norms[i]);
      }
      EXPECT_EQ(got.clamped, expected.clamped);
      EXPECT_EQ(train_steps(configuration, processor(), 3), got) << "not the same twice";
    }
}

TEST_P(OnDevice, TrainsFromACheckpointOfTheHostAndBack) {
  const test::TemporaryFolder folder;
  Configuration configuration = test::small_configuration();
  configuration.training.steps = 40;
  configuration.training.validate_every = 15;
  configuration.training.checkpoint_every = 7;
  /// Stops at these steps, and resumes each time on another processor; returns the last checkpoint.
  const auto run = [&](const char* name, std::vector<int> stops, auto processor) {
    const std::filesystem::path path = folder.path() / name;
    stops.push_back(configuration.training.steps);
    for (std::size_t i = 0; i < stops.size(); ++i) {
      TrainingOptions options;
      options.resume = i > 0;
      options.progress = [&](const TrainingProgress& progress) { return progress.step < stops[i]; };
      train(configuration, path, options, processor(i));
    }
    std::ostringstream content;
    content << std::ifstream(checkpoint_path(path, configuration.training.steps), std::ios::binary).rdbuf();
    return content.str();
  };
  const std::string expected = run("host", {}, [](std::size_t) { return host(); });
  EXPECT_EQ(run("device", {}, [&](std::size_t) { return processor(); }), expected);
  EXPECT_EQ(run("turns", {3, 11, 14, 30, 31}, [&](std::size_t i) { return i % 2 == 0 ? processor() : host(); }),
            expected);
  EXPECT_EQ(run("return", {20, 30}, [&](std::size_t i) { return i == 1 ? processor() : host(); }), expected);
}

TEST_P(OnDevice, IsSharedByTwoProcessors) {
  Configuration one = test::small_configuration(), other = test::small_configuration("gaussian");
  other.training.meta_batch = 40;
  Engine first = test::engine_on(one, processor()), second = test::engine_on(other, processor());
  for (Engine* engine : {&first, &second}) engine->begin(initial_state(engine->layout(), 1));
  for (int number = 0; number < 3; ++number) {
    const MetaStep steps[] = {test::meta_step(number)};
    for (Engine* engine : {&first, &second}) engine->submit(steps);
    for (Engine* engine : {&first, &second}) engine->collect();
  }
  EXPECT_EQ(first.state(), train_steps(one, host()).state);
  EXPECT_EQ(second.state(), train_steps(other, host()).state);
}

/// Takes all of a device's memory, in ever smaller pieces.
std::vector<cuda::DeviceArray<std::byte>> take_all(cuda::Runtime& runtime) {
  cuda::DeviceMemory memory{};
  cuda::require(runtime.memory(memory), "asking for the free memory");
  std::vector<cuda::DeviceArray<std::byte>> taken;
  for (std::int64_t size = memory.free; size >= 1024; size /= 2) {
    try {
      while (true) taken.emplace_back(runtime, size);
    } catch (const RunError&) {  // there is no room for another one of this size
    }
  }
  return taken;
}

TEST_P(OnDevice, RefusesABatchThatDoesNotFit) {
  device_.memory = 1 << 24;
  const Configuration configuration = test::small_configuration();
  const auto refusal = AllOf(HasSubstr("need"), HasSubstr("bytes of device memory"), HasSubstr("are free"));
  // A real device counts memory as free that it no longer hands out: there the first allocation fails.
  const auto real_refusal =
      AllOf(HasSubstr("bytes of device memory"), HasSubstr("out of memory"), HasSubstr("smaller training.meta_batch"));
  const auto expect_refusal = [&](const std::string& message) {
    if (simulated())
      EXPECT_THAT(message, refusal);
    else
      EXPECT_THAT(message, AnyOf(refusal, real_refusal));
  };
  {
    const std::unique_ptr<cuda::Runtime> other = runtime();
    std::unique_ptr<Processor> early = processor();
    Engine engine = test::engine_on(configuration, processor());
    const auto taken = take_all(*other);
    expect_refusal(message_of<RunError>([&] { train_steps(configuration, std::move(early)); }));
    expect_refusal(message_of<RunError>([&] { engine.begin(initial_state(engine.layout(), 1)); }));
  }
  EXPECT_EQ(train_steps(configuration, processor()), train_steps(configuration, host()));
}

// Ties, zeros and infinities among them; more numbers than a block has threads, and than a grid.
TEST_P(OnDevice, SortsAndAddsUpASampleAsTheHost) {
  const std::unique_ptr<Processor> device = processor();
  std::mt19937_64 generator(1);
  std::normal_distribution<float> normal(100, 1);
  for (const std::size_t count : {1U, 2U, 255U, 5000U, 1U << 20}) {
    SCOPED_TRACE(count);
    std::vector<float> x(3 * count);
    for (float& value : x) value = normal(generator);
    const std::vector<Moments> expected = host_statistics().moments(x, 3), got = device->statistics().moments(x, 3);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(got[k].count, expected[k].count);
      EXPECT_EQ(got[k].mean, expected[k].mean);
      EXPECT_EQ(got[k].squares, expected[k].squares);
    }
    std::vector<double> values(x.begin(), x.end());
    for (std::size_t i = 0; i < values.size(); i += 7) values[i] = std::floor(values[i]) - 100;
    values.front() = std::numeric_limits<double>::infinity();
    values.back() = -values.front();
    std::vector<double> sorted = values;
    host_statistics().sort(sorted);
    device->statistics().sort(values);
    EXPECT_TRUE(values == sorted);
  }
}

TEST_P(OnDevice, EvaluatesToTheNumbersOfTheHost) {
  for (const SimulatorInfo& simulator : simulators()) {
    SCOPED_TRACE(simulator.name);
    Configuration configuration = test::small_configuration(simulator.name);
    configuration.proposal.family = Family::gaussian;
    configuration.evaluation = {200, configuration.episode.iterations};
    const Layout layout = Plan(configuration).layout;
    const Checkpoint checkpoint{configuration, pilot_normalisation(configuration), initial_state(layout, 1), 0};
    Evaluation got = evaluate(checkpoint, configuration, processor()),
               expected = evaluate(checkpoint, configuration, host());
    got.seconds = expected.seconds = 0;
    EXPECT_EQ(to_json(got), to_json(expected));
    EXPECT_EQ(pilot_normalisation(configuration, processor()->statistics()).scale, checkpoint.normalisation.scale);
  }
}

TEST_P(OnDevice, Spins) {
  const std::unique_ptr<Processor> spinning = processor();
  const double operations = spinning->spin(1);
  EXPECT_GT(operations, 0);
  EXPECT_EQ(spinning->spin(3), 3 * operations);
}

class Gpu : public testing::Test {
 protected:
  void SetUp() override {
    const std::string trouble = cuda_devices().trouble;
    if (!trouble.empty()) GTEST_SKIP() << "no CUDA device: " << trouble;
  }
};

TEST_F(Gpu, IsRefusedWhereItDoesNotExist) {
  const int count = static_cast<int>(cuda_devices().names.size());
  EXPECT_THAT(message_of<RunError>([&] { gpu(count); }),
              AllOf(HasSubstr("device " + std::to_string(count)), HasSubstr("there are " + std::to_string(count))));
}

TEST_F(Gpu, TrainsTheExamplesToTheBitsOfTheHost) {
  int examples = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder("ALFI_EXAMPLES", ALFI_EXAMPLES))) {
    if (file.path().extension() != ".yaml") continue;
    Configuration configuration = load_configuration(file.path());
    if (minimises(configuration.simulator)) continue;  // on the CPU alone
    SCOPED_TRACE(file.path());
    ++examples;
    configuration.engine.encoder = Encoder::dense;  // the encoder of a device
    EXPECT_EQ(train_steps(configuration, gpu()), train_steps(configuration, host(0)));
  }
  EXPECT_GT(examples, 0);
}

}  // namespace
}  // namespace alfi
