// Runs the kernels' update on made-up numbers, on any team. Each array ends in sentinels that nothing may write.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "kernels/launch/optimizer.hpp"
#include "tests/support/fiber_team.hpp"

namespace alfi::test {

struct UpdateArrays {
  int groups, partial_count;  ///< partial sums of the encoder's share of the groups; the others have as many
  UpdateCounts counts{5, 2};
  std::vector<float> weights, first_moment, second_moment, average, encoder_partials, partials, squares, norm;

  int encoder_groups() const { return groups / 3; }
  auto all() {
    return std::vector{&weights,          &first_moment, &second_moment, &average,
                       &encoder_partials, &partials,     &squares,       &norm};
  }
  /// Says whether every array's last 16 numbers are still NaN.
  bool sentinels_hold() {
    for (const std::vector<float>* array : all())
      if (!std::all_of(array->end() - tile_lanes, array->end(), [](float x) { return std::isnan(x); })) return false;
    return true;
  }
  /// Returns partial sum p of weight i.
  float partial(int p, int i) const {
    const int encoder = encoder_groups() * tile_lanes, others = groups * tile_lanes - encoder;
    return i < encoder ? encoder_partials[static_cast<std::size_t>(p * encoder + i)]
                       : partials[static_cast<std::size_t>(p * others + i - encoder)];
  }
};

/// Draws moments and weights as after some steps; what the update writes before it reads is NaN.
inline UpdateArrays random_update(int groups, int partial_count, std::uint64_t seed) {
  UpdateArrays arrays;
  arrays.groups = groups;
  arrays.partial_count = partial_count;
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal;
  const auto fill = [&](std::vector<float>& array, int size, auto draw) {
    for (int i = 0; i < size; ++i) array.push_back(draw());
  };
  const int size = groups * tile_lanes, encoder = arrays.encoder_groups() * tile_lanes;
  fill(arrays.weights, size, [&] { return normal(engine); });
  fill(arrays.first_moment, size, [&] { return 0.1F * normal(engine); });
  fill(arrays.second_moment, size, [&] { return 0.01F * std::abs(normal(engine)); });
  fill(arrays.average, size, [&] { return normal(engine); });
  fill(arrays.encoder_partials, partial_count * encoder, [&] { return normal(engine); });
  fill(arrays.partials, partial_count * (size - encoder), [&] { return normal(engine); });
  const float nan = std::numeric_limits<float>::quiet_NaN();
  fill(arrays.squares, groups, [&] { return nan; });
  fill(arrays.norm, 1, [&] { return nan; });
  for (std::vector<float>* array : arrays.all()) array->insert(array->end(), tile_lanes, nan);
  return arrays;
}

struct UpdateSettings {
  float rate;
  UpdateFactors factors;
  float clip_norm;
};

/// Runs an update. launch(groups, body) runs body(team, first, count) on every thread of teams that share `groups`
/// groups; a launch ends before the next one begins.
template <class Launch>
void run_update(UpdateArrays& arrays, const UpdateSettings& settings, Launch launch) {
  const int encoder_groups = arrays.encoder_groups();
  const std::int64_t first_update = arrays.counts.applied;
  const Optimizer<float> optimizer{.groups = arrays.groups,
                                   .weights = arrays.weights.data(),
                                   .first_moment = arrays.first_moment.data(),
                                   .second_moment = arrays.second_moment.data(),
                                   .average = arrays.average.data(),
                                   .partials = {{.data = arrays.encoder_partials.data(),
                                                 .count = arrays.partial_count,
                                                 .first_group = 0,
                                                 .groups = encoder_groups},
                                                {.data = arrays.partials.data(),
                                                 .count = arrays.partial_count,
                                                 .first_group = encoder_groups,
                                                 .groups = arrays.groups - encoder_groups}},
                                   .squares = arrays.squares.data(),
                                   .norm = arrays.norm.data(),
                                   .counts = &arrays.counts,
                                   .factors = &settings.factors,
                                   .first_update = &first_update,
                                   .clip_norm = settings.clip_norm};
  launch(arrays.groups, [&](const auto& team, int first, int count) { sum_partials(team, optimizer, first, count); });
  launch(1, [&](const auto& team, int, int) { gradient_norm(team, optimizer); });
  launch(arrays.groups,
         [&](const auto& team, int first, int count) { apply_update(team, optimizer, settings.rate, first, count); });
}

/// Returns such a launch.
inline auto on_blocks_of_fibers(const FiberLaunch& launch) {
  return [launch](int groups, auto body) {
    const int blocks = std::min(launch.blocks, groups), share = (groups + blocks - 1) / blocks;
    FiberLaunch shared = launch;
    shared.blocks = blocks;
    launch_fibers(shared, [&](const FiberTeam& team, int block) {
      const int first = std::min(groups, block * share);
      body(team, first, std::min(share, groups - first));
    });
  };
}

}  // namespace alfi::test
