// Summary of a meta-step, of what its tiles did.
#pragma once

#include "kernels/episode/episode.hpp"
#include "kernels/launch/optimizer.hpp"

namespace alfi {

/// Numbers that the tiles of a meta-batch leave for its summary, one an episode, and room to add them up.
template <class R>
struct BatchReport {
  R* loss;                      ///< (tiles, 16)
  std::int32_t* clamped;        ///< (tiles, 16): draws outside the simulator's domain
  std::int32_t* left_out;       ///< (tiles, 16): observations that were no numbers
  double* loss_sums;            ///< (sum_places)
  std::int64_t* clamped_sums;   ///< (sum_places)
  std::int64_t* left_out_sums;  ///< (sum_places)
};

/// Result of one step.
struct StepOutput {
  double loss;            ///< mean over the episodes
  float gradient_norm;    ///< before clipping; where it is not finite, nothing was changed
  std::int64_t clamped;   ///< draws outside the simulator's domain
  std::int64_t left_out;  ///< observations that were no numbers, real ones among them

  constexpr bool applied() const { return gradient_norm - gradient_norm == 0; }
};

inline namespace ALFI_ISA {

/// Writes the tile's losses and clamped draws to where the step adds them up; 0 for lanes without an episode.
template <class Team>
ALFI_HD void report_tile(const Team& team, const Shape& shape, const Tile<typename Team::Real>& tile,
                         const BatchReport<typename Team::Real>& report) {
  using R = typename Team::Real;
  team.each_lane([&](int lane) {
    const std::int64_t at = static_cast<std::int64_t>(tile.number) * tile_lanes + lane;
    const bool counts = tile.input->weight[lane] > R(0);
    std::int32_t clamped = 0, left_out = static_cast<std::int32_t>(tile.input->left_out[lane]);
    for (int i = 0; i < shape.T * shape.M; ++i) {
      clamped += tile.clamped[i * tile_lanes + lane] != R(0) ? 1 : 0;
      left_out += shape.N - static_cast<std::int32_t>(tile.count[i * tile_lanes + lane]);
    }
    report.loss[at] = counts ? tile.episode_loss[lane] : R(0);
    report.clamped[at] = counts ? clamped : 0;
    report.left_out[at] = counts ? left_out : 0;
  });
}

/// Concludes a step after the update, by one team: counts it and sums it up.
template <class Team>
ALFI_HD void conclude_step(const Team& team, const Optimizer<typename Team::Real>& optimizer,
                           const BatchReport<typename Team::Real>& report, int episodes, StepOutput& output) {
  const std::int64_t lanes = static_cast<std::int64_t>(blocks_of(tile_lanes, episodes)) * tile_lanes;
  sum_up(
      team,
      [&](int place) {
        double loss = 0;
        std::int64_t clamped = 0, left_out = 0;
        for (std::int64_t i = place; i < lanes; i += sum_places) {
          loss += static_cast<double>(report.loss[i]);
          clamped += report.clamped[i];
          left_out += report.left_out[i];
        }
        report.loss_sums[place] = loss;
        report.clamped_sums[place] = clamped;
        report.left_out_sums[place] = left_out;
      },
      [&](int place, int other) {
        report.loss_sums[place] += report.loss_sums[other];
        report.clamped_sums[place] += report.clamped_sums[other];
        report.left_out_sums[place] += report.left_out_sums[other];
      });
  team.once([&] {
    const auto norm = *optimizer.norm;
    ++(is_finite(norm) ? optimizer.counts->applied : optimizer.counts->skipped);
    output = {report.loss_sums[0] / episodes, static_cast<float>(norm), report.clamped_sums[0],
              report.left_out_sums[0]};
  });
}

}  // namespace ALFI_ISA
}  // namespace alfi
