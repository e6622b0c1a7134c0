// Runs the kernels' update on made-up numbers, on any team. Each array ends in sentinels that nothing may write.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "kernels/optimizer.hpp"

namespace alfi::test {

struct UpdateArrays {
  int groups, partial_count;
  std::vector<float> weights, first_moment, second_moment, average, partials, squares, norm;

  auto all() { return std::vector{&weights, &first_moment, &second_moment, &average, &partials, &squares, &norm}; }
  /// Whether every array's last 16 numbers are still NaN.
  bool sentinels_hold() {
    for (const std::vector<float>* array : all())
      if (!std::all_of(array->end() - tile_lanes, array->end(), [](float x) { return std::isnan(x); })) return false;
    return true;
  }
};

/// Moments and weights as after some steps; what the update writes before it reads is NaN.
inline UpdateArrays random_update(int groups, int partial_count, std::uint64_t seed) {
  UpdateArrays arrays{groups, partial_count, {}, {}, {}, {}, {}, {}, {}};
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal;
  const auto fill = [&](std::vector<float>& array, int size, auto draw) {
    for (int i = 0; i < size; ++i) array.push_back(draw());
  };
  const int size = groups * tile_lanes;
  fill(arrays.weights, size, [&] { return normal(engine); });
  fill(arrays.first_moment, size, [&] { return 0.1F * normal(engine); });
  fill(arrays.second_moment, size, [&] { return 0.01F * std::abs(normal(engine)); });
  fill(arrays.average, size, [&] { return normal(engine); });
  fill(arrays.partials, partial_count * size, [&] { return normal(engine); });
  const float nan = std::numeric_limits<float>::quiet_NaN();
  fill(arrays.squares, groups, [&] { return nan; });
  fill(arrays.norm, 1, [&] { return nan; });
  for (std::vector<float>* array : arrays.all()) array->insert(array->end(), tile_lanes, nan);
  return arrays;
}

/// launch(body) runs body(team) on every thread of a team.
template <class Launch>
void run_update(UpdateArrays& arrays, const UpdateSettings& settings, Launch launch) {
  const OptimizerState<float> state{
      arrays.groups,         arrays.weights.data(),  arrays.first_moment.data(), arrays.second_moment.data(),
      arrays.average.data(), arrays.partials.data(), arrays.partial_count,       arrays.squares.data(),
      arrays.norm.data()};
  launch([&](const auto& team) { update(team, settings, state); });
}

}  // namespace alfi::test
