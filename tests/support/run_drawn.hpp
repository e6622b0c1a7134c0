// Runs an episode whose problem, start, proposals and observations the kernels draw themselves, on any team.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "kernels/episode.hpp"

namespace alfi::test {

/// What the draws made, and what came of it; equal only if every number was written.
struct DrawnEpisode {
  std::vector<std::uint32_t> problem;
  std::vector<float> weight, count, truth, real, theta, x, clamped, psi, loss;
  bool operator==(const DrawnEpisode&) const = default;
};

/// launch(body) runs body(team) on every thread of a team.
template <class Launch>
DrawnEpisode run_drawn(int simulator, std::uint64_t seed, Launch launch) {
  int D = 0, X = 0;
  Simulators::with(simulator, [&]<class Sim>() {
    D = Sim::D;
    X = Sim::X;
  });
  // 18 real observations in two pieces and 7 of each parameter: neither is a multiple of a group.
  const alfi::Shape shape{2, 5, 7, 18, D, X, 6, 3, 5, 4, 6, 5, Family::gaussian, Pooling::mean, true, false};
  const Layout layout = make_layout(shape);
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal(0.0F, 0.3F);
  std::vector<float> weights(static_cast<std::size_t>(layout.size));
  for (float& weight : weights) weight = normal(engine);
  const std::vector<float> iteration_weight(2, 0.5F), mean(static_cast<std::size_t>(X), 0.5F),
      scale(static_cast<std::size_t>(X), 0.25F);
  // R is 16, 17 or 18, whatever the problem.
  const std::vector<std::uint32_t> above{1U << 30, 3U << 30};
  const std::vector<float> count_input{0.0F, 0.0F, 0.0F};
  const auto key = [&](Purpose purpose) { return stream_key(seed, Phase::training, purpose, 0); };
  const alfi::EpisodeSettings<float> settings{simulator,
                                              {30, 7, seed, 16, 18, above.data(), count_input.data()},
                                              shape,
                                              layout,
                                              weights.data(),
                                              iteration_weight.data(),
                                              {Transform::asinh, mean.data(), scale.data()},
                                              Weights::constant,
                                              Start::draw,
                                              -1.0,
                                              {Loss::normal, Family::gaussian, 0.0},
                                              {Update::clamp, 0.25}};
  const StepInput step{{key(Purpose::truth), key(Purpose::real_count), key(Purpose::real_set), key(Purpose::start),
                        key(Purpose::propose), key(Purpose::observe)},
                       30,
                       0.0};

  Carver<float> counting(nullptr), counting_block(nullptr);
  carve_tile(shape, counting);
  carve_block(shape, counting_block);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> memory(static_cast<std::size_t>(counting.used()), nan);
  std::vector<float> fast(static_cast<std::size_t>(counting_block.used()), nan);
  Carver<float> carver(memory.data()), block_carver(fast.data());
  Tile<float> tile = carve_tile(shape, carver);
  const BlockMemory<float> block = carve_block(shape, block_carver);
  TileInput<float> input{};
  tile.input = &input;
  tile.number = 1;  // of 30 episodes: its last two lanes are empty
  launch([&](const auto& team) { rollout(team, settings, step, {true, true, true}, tile, block); });
  const auto take = [](const float* from, int rows) { return std::vector<float>(from, from + rows * tile_lanes); };
  const auto lanes = [](auto array) { return std::vector(array, array + tile_lanes); };
  std::vector<float> real;
  for (int k = 0; k < X; ++k) {
    const std::vector<float> feature = take(tile.real.at(k, 0), input.real_rows);
    real.insert(real.end(), feature.begin(), feature.end());
  }
  const int T = shape.T, M = shape.M;
  return {lanes(input.problem),
          lanes(input.weight),
          lanes(input.count),
          take(tile.truth, shape.D),
          real,
          take(tile.theta, T * M * shape.D),
          take(tile.x.data, shape.X * T * M * shape.N),
          take(tile.clamped, T * M),
          take(tile.psi, (T + 1) * shape.P()),
          take(tile.loss, T)};
}

}  // namespace alfi::test
