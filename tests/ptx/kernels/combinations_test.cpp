// Every simulator with every transform, and with them by turns the other choices of a configuration: small runs that
// reach instructions the other tests do not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "alfi/simulators.hpp"
#include "src/formats/safetensors.hpp"
#include "src/machine/replay.hpp"
#include "tests/ptx/kernels/runs.hpp"
#include "tests/support/small_configuration.hpp"

namespace alfi::test {
namespace {

/// Draws by turns: each choice has another period, so that they meet in all ways.
class Turns {
 public:
  template <class Choice>
  Choice of(int choices, int period) const {
    return static_cast<Choice>(number_ / period % choices);
  }
  void next() { ++number_; }

 private:
  int number_ = 0;
};

Configuration small(const std::string& simulator, Transform transform, const Turns& turns) {
  Configuration c = small_configuration(simulator);
  c.simulator.transform = transform;
  c.proposal.family = turns.of<Family>(4, 1);
  c.proposal.start = turns.of<Start>(2, 1);
  c.episode = {1 + turns.of<int>(7, 2), 2 + turns.of<int>(8, 1), 1 + turns.of<int>(6, 1), {1 + turns.of<int>(5, 1), 9}};
  c.networks.encoder.pooling = turns.of<Pooling>(2, 3);
  c.networks.rim.update = turns.of<Update>(2, 2);
  c.networks.use_grad = turns.of<int>(3, 2) > 0;
  const bool deviates = c.proposal.family == Family::gaussian || c.proposal.family == Family::gaussian_full;
  c.training.loss = deviates ? turns.of<Loss>(2, 4) : turns.of<Loss>(2, 4) == Loss::normal ? Loss::mse : Loss::l1;
  c.training.weights = turns.of<Weights>(4, 3);
  c.training.problems = turns.of<int>(3, 1) == 0 ? 37 : 0;
  c.training.meta_batch = 5 + 9 * turns.of<int>(3, 1);
  return c;
}

/// A rollout is one kernel in fp32, where there are not many blocks for few tiles, and else a row of kernels.
constexpr Precision whole = Precision::fp32, split = Precision::tf32x3;

TEST(PtxCombinations, TrainToTheBitsOfTheHost) {
  Turns turns;
  for (const SimulatorInfo& simulator : simulators())
    for (const Transform transform : {Transform::none, Transform::sqrt, Transform::log1p, Transform::asinh})
      for (const Precision precision : {whole, split}) {
        turns.next();
        DeviceRun run{small(simulator.name, transform, turns), precision};
        run.multiprocessors = 1;
        if (!is_valid(run.configuration)) continue;
        expect_bits_of_lanes(run);
      }
}

// On normal scores a uniform or normal prior is computed, others are looked up: some of them by their logarithm.
TEST(PtxCombinations, TrainOnNormalScoresToTheBitsOfTheHost) {
  for (const SimulatorInfo& simulator : simulators())
    for (const Prior prior : {Prior::uniform, Prior::log_uniform, Prior::truncated_normal})
      for (const Precision precision : {whole, split}) {
        SCOPED_TRACE(simulator.name);
        DeviceRun run{small_configuration(simulator.name), precision};
        run.configuration.parameters.space = Space::normal;
        run.configuration.proposal.start = Start::draw;
        for (const ParameterInfo& p : simulator.parameters) {
          if (prior == Prior::log_uniform)
            run.configuration.prior[p.name] = log_uniform(std::max(p.low, p.high / 2), p.high);
          if (prior == Prior::truncated_normal)
            run.configuration.prior[p.name] = truncated_normal(p.mean(), p.deviation(), p.low, p.high);
        }
        run.multiprocessors = 1;
        EXPECT_TRUE(is_valid(run.configuration));
        expect_bits_of_lanes(run);
      }
}

// In little shared memory the aggregator's activations are in the device's, and the encoder's products cuBLAS's.
TEST(PtxCombinations, TrainToTheBitsOfTheHostInLittleSharedMemory) {
  Turns turns;
  for (const SimulatorInfo& simulator : simulators())
    for (const std::int64_t shared : {16384, 30000}) {
      turns.next();
      DeviceRun run{small(simulator.name, Transform::none, turns)};
      run.shared_bytes = shared;
      if (is_valid(run.configuration)) expect_bits_of_lanes(run);
    }
}

/// Takes all that is no number for one number, which no result is.
Numbers without_nan(Numbers rows, int& numbers) {
  for (std::vector<float>& row : rows)
    for (float& x : row)
      if (std::isnan(x))
        x = std::numeric_limits<float>::lowest();
      else
        ++numbers;
  return rows;
}

// The kernels have code for transforms that no configuration may ask for: roots and logarithms of observations that can
// be negative. Of one observation alone, it is not in some episodes; of many, most of a group is computed.
TEST(PtxCombinations, TransformWhatCanBeNegativeToTheBitsOfTheHost) {
  for (const SimulatorInfo& simulator : simulators())
    for (const Transform transform : {Transform::sqrt, Transform::log1p, Transform::asinh})
      for (const int observations : {1, 9})
        for (const Precision precision : {whole, split}) {
          SCOPED_TRACE(simulator.name);
          DeviceRun run{small_configuration(simulator.name), precision};
          run.configuration.simulator.transform = transform;
          run.configuration.episode = {1, 2, observations, {observations, observations}};
          run.configuration.proposal.start = Start::draw;
          run.multiprocessors = 1;
          SimulatedDevice lanes = device_of(run, SimulatedTeam::lanes), ptx = device_of(run, SimulatedTeam::ptx);
          const auto rolled_out = [&](SimulatedDevice& device, int& numbers) {
            return without_nan(rollout_of(run.configuration, simulated_processor(device, run.precision), 40), numbers);
          };
          int expected_numbers = 0, numbers = 0;
          EXPECT_EQ(rolled_out(ptx, numbers), rolled_out(lanes, expected_numbers));
          EXPECT_GT(numbers, 0);
          EXPECT_EQ(numbers, expected_numbers);
        }
}

// Layers of more than 64 features have more numbers than four to a thread, how many a loop of the compiler's takes.
TEST(PtxCombinations, TrainWideLayersToTheBitsOfTheHost) {
  Configuration c = small_configuration("gaussian");
  c.networks.aggregator = {90, 85};
  c.networks.rim.hidden = 95;
  c.networks.rim.state = 85;
  for (const std::int64_t shared : {std::int64_t{232448}, std::int64_t{50000}}) {
    expect_bits_of_lanes({.configuration = c, .multiprocessors = 1, .shared_bytes = shared});
    expect_bits_of_lanes({.configuration = c, .precision = split, .multiprocessors = 1, .shared_bytes = shared});
  }
  c.training.meta_batch = 1100;
  c.episode = {1, 2, 1, {1, 1}};
  expect_bits_of_lanes({.configuration = c, .multiprocessors = 1});
}

// Loops over iterations that the compiler unrolled, by up to 16, with every remainder.
TEST(PtxCombinations, TrainLongEpisodesToTheBitsOfTheHost) {
  Configuration c = small_configuration("linear_regression");
  c.proposal.family = Family::gaussian_full;
  c.networks.aggregator.hidden = 40;
  c.training.meta_batch = 3;
  for (const int iterations : {5, 6, 7, 8, 9, 31})
    for (const Weights weights : {Weights::exp, Weights::oi}) {
      c.episode = {iterations, 2 + iterations % 4, 2, {1, 3}};
      c.training.weights = weights;
      for (const std::int64_t shared : {std::int64_t{232448}, std::int64_t{25000}})
        expect_bits_of_lanes({.configuration = c, .multiprocessors = 1, .shared_bytes = shared});
      expect_bits_of_lanes({.configuration = c, .precision = split, .multiprocessors = 1});
    }
}

TEST(PtxCombinations, TrainManyParametersToTheBitsOfTheHost) {
  Configuration c = small_configuration("multi_distribution");
  c.episode = {2, 31, 1, {1, 3}};
  for (const Pooling pooling : {Pooling::mean, Pooling::moments}) {
    c.networks.encoder.pooling = pooling;
    for (const std::int64_t shared : {std::int64_t{232448}, std::int64_t{25000}})
      expect_bits_of_lanes({.configuration = c, .multiprocessors = 1, .shared_bytes = shared});
    expect_bits_of_lanes({.configuration = c, .precision = split, .multiprocessors = 1});
  }
}

// Proposals and problems that are given instead of drawn.
TEST(PtxCombinations, ReplayToTheBitsOfTheHost) {
  for (const char* const name : {"poisson_networks", "weinberg_networks"}) {
    const SafeTensors tape = read_safetensors(std::string(ALFI_TEST_DATA "/") + name + ".safetensors");
    for (const Precision precision : {whole, split}) {
      const DeviceRun run{.precision = precision, .multiprocessors = 1};
      SimulatedDevice lanes = device_of(run, SimulatedTeam::lanes), ptx = device_of(run, SimulatedTeam::ptx);
      EXPECT_EQ(replay(tape, *simulated_processor(ptx, precision)).tensors,
                replay(tape, *simulated_processor(lanes, precision)).tensors);
    }
  }
}

// Observations of many numbers make a first layer of many weights, and many parameters long loops over them.
TEST(PtxCombinations, TrainManyDimensionsToTheBitsOfTheHost) {
  Configuration c = small_configuration("gaussian_linear");
  c.simulator.parameters = {{"dimensions", 37}};
  c.networks.encoder.hidden = 40;
  for (const Precision precision : {Precision::fp32, Precision::tf32x3, Precision::bf16})
    expect_bits_of_lanes({.configuration = c, .precision = precision});
  c.networks.encoder.hidden = 100;
  expect_bits_of_lanes({.configuration = c, .precision = Precision::bf16});
  expect_bits_of_lanes({.configuration = c, .shared_bytes = 16384});
  c.proposal.family = Family::gaussian_full;
  c.networks.encoder.hidden = 7;
  c.training.meta_batch = 3;
  for (const int dimensions : {37, 12})
    for (const std::int64_t shared : {std::int64_t{232448}, std::int64_t{25000}}) {
      c.simulator.parameters["dimensions"] = dimensions;
      expect_bits_of_lanes({.configuration = c, .multiprocessors = 1, .shared_bytes = shared});
      expect_bits_of_lanes({.configuration = c, .precision = split, .multiprocessors = 1, .shared_bytes = shared});
    }
}

TEST(PtxCombinations, TrainManyInputsToTheBitsOfTheHost) {
  Configuration c = small_configuration("linear_regression");
  c.simulator.parameters = {{"inputs", 11}};
  for (const Precision precision : {whole, split}) expect_bits_of_lanes({.configuration = c, .precision = precision});
}

TEST(PtxCombinations, SimulateToTheBitsOfTheHost) {
  for (const SimulatorInfo& simulator : simulators())
    for (const double place : {0.02, 0.3, 0.65, 0.98}) {
      SCOPED_TRACE(simulator.name);
      SimulatedDevice lanes = device_of({}, SimulatedTeam::lanes), ptx = device_of({}, SimulatedTeam::ptx);
      EXPECT_TRUE(sample_of(simulator.name, 701, *simulated_processor(ptx), place) ==
                  sample_of(simulator.name, 701, *simulated_processor(lanes), place));
    }
}

TEST(PtxCombinations, Spin) {
  SimulatedDevice device = device_of({}, SimulatedTeam::ptx);
  EXPECT_GT(simulated_processor(device)->spin(1), 0);
}

}  // namespace
}  // namespace alfi::test
