#include "src/rollout_errors.hpp"

#include <cmath>
#include <vector>

namespace alfi {

RolloutErrors rollout_errors(Engine& engine, const Episodes& episodes, int iterations, std::span<const float> weights) {
  std::vector<double> losses(static_cast<std::size_t>(episodes.count)), errors(losses.size());
  const Layout& layout = engine.layout();
  const int D = engine.parameters(), P = layout.fc4.out;
  engine.rollout(episodes, iterations, weights, [&](const FinishedTile& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane) {
      double squares = 0;
      for (int d = 0; d < D; ++d) {
        const double distance =
            finished.tile.truth[d * tile_lanes + lane] - finished.tile.psi[(iterations * P + d) * tile_lanes + lane];
        squares += distance * distance;
      }
      const auto b = static_cast<std::size_t>(finished.first + lane);
      losses[b] = finished.tile.episode_loss[lane];
      errors[b] = std::sqrt(squares);
    }
  });
  RolloutErrors mean{0, 0};
  for (std::size_t b = 0; b < losses.size(); ++b) {
    mean.loss += losses[b] / episodes.count;
    mean.error += errors[b] / episodes.count;
  }
  return mean;
}

}  // namespace alfi
