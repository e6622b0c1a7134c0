#include "tests/ptx/kernels/runs.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "tests/support/small_configuration.hpp"

namespace alfi::test {

std::string architecture() {
  const char* const named = std::getenv("ALFI_PTX_ARCHITECTURE");
  return named != nullptr ? named : "sm_90";
}

const PtxKernels& ptx_kernels() { return PtxKernels::of(architecture()); }

DeviceRun run_of_widths(const std::string& simulator, int hidden, int code, Precision precision) {
  Configuration c = small_configuration(simulator);
  c.episode = {1, 2, 9, {7, 17}};
  c.networks.encoder = {hidden, code, (hidden + code) % 3 == 0 ? Pooling::moments : Pooling::mean};
  c.training.meta_batch = 17;
  return {c, precision};
}

std::vector<DeviceRun> runs_of_every_kernel() {
  Configuration c = small_configuration();
  c.episode = {2, 3, 7, {3, 20}};  // 21 observations: a block of 16 and a part of one
  c.training.meta_batch = 20;      // a tile and a part of one
  // Layers of more than the five outputs that one thread computes.
  c.networks.encoder = {13, 12, Pooling::moments};
  c.networks.aggregator = {12, 11};
  c.networks.rim.hidden = 13;
  c.networks.rim.state = 12;
  // Coupled parameters, and several tiles a block.
  Configuration coupled = c;
  coupled.simulator = small_configuration("multi_distribution").simulator;
  coupled.proposal.family = Family::gaussian_full;
  coupled.training.meta_batch = 70;
  // More blocks of observations than pieces of a gradient.
  Configuration long_sets = c;
  long_sets.episode = {2, 20, 7, {3, 20}};
  long_sets.training.meta_batch = 5;
  const auto wider = [](Configuration from, int hidden) {
    from.networks.encoder.hidden = hidden;
    return from;
  };
  const auto large_aggregator = [](Configuration from) {
    from.networks.aggregator = {100, 90};
    from.training.meta_batch = 70;
    return from;
  };
  constexpr int few = 1, many = 12;  // multiprocessors, of which some share a tile where there are many
  constexpr std::int64_t shared = 232448, shared_for_the_encoder = 50000, shared_for_no_network = 16384;
  return {{c, Precision::fp32, few, shared, 2},
          {c, Precision::fp32, many, shared, 2},
          {c, Precision::fp32, many, shared_for_no_network, 2},
          {long_sets, Precision::fp32, few, shared, 2},
          {wider(c, 40), Precision::bf16, many, shared, 2},
          {wider(long_sets, 40), Precision::bf16, few, shared, 2},
          {wider(c, 40), Precision::tf32x3, many, shared, 2},
          {wider(c, 100), Precision::bf16, many, shared, 2},
          {coupled, Precision::fp32, few, shared, 2},
          {coupled, Precision::tf32x3, few, shared, 2},
          {large_aggregator(c), Precision::fp32, few, shared_for_the_encoder, 2},
          {large_aggregator(coupled), Precision::fp32, few, shared_for_the_encoder, 2}};
}

std::string text_of(const DeviceRun& run) {
  const Configuration& c = run.configuration;
  return fmt::format(
      "{}, transform {}, family {}, loss {}, hidden {}, code {}, pooling {}, T {} M {} N {} R {}-{} B {}, precision "
      "{}, {} multiprocessors, {} bytes of shared memory",
      c.simulator.name, static_cast<int>(c.simulator.transform), static_cast<int>(c.proposal.family),
      static_cast<int>(c.training.loss), c.networks.encoder.hidden, c.networks.encoder.code,
      static_cast<int>(c.networks.encoder.pooling), c.episode.iterations, c.episode.thetas, c.episode.observations,
      c.episode.real_observations.min, c.episode.real_observations.max, c.training.meta_batch,
      static_cast<int>(run.precision), run.multiprocessors, run.shared_bytes);
}

bool is_valid(const Configuration& configuration) {
  try {
    validate(configuration);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

SimulatedDevice device_of(const DeviceRun& run, SimulatedTeam team) {
  SimulatedDevice device;
  device.properties.multiprocessors = run.multiprocessors;
  device.properties.shared_bytes = run.shared_bytes;
  device.team = team;
  if (team == SimulatedTeam::ptx) device.ptx = &ptx_kernels();
  return device;
}

Trained train_on(SimulatedDevice& device, const DeviceRun& run) {
  return train_steps(run.configuration, simulated_processor(device, run.precision), run.steps);
}

void expect_bits_of_lanes(const DeviceRun& run) {
  SCOPED_TRACE(text_of(run));
  SimulatedDevice lanes = device_of(run, SimulatedTeam::lanes), ptx = device_of(run, SimulatedTeam::ptx);
  const Trained expected = train_on(lanes, run), got = train_on(ptx, run);
  for (const double loss : expected.losses) EXPECT_TRUE(std::isfinite(loss)) << loss;
  EXPECT_EQ(got.losses, expected.losses);
  EXPECT_EQ(got.norms, expected.norms);
  EXPECT_TRUE(got == expected);
}

}  // namespace alfi::test
