#include "src/backends/cuda/launch_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <tuple>
#include <utility>

#include "alfi/configuration.hpp"
#include "alfi/error.hpp"
#include "src/model/plan.hpp"
#include "tests/support/message_of.hpp"

namespace alfi::cuda {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Devices by their makers' figures: shared memory of a block and of a multiprocessor.
const DeviceProperties ampere{"sm_80", 8, 0, 108, 166912, 167936};
const DeviceProperties ada{"sm_89", 8, 9, 128, 101376, 102400};
const DeviceProperties hopper{"sm_90", 9, 0, 132, 232448, 233472};
constexpr std::int64_t gigabyte = std::int64_t{1} << 30;

Shape published_poisson() {
  Configuration configuration;
  configuration.simulator.name = "poisson";
  return Plan(configuration).shape_over(5);
}

TEST(LaunchPlan, HoldsAllTilesWhereTheyFit) {
  for (const DeviceProperties& device : {ampere, ada, hopper})
    for (const int episodes : {1, 16, 17, 64, 4096, 100000}) {
      const LaunchPlan plan =
          plan_launches(published_poisson(), episodes, true, Precision::fp32, device, 80 * gigabyte);
      EXPECT_EQ(plan.tiles, (episodes + 15) / 16);
      EXPECT_EQ(plan.slots, plan.tiles);
      EXPECT_EQ(plan.chunks(), 1);
      EXPECT_EQ(plan.blocks, std::min(plan.tiles, gradient_partials));
      for (std::size_t i = 0; i < std::size(device_kernel_names); ++i) {
        const auto kernel = static_cast<DeviceKernel>(i);
        const bool run = kernel == DeviceKernel::rollout ? !plan.split
                         : encodes(kernel)               ? plan.encoder == EncoderKernels::fused
                                                         : true;
        if (run) {
          EXPECT_LE(plan.shared_bytes(kernel), device.shared_bytes);
        }
      }
      EXPECT_LE(plan.bytes, 72 * gigabyte);
    }
}

TEST(LaunchPlan, CutsIntoChunksThatFit) {
  const Shape shape = published_poisson();
  int last = 1 << 30;
  for (std::int64_t free = 64 * gigabyte; free >= gigabyte / 16; free /= 2) {
    const LaunchPlan plan = plan_launches(shape, 1000000, true, Precision::fp32, hopper, free);
    EXPECT_LE(plan.bytes, free * 9 / 10);
    EXPECT_GE(plan.slots, 1);
    EXPECT_LE(plan.slots, last);
    EXPECT_LE(plan.blocks, plan.slots);
    if (plan.slots > gradient_partials && plan.slots < plan.tiles) {
      EXPECT_EQ(plan.slots % gradient_partials, 0);
    }
    last = plan.slots;
  }
}

TEST(LaunchPlan, FillsTheMemoryThereIs) {
  // A slot more would not fit, but for the rounding to whole rounds of partial sums.
  const Shape shape = published_poisson();
  const LaunchPlan plan = plan_launches(shape, 1000000, true, Precision::fp32, hopper, gigabyte / 8);
  ASSERT_LT(plan.slots, gradient_partials);
  const std::int64_t slot =
      plan.tile_size * std::int64_t{sizeof(float)} + std::int64_t{sizeof(Tile<float>) + sizeof(TileInput<float>)};
  EXPECT_GT(plan.bytes + slot, gigabyte / 8 * 9 / 10);
}

TEST(LaunchPlan, FusesTheEncoderWhereSharedMemoryIsEnough) {
  const std::int64_t bytes = encoder_block_size(Variant{}, published_poisson(), 0) * std::int64_t{sizeof(float)};
  for (const auto& [shared, kernels] : {std::pair{bytes, EncoderKernels::fused}, {bytes - 1, EncoderKernels::cublas}}) {
    DeviceProperties device = hopper;
    device.shared_bytes = shared;
    const LaunchPlan plan = plan_launches(published_poisson(), 64, true, Precision::fp32, device, gigabyte);
    EXPECT_EQ(plan.encoder, kernels);
    if (kernels == EncoderKernels::fused) {
      EXPECT_EQ(plan.shared_bytes(DeviceKernel::encode), bytes);
    }
  }
}

TEST(LaunchPlan, KeepsAsManyObservationsAsThereIsRoomFor) {
  const Shape shape = published_poisson();
  for (const Precision precision : {Precision::tf32x3, Precision::bf16}) {
    const Variant variant{precision, Activations::shared, narrow_tensor};
    DeviceProperties device = hopper;
    for (int kept = most_kept(variant); kept >= 1; --kept) {
      device.shared_bytes = encoder_block_size(variant, shape, kept) * std::int64_t{sizeof(float)};
      const LaunchPlan plan = plan_launches(shape, 64, true, precision, device, gigabyte);
      EXPECT_EQ(plan.encoder, EncoderKernels::fused);
      EXPECT_EQ(plan.variant.precision, precision);
      EXPECT_EQ(plan.variant.widest, narrow_tensor);
      EXPECT_EQ(plan.kept, kept);
      EXPECT_EQ(plan.shared_bytes(DeviceKernel::encoder_gradient), device.shared_bytes);
    }
    --device.shared_bytes;
    EXPECT_EQ(plan_launches(shape, 64, true, precision, device, gigabyte).encoder, EncoderKernels::cublas);
  }
}

TEST(LaunchPlan, TakesTheKernelsForAWidth) {
  Shape shape = published_poisson();
  const auto planned = [&](Precision precision, int hidden, int code) {
    shape.encoder_hidden = hidden;
    shape.C = code;
    return plan_launches(shape, 64, true, precision, hopper, 2 * gigabyte);
  };
  EXPECT_EQ(planned(Precision::tf32x3, 64, 16).variant.widest, narrow_tensor);
  EXPECT_EQ(planned(Precision::bf16, 64, 64).variant.widest, narrow_tensor);
  EXPECT_EQ(planned(Precision::bf16, 65, 16).variant.widest, wide_tensor);
  EXPECT_EQ(planned(Precision::bf16, 16, 65).variant.widest, wide_tensor);
  EXPECT_EQ(planned(Precision::bf16, 128, 128).variant.widest, wide_tensor);
  EXPECT_EQ(planned(Precision::bf16, 128, 128).encoder, EncoderKernels::fused);
  EXPECT_EQ(planned(Precision::bf16, 129, 16).encoder, EncoderKernels::cublas);
  EXPECT_EQ(planned(Precision::bf16, 129, 16).variant.precision, Precision::bf16);
  EXPECT_EQ(planned(Precision::tf32x3, 65, 16).encoder, EncoderKernels::cublas);
  EXPECT_EQ(planned(Precision::tf32x3, 65, 16).variant.precision, Precision::fp32);
}

/// In bf16, on the devices the kernels are made for.
TEST(LaunchPlan, FusesThePublishedNetworks) {
  Shape weinberg = published_poisson();
  weinberg.D = 2;
  weinberg.C = weinberg.A = 60;
  weinberg.aggregator_hidden = 50;
  for (const Shape& shape : {published_poisson(), weinberg})
    for (const DeviceProperties& device : {ampere, ada, hopper}) {
      const LaunchPlan plan = plan_launches(shape, 4096, true, Precision::bf16, device, 80 * gigabyte);
      EXPECT_EQ(plan.encoder, EncoderKernels::fused) << device.name;
      // A block keeps an observation for each warp, or so few that one more would not fit.
      const auto bytes = [&](int kept) {
        return encoder_block_size(plan.variant, shape, kept) * std::int64_t{sizeof(float)};
      };
      EXPECT_LE(bytes(plan.kept), device.shared_bytes) << device.name;
      EXPECT_TRUE(plan.kept == most_kept(plan.variant) || bytes(plan.kept + 1) > device.shared_bytes) << device.name;
      // Two blocks of encode have room on a multiprocessor.
      EXPECT_LE(2 * (plan.shared_bytes(DeviceKernel::encode) + 1024), device.shared_bytes + 1024) << device.name;
    }
}

TEST(LaunchPlan, KnowsTheWidestEncoderItFuses) {
  Shape shape = published_poisson();
  for (const DeviceProperties& device : {ampere, ada, hopper}) {
    shape.encoder_hidden = widest_fused_encoder(shape.C, Precision::fp32, device);
    EXPECT_GT(shape.encoder_hidden, 30);
    EXPECT_EQ(encoder_kernels(shape, Precision::fp32, device), EncoderKernels::fused);
    ++shape.encoder_hidden;
    EXPECT_EQ(encoder_kernels(shape, Precision::fp32, device), EncoderKernels::cublas);
  }
}

TEST(LaunchPlan, CutsARolloutThatDoesNotFitOneKernel) {
  Shape shape = published_poisson();
  shape.aggregator_hidden = 100;
  const std::int64_t bytes = block_size(shape, true) * std::int64_t{sizeof(float)};
  for (const auto& [shared, split] : {std::pair{bytes, false}, {bytes - 1, true}}) {
    DeviceProperties device = hopper;
    device.shared_bytes = shared;
    const LaunchPlan plan = plan_launches(shape, 16000, true, Precision::fp32, device, 80 * gigabyte);
    EXPECT_EQ(plan.split, split);
    EXPECT_EQ(plan.shares, 1);
    EXPECT_EQ(plan.encoder, EncoderKernels::fused);
    EXPECT_EQ(plan.variant.activations, Activations::shared);
  }
  EXPECT_TRUE(plan_launches(shape, 16000, true, Precision::bf16, hopper, 80 * gigabyte).split);
}

TEST(LaunchPlan, KeepsTheAggregatorInSharedMemoryWhereItIsEnough) {
  Shape shape = published_poisson();
  shape.encoder_hidden = 500;
  const std::int64_t bytes = aggregator_block_size(shape, true) * std::int64_t{sizeof(float)};
  DeviceProperties device = hopper;
  device.shared_bytes = bytes;
  const LaunchPlan shared = plan_launches(shape, 64, true, Precision::fp32, device, 2 * gigabyte);
  EXPECT_EQ(shared.variant.activations, Activations::shared);
  EXPECT_EQ(shared.shared_bytes(DeviceKernel::advance), bytes);
  device.shared_bytes = bytes - 1;
  const LaunchPlan global = plan_launches(shape, 64, true, Precision::fp32, device, 2 * gigabyte);
  EXPECT_EQ(global.variant.activations, Activations::global);
  EXPECT_EQ(global.shared_bytes(DeviceKernel::advance), 0);
  EXPECT_EQ(global.bytes - shared.bytes,
            global.blocks * aggregator_block_size(shape, false) * std::int64_t{sizeof(float)});
}

TEST(LaunchPlan, HasRoomForTheRowsOfProducts) {
  Shape shape = published_poisson();
  shape.encoder_hidden = 500;
  const auto planned = [&](int tiles) {
    return plan_launches(shape, 16 * tiles, false, Precision::fp32, hopper, 80 * gigabyte);
  };
  const std::int64_t numbers = tile_size(shape) + code_size(shape) + wide_size(shape);
  EXPECT_EQ(planned(9).bytes - planned(4).bytes,
            5 * (numbers * std::int64_t{sizeof(float)} + std::int64_t{sizeof(Tile<float>) + sizeof(TileInput<float>)}));
  EXPECT_GT(wide_size(shape), 3 * std::int64_t{500} * wide_observations(shape) * tile_lanes);
  EXPECT_LT(planned(100000).slots, 100000);
  EXPECT_EQ(planned(100000).encoder, EncoderKernels::cublas);
}

TEST(LaunchPlan, TakesWideEncodersSomeObservationsAtATime) {
  Shape shape = published_poisson();
  for (const auto& [hidden, R, expected] :
       {std::tuple{500, 500, 500}, {500, 600, 512}, {500, 5000, 512}, {4096, 500, 64}, {100, 12, 400}}) {
    shape.encoder_hidden = hidden;
    shape.R = R;
    EXPECT_EQ(wide_observations(shape), expected);
  }
}

TEST(LaunchPlan, SharesATileBetweenBlocksThatWouldBeIdle) {
  const Shape shape = published_poisson();  // 500 real observations are 32 blocks
  const auto shares = [&](int episodes) {
    return plan_launches(shape, episodes, true, Precision::fp32, hopper, 80 * gigabyte).shares;
  };
  EXPECT_EQ(shares(1), 32);
  EXPECT_EQ(shares(32), 32);
  EXPECT_EQ(shares(16 * 5), 132 / 5);
  EXPECT_EQ(shares(16 * 44), 3);
  EXPECT_EQ(shares(16 * 66), 2);
  EXPECT_EQ(shares(16 * 67), 1);
  EXPECT_EQ(shares(100000), 1);
  for (const DeviceProperties& device : {ampere, ada, hopper})
    for (int tiles = 1; tiles < 200; ++tiles) {
      const LaunchPlan plan = plan_launches(shape, 16 * tiles, true, Precision::fp32, device, 80 * gigabyte);
      EXPECT_LE(plan.blocks * plan.shares,
                std::max(tiles, device.multiprocessors * (plan.encoder == EncoderKernels::fused ? 1 : 4)));
    }
}

TEST(LaunchPlan, SharesNoTileWhereThereIsNoRoomForItsCodes) {
  const Shape shape = published_poisson();
  const std::int64_t needed = least_bytes(shape, 16, true, Precision::fp32, hopper);
  const std::int64_t codes = code_size(shape) * std::int64_t{sizeof(float)};
  for (const auto& [bytes, expected] : {std::pair{needed + codes, 32}, {needed + codes - 1, 1}}) {
    const auto free = static_cast<std::int64_t>(static_cast<double>(bytes + 1) / 0.9);
    EXPECT_EQ(plan_launches(shape, 16, true, Precision::fp32, hopper, free).shares, expected) << bytes;
  }
}

TEST(LaunchPlan, RefusesWithTheBytesThatAreNeeded) {
  const Shape shape = published_poisson();
  const std::int64_t needed = least_bytes(shape, 64, true, Precision::fp32, hopper);
  const auto free = static_cast<std::int64_t>(static_cast<double>(needed) / 0.9);
  EXPECT_EQ(plan_launches(shape, 64, true, Precision::fp32, hopper, free + 2).slots, 1);
  EXPECT_THAT(
      message_of<RunError>([&] { plan_launches(shape, 64, true, Precision::fp32, hopper, free - 2); }),
      AllOf(HasSubstr(std::to_string(needed) + " bytes"), HasSubstr(std::to_string(free - 2)), HasSubstr("sm_90")));
}

TEST(LaunchPlan, WhatARolloutIsAskedForIsTheBeginningOfATile) {
  for (const int D : {1, 2}) {
    Shape shape = published_poisson();
    shape.D = D;
    std::vector<float> memory(static_cast<std::size_t>(tile_size(shape)));
    Carver<float> carver(memory.data());
    const Tile<float> tile = carve_tile(shape, carver);
    EXPECT_EQ(tile.real.data - memory.data(), results_size(shape));
    EXPECT_EQ(tile.theta - memory.data(), problem_size(shape));
    Carver<float> limited(memory.data(), results_size(shape));
    const Tile<float> results = carve_tile(shape, limited);
    EXPECT_EQ(results.episode_loss, tile.episode_loss);
    EXPECT_EQ(results.real.data, nullptr);
    EXPECT_EQ(results.deviation, nullptr);
  }
}

}  // namespace
}  // namespace alfi::cuda
