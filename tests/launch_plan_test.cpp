#include "src/cuda/launch_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "alfi/configuration.hpp"
#include "alfi/error.hpp"
#include "src/model.hpp"
#include "tests/support/message_of.hpp"

namespace alfi::cuda {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

// As their makers tell: shared memory of a block and of a multiprocessor.
const DeviceProperties ampere{"sm_80", 8, 0, 108, 166912, 167936};
const DeviceProperties ada{"sm_89", 8, 9, 128, 101376, 102400};
const DeviceProperties hopper{"sm_90", 9, 0, 132, 232448, 233472};
constexpr std::int64_t gigabyte = std::int64_t{1} << 30;

Shape published_poisson() {
  Configuration configuration;
  configuration.simulator.name = "poisson";
  return shape_of(configuration, 5);
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
      EXPECT_LE(plan.shared_bytes(), device.shared_bytes);
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

TEST(LaunchPlan, TakesSharedMemoryWhereItIsEnough) {
  const std::int64_t bytes = block_size(published_poisson(), true) * std::int64_t{sizeof(float)};
  for (const auto& [shared, expected] : {std::pair{bytes, true}, {bytes - 1, false}}) {
    DeviceProperties device = hopper;
    device.shared_bytes = shared;
    const LaunchPlan plan = plan_launches(published_poisson(), 64, true, Precision::fp32, device, gigabyte);
    EXPECT_EQ(plan.variant.activations == Activations::shared, expected);
    EXPECT_EQ(plan.shared_bytes(), expected ? bytes : 0);
    for (const Precision precision : {Precision::tf32x3, Precision::bf16}) {
      const auto planned = [&] { return plan_launches(published_poisson(), 64, true, precision, device, gigabyte); };
      if (expected)
        EXPECT_EQ(planned().variant.precision, precision);
      else
        EXPECT_THAT(message_of<RunError>(planned), HasSubstr("shared memory"));
    }
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
      EXPECT_LE(plan.blocks * plan.shares, std::max(tiles, device.multiprocessors));
    }
}

TEST(LaunchPlan, SharesNoTileWhereThereIsNoRoomForItsCodes) {
  const Shape shape = published_poisson();
  const std::int64_t needed = least_bytes(shape, 16, true, hopper);
  const std::int64_t codes = code_size(shape) * std::int64_t{sizeof(float)};
  for (const auto& [bytes, expected] : {std::pair{needed + codes, 32}, {needed + codes - 1, 1}}) {
    const auto free = static_cast<std::int64_t>(static_cast<double>(bytes + 1) / 0.9);
    EXPECT_EQ(plan_launches(shape, 16, true, Precision::fp32, hopper, free).shares, expected) << bytes;
  }
}

TEST(LaunchPlan, RefusesWithTheBytesThatAreNeeded) {
  const Shape shape = published_poisson();
  const std::int64_t needed = least_bytes(shape, 64, true, hopper);
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
