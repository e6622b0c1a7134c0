// Runs an episode whose problem, start, proposals and observations the kernels draw themselves, on any team.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "tests/support/arena.hpp"
#include "tests/support/drawn_settings.hpp"

namespace alfi::test {

/// Draws of an episode, and what came of them; equal only if every number was written.
struct DrawnEpisode {
  std::vector<std::uint32_t> problem;
  std::vector<float> weight, count, left_out, truth, real, theta, x, counts, clamped, psi, loss;
  bool operator==(const DrawnEpisode&) const = default;
};

/// Runs an episode from its draws on. launch(body) runs body(team) on every thread of a team.
template <class Launch>
DrawnEpisode run_drawn(int simulator, std::uint64_t seed, Launch launch) {
  const DrawnSettings drawn({.simulator = simulator,
                             .seed = seed,
                             .episodes = 30,
                             .fails = (seed + static_cast<std::uint64_t>(simulator)) % 2 == 0});
  const alfi::Shape& shape = drawn.settings.shape;
  const StepInput step = drawn.step(0);

  Arena<float> memory(tile_size(shape)), fast(block_size(shape));
  Carver<float> carver(memory.base()), block_carver(fast.base());
  Tile<float> tile = carve_tile(shape, carver);
  const BlockMemory<float> block = carve_block(shape, block_carver);
  TileInput<float> input{};
  tile.input = &input;
  tile.number = 1;  // the second tile of 30 episodes: its last two lanes are empty
  const DenseEncoder<float> encoder = unstaged_encoder(drawn.settings.layout, drawn.settings.weights, block.encoder);
  launch([&](const auto& team) {
    const Listed<Simulators, true> source{simulator};
    const Draws all{true, true, true};
    // Launches of their own do it so, several sharing a tile.
    begin(team, drawn.settings, source, step, all, tile);
    team.sync();
    propose(team, drawn.settings, source, step, all, tile, 0, {0, shape.M}, 2);
    team.sync();
    rollout(team, drawn.settings, source, step, all, tile, encoder, block.aggregator);
  });
  if (!memory.sentinels_hold() || !fast.sentinels_hold())
    throw std::logic_error("a kernel wrote behind the end of its memory");
  const auto take = [](const float* from, int rows) { return std::vector<float>(from, from + rows * tile_lanes); };
  const auto lanes = [](auto array) { return std::vector(array, array + tile_lanes); };
  std::vector<float> real;
  for (int k = 0; k < shape.X; ++k) {
    const std::vector<float> feature = take(tile.real.at(k, 0), input.real_rows);
    real.insert(real.end(), feature.begin(), feature.end());
  }
  const int T = shape.T, M = shape.M;
  return {.problem = lanes(input.problem),
          .weight = lanes(input.weight),
          .count = lanes(input.count),
          .left_out = lanes(input.left_out),
          .truth = take(tile.truth, shape.D),
          .real = real,
          .theta = take(tile.theta, T * M * shape.D),
          .x = take(tile.x.data, shape.X * T * M * shape.N),
          .counts = take(tile.count, T * M),
          .clamped = take(tile.clamped, T * M),
          .psi = take(tile.psi, (T + 1) * shape.P()),
          .loss = take(tile.loss, T)};
}

}  // namespace alfi::test
