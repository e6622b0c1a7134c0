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

DeviceRun run_of_widths(const char* simulator, int hidden, int code, Precision precision) {
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
  c.proposal.family = Family::gaussian_full;
  c.networks.encoder.pooling = Pooling::moments;
  const DeviceRun unsplit{c, Precision::fp32, 1, 232448, 2}, split{c, Precision::fp32, 12, 232448, 2};
  DeviceRun little = unsplit, products = split, tf32x3 = split, bf16 = split, wide = split, many = unsplit;
  little.shared_bytes = 30000;
  products.shared_bytes = 16384;
  tf32x3.precision = Precision::tf32x3;
  bf16.precision = Precision::bf16;
  tf32x3.configuration.networks.encoder.hidden = bf16.configuration.networks.encoder.hidden = 40;
  wide.precision = Precision::bf16;
  wide.configuration.networks.encoder.hidden = 100;
  many.configuration.training.meta_batch = 70;  // several tiles a block
  many.configuration.simulator = small_configuration("multi_distribution").simulator;
  return {unsplit, split, little, products, bf16, tf32x3, wide, many};
}

std::string text_of(const DeviceRun& run) {
  const Configuration& c = run.configuration;
  return fmt::format(
      "{}, transform {}, family {}, loss {}, hidden {}, code {}, pooling {}, T {} M {} N {} R {}-{} B {}, precision "
      "{}, "
      "{} multiprocessors, {} bytes of shared memory",
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
