// Configurations drawn at random, so that combinations are tested that were not thought of.
#include <gtest/gtest.h>

#include <cstddef>
#include <random>

#include "alfi/simulators.hpp"
#include "tests/ptx/kernels/runs.hpp"
#include "tests/support/small_configuration.hpp"

namespace alfi::test {
namespace {

/// Draws a run that may break a rule of configurations.
class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  DeviceRun run(int widest) {
    constexpr std::int64_t shared[] = {232448, 232448, 101376, 49152, 30000, 16384};
    const int last = static_cast<int>(simulators().size()) - 1;
    DeviceRun run{small_configuration(simulators()[static_cast<std::size_t>(from(0, last))].name)};
    Configuration& c = run.configuration;
    c.proposal.family = static_cast<Family>(from(0, 3));
    c.proposal.start = static_cast<Start>(from(0, 1));
    const int real = from(1, 20);
    c.episode = {from(1, 3), from(2, 9), from(1, 7), {real, real + from(0, 15)}};
    c.networks.encoder = {from(1, from(1, widest)), from(1, from(1, widest)), static_cast<Pooling>(from(0, 1))};
    c.networks.aggregator = {from(0, 9) == 0 ? from(40, 120) : from(1, 24), from(1, 24)};
    c.networks.rim.hidden = from(1, 24);
    c.networks.rim.state = from(0, 2) == 0 ? from(24, 50) : from(1, 24);
    c.networks.rim.update = static_cast<Update>(from(0, 1));
    c.networks.use_grad = from(0, 3) > 0;
    const bool deviates = c.proposal.family == Family::gaussian || c.proposal.family == Family::gaussian_full;
    c.training.loss = static_cast<Loss>(from(0, deviates ? 1 : 3));
    c.training.weights = static_cast<Weights>(from(0, 3));
    c.training.meta_batch = from(0, 9) == 0 ? from(200, 300) : from(1, 70);
    c.training.problems = from(0, 2) == 0 ? 37 : 0;
    if (from(0, 1) == 0) c.simulator.transform = static_cast<Transform>(from(0, 3));
    run.multiprocessors = from(1, 12);
    run.shared_bytes = shared[from(0, 5)];
    run.steps = 2;
    return run;
  }

 private:
  int from(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }
  std::mt19937_64 random_;
};

TEST(PtxDrawn, TrainToTheBitsOfTheHost) {
  int compared = 0;
  for (unsigned seed = 0; compared < 16; ++seed) {
    DeviceRun run = Draw(seed).run(seed % 4 == 0 ? 128 : 64);
    if (!is_valid(run.configuration)) continue;
    ++compared;
    for (const Precision precision : {Precision::fp32, Precision::tf32x3, Precision::bf16}) {
      run.precision = precision;
      expect_bits_of_lanes(run);
    }
  }
}

}  // namespace
}  // namespace alfi::test
