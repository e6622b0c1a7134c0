// Runs the kernels on recorded quadratics, on any team and in its precision, and returns what the oracle returns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "kernels/minimise/quadratic.hpp"
#include "src/model/parameters.hpp"
#include "tests/support/arena.hpp"
#include "tests/support/quadratic_oracle.hpp"

namespace alfi::test {

/// launch(body) runs body(team) on every thread of a team; a tile at a time.

template <class R, class Launch>
QuadraticOutputs run_quadratics(const QuadraticTape& tape, Launch launch) {
  const auto i = [](std::size_t n) { return static_cast<int>(n); };
  alfi::Shape shape{};
  shape.T = i(tape.T);
  shape.D = 1;
  shape.A = gradient_inputs;
  shape.H = i(tape.H);
  shape.S = i(tape.S);
  shape.family = Family::point;
  const Layout layout = make_layout(shape);
  const std::size_t L = tile_lanes, D = tape.D, T = tape.T;
  std::vector<R> weights(static_cast<std::size_t>(layout.size)), w;
  for (const auto& [name, linear] : named_layers(layout)) {
    const auto put = [&](const std::vector<double>& from, int at) {
      std::transform(from.begin(), from.end(), weights.begin() + at, [](double v) { return static_cast<R>(v); });
    };
    put(tape.parameters.at(name + ".weight"), linear.weight);
    put(tape.parameters.at(name + ".bias"), linear.bias);
  }
  for (double value : tape.iteration_weights) w.push_back(static_cast<R>(value));
  const QuadraticSettings<R> settings{.problems = {},
                                      .dimensions = i(D),
                                      .shape = shape,
                                      .layout = layout,
                                      .weights = weights.data(),
                                      .iteration_weight = w.data(),
                                      .weights_kind = tape.weights,
                                      .update = {tape.update, tape.bound}};

  QuadraticOutputs out;
  Arena<R> gradient(layout.size);
  std::fill_n(gradient.base(), layout.size, R(0));
  for (std::size_t first = 0; first < tape.B; first += L) {
    Arena<R> arena(quadratic_tile_size<R>(shape, i(D)));
    Carver<R> carver(arena.base());
    QuadraticTile<R> tile = carve_quadratic_tile(shape, i(D), carver);
    TileInput<R> input{};
    tile.input = &input;
    for (std::size_t l = 0; l < L; ++l) {
      const std::size_t b = std::min(first + l, tape.B - 1);
      input.weight[l] = first + l < tape.B ? R(1) / static_cast<R>(tape.B) : R(0);
      for (std::size_t k = 0; k < D * D; ++k) tile.matrix[k * L + l] = static_cast<R>(tape.matrix[b * D * D + k]);
      for (std::size_t k = 0; k < D; ++k) tile.target[k * L + l] = static_cast<R>(tape.target[b * D + k]);
    }
    launch([&](const auto& team) {
      minimise_quadratics(team, settings, tile);
      quadratic_gradient(team, settings, tile, gradient.base());
    });
    if (!arena.sentinels_hold() || !gradient.sentinels_hold())
      throw std::logic_error("a kernel wrote behind the end of its memory");
    for (std::size_t l = 0; l < L && first + l < tape.B; ++l) {
      for (std::size_t t = 0; t <= T; ++t) {
        out.loss.push_back(tile.loss[t * L + l]);
        for (std::size_t d = 0; d < D; ++d) out.theta.push_back(tile.theta[(t * D + d) * L + l]);
      }
      out.total += static_cast<double>(tile.episode_loss[l]) / static_cast<double>(tape.B);
    }
  }
  for (const auto& [name, linear] : named_layers(layout)) {
    const auto from = [&](int at, int size) {
      return std::vector<double>(gradient.base() + at, gradient.base() + at + size);
    };
    out.gradients[name + ".weight"] = from(linear.weight, linear.in * linear.out);
    out.gradients[name + ".bias"] = from(linear.bias, linear.out);
  }
  return out;
}

/// W, y, who the lanes are, as drawn for tile 1 of 20 problems; equal only if every number was written.
struct DrawnQuadratics {
  std::vector<std::uint32_t> problem;
  std::vector<float> weight, matrix, target;
  bool operator==(const DrawnQuadratics&) const = default;
};

template <class Launch>
DrawnQuadratics draw_quadratic_tile(int D, PhiloxKey key, Launch launch) {
  alfi::Shape shape{};
  shape.T = shape.D = 1;
  const float no_count = 0;
  const QuadraticSettings<float> settings{
      .problems =
          {.episodes = 20, .fixed = 0, .seed = 0, .least = 1, .most = 1, .above = nullptr, .count_input = &no_count},
      .dimensions = D,
      .shape = shape,
      .layout = {},
      .weights = nullptr,
      .iteration_weight = nullptr,
      .weights_kind = {},
      .update = {}};
  StepInput step{};
  step.keys.truth = key;
  Arena<float> arena(quadratic_tile_size(shape, D));
  Carver<float> carver(arena.base());
  QuadraticTile<float> tile = carve_quadratic_tile(shape, D, carver);
  TileInput<float> input{};
  tile.input = &input;
  tile.number = 1;
  launch([&](const auto& team) { draw_quadratics(team, settings, step, tile); });
  const auto take = [](const auto* from, int count) { return std::vector(from, from + count); };
  return {.problem = take(input.problem, tile_lanes),
          .weight = take(input.weight, tile_lanes),
          .matrix = take(tile.matrix, D * D * tile_lanes),
          .target = take(tile.target, D * tile_lanes)};
}

}  // namespace alfi::test
