// Every simulator with every transform, and with them by turns the other choices of a configuration: small runs that
// reach instructions the other tests do not.
#include <gtest/gtest.h>

#include "src/simulators.hpp"
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

Configuration small(const char* simulator, Transform transform, const Turns& turns) {
  Configuration c = small_configuration(simulator);
  c.simulator.transform = transform;
  c.proposal.family = turns.of<Family>(4, 1);
  c.proposal.start = turns.of<Start>(2, 1);
  c.episode = {2, 2 + turns.of<int>(3, 2), 3, {3, 3 + turns.of<int>(3, 1)}};
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

// A rollout is one kernel where there are blocks enough for every tile, and a row of kernels where there are more.
TEST(PtxCombinations, TrainToTheBitsOfTheHost) {
  Turns turns;
  for (const char* simulator : simulators)
    for (const Transform transform : {Transform::none, Transform::sqrt, Transform::log1p, Transform::asinh})
      for (const int multiprocessors : {1, 12}) {
        turns.next();
        DeviceRun run{small(simulator, transform, turns)};
        run.multiprocessors = multiprocessors;
        if (!is_valid(run.configuration)) continue;
        expect_bits_of_lanes(run);
      }
}

// In little shared memory the aggregator's activations are in the device's, and the encoder's products cuBLAS's.
TEST(PtxCombinations, TrainToTheBitsOfTheHostInLittleSharedMemory) {
  Turns turns;
  for (const char* simulator : simulators)
    for (const std::int64_t shared : {16384, 30000}) {
      turns.next();
      DeviceRun run{small(simulator, Transform::none, turns)};
      run.shared_bytes = shared;
      if (is_valid(run.configuration)) expect_bits_of_lanes(run);
    }
}

TEST(PtxCombinations, SimulateToTheBitsOfTheHost) {
  for (const char* simulator : simulators)
    for (const std::int64_t count : {1, 700}) {
      SCOPED_TRACE(simulator);
      SimulatedDevice lanes = device_of({}, SimulatedTeam::lanes), ptx = device_of({}, SimulatedTeam::ptx);
      EXPECT_TRUE(sample_of(simulator, count, *simulated_processor(ptx)) ==
                  sample_of(simulator, count, *simulated_processor(lanes)));
    }
}

TEST(PtxCombinations, Spin) {
  SimulatedDevice device = device_of({}, SimulatedTeam::ptx);
  EXPECT_GT(simulated_processor(device)->spin(1), 0);
}

}  // namespace
}  // namespace alfi::test
