// Runs the kernels' episode on a recorded tape, on any team and in its precision, and returns what the oracle returns.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "kernels/episode/lookup_building.hpp"
#include "kernels/episode/lookup_gradient.hpp"
#include "src/model/iteration_weights.hpp"
#include "src/model/parameters.hpp"
#include "tests/support/arena.hpp"
#include "tests/support/tape.hpp"

namespace alfi::test {

inline alfi::Shape kernel_shape(const EpisodeSettings& s) {
  const auto i = [](std::size_t n) { return static_cast<int>(n); };
  return {.T = i(s.T),
          .M = i(s.M),
          .N = i(s.N),
          .R = i(s.R),
          .D = i(s.D),
          .X = i(s.X),
          .encoder_hidden = i(s.encoder_hidden),
          .C = i(s.encoder_code),
          .aggregator_hidden = i(s.aggregator_hidden),
          .A = i(s.aggregator_code),
          .H = i(s.rim_hidden),
          .S = i(s.rim_state),
          .family = s.family,
          .pooling = s.pooling,
          .use_grad = s.use_grad,
          .count_input = s.real_count_input};
}

/// Encoding of a tape's observations.
struct TapeEncoder {
  int pieces = 2;  ///< pieces of a tile's encoder gradient, where it is computed
  bool looked_up = false;
  int table = 0;  ///< whole numbers that are looked up as such
};

/// Memory and tables that looking codes up takes.
template <class R>
struct TapeLookup {
  Arena<R> memory, sum_memory;
  Arena<double> search_memory;
  Lookup<R> lookup;
  ListedRows<R> listed;
  SegmentSearch search;

  static std::int64_t size(const alfi::Shape& shape, int table) {
    Carver<R> counting(nullptr);
    carve_lookup(table, shape.C, counting);
    carve_listed(table, counting);
    return counting.used();
  }
  TapeLookup(const alfi::Shape& shape, int table)
      : memory(size(shape, table)),
        sum_memory(sums_size(shape.pooling, table, most_places(table), whole_groups(shape.C))),
        search_memory((shape.encoder_hidden + 4) * (whole_groups(shape.encoder_hidden) + tile_lanes)) {
    Carver<R> carver(memory.base());
    lookup = carve_lookup(table, shape.C, carver);
    listed = carve_listed(table, carver);
    Carver<double> search_carver(search_memory.base());
    search = carve_search(shape.encoder_hidden, search_carver);
    std::fill_n(sum_memory.base(), sum_memory.size(), R(0));
  }
};

/// Runs a tape a tile at a time; launch(body) runs body(team) on every thread of a team.
template <class R, class Launch>
TapeOutputs run_tape(const Tape& tape, Launch launch, TapeEncoder path = {}) {
  const EpisodeSettings& s = tape.settings;
  const alfi::Shape shape = kernel_shape(s);
  const Layout layout = make_layout(shape);
  const std::size_t L = tile_lanes, B = tape.B, P = s.psi_size();

  std::vector<R> weights(static_cast<std::size_t>(layout.size));
  for (const auto& [name, linear] : named_layers(layout)) {
    const auto put = [&](const std::vector<double>& from, int at) {
      std::transform(from.begin(), from.end(), weights.begin() + at, [](double v) { return static_cast<R>(v); });
    };
    put(tape.parameters.at(name + ".weight"), linear.weight);
    put(tape.parameters.at(name + ".bias"), linear.bias);
  }
  std::vector<R> w;
  for (double value : alfi::iteration_weights(s.weights, shape.T)) w.push_back(static_cast<R>(value));
  const std::vector<R> zeros(s.X, R(0)), ones(s.X, R(1));
  const alfi::EpisodeSettings<R> settings{.simulator = recorded,
                                          .host_simulator = nullptr,
                                          .parameters = nullptr,
                                          .may_fail = false,
                                          .problems = {},
                                          .shape = shape,
                                          .layout = layout,
                                          .weights = weights.data(),
                                          .iteration_weight = w.data(),
                                          .units = {Transform::none, zeros.data(), ones.data()},
                                          .weights_kind = s.weights,
                                          .start = Start::prior,
                                          .start_log_sigma = 0.0,
                                          .loss = {s.loss, s.family, std::log(s.sigma)},
                                          .update = {s.update, s.bound}};
  const StepInput step{{}, 0, s.beta};

  TapeOutputs out;
  Arena<R> gradient(layout.size);
  std::fill_n(gradient.base(), layout.size, R(0));
  Carver<R> counting(nullptr);
  carve_tile(shape, counting, located_size(shape));
  Carver<R> counting_block(nullptr);
  carve_block(shape, counting_block);
  for (std::size_t first = 0; first < B; first += L) {
    Arena<R> arena(counting.used()), fast(counting_block.used());
    Carver<R> carver(arena.base()), block_carver(fast.base());
    Tile<R> tile = carve_tile(shape, carver, located_size(shape));
    const BlockMemory<R> block = carve_block(shape, block_carver);
    TileInput<R> input{};
    tile.input = &input;
    int real_rows = 1;
    for (std::size_t l = 0; l < L; ++l) {
      const std::size_t b = std::min(first + l, B - 1);
      const std::size_t count = tape.real_counts.empty() ? s.R : tape.real_counts[b];
      input.weight[l] = first + l < B ? R(1) / static_cast<R>(B) : R(0);
      input.count[l] = static_cast<R>(count);
      input.count_input[l] = s.real_count_input ? static_cast<R>(tape.real_count_inputs[b]) : R(0);
      real_rows = std::max(real_rows, static_cast<int>(count));
      for (std::size_t d = 0; d < s.D; ++d) tile.truth[d * L + l] = static_cast<R>(tape.theta_true[b * s.D + d]);
      for (std::size_t p = 0; p < P; ++p) tile.psi[p * L + l] = static_cast<R>(tape.psi_0[b * P + p]);
      for (std::size_t r = 0; r < s.R; ++r)
        for (std::size_t k = 0; k < s.X; ++k)
          *tile.real.at(static_cast<int>(k), static_cast<int>(r * L + l)) =
              static_cast<R>(tape.x_real[(b * s.R + r) * s.X + k]);
      const std::size_t drawn = s.T * s.M;
      for (std::size_t i = 0; i < drawn; ++i)
        tile.count[i * L + l] =
            static_cast<R>(tape.generated_counts.empty() ? s.N : tape.generated_counts[b * drawn + i]);
      for (std::size_t i = 0; i < drawn; ++i)
        for (std::size_t d = 0; d < s.D; ++d)
          tile.theta[(i * s.D + d) * L + l] = static_cast<R>(tape.theta_gen[(b * drawn + i) * s.D + d]);
      for (std::size_t i = 0; i < drawn * s.N; ++i)
        for (std::size_t k = 0; k < s.X; ++k)
          *tile.x.at(static_cast<int>(k), static_cast<int>(i * L + l)) =
              static_cast<R>(tape.x_gen[(b * drawn * s.N + i) * s.X + k]);
    }
    input.real_rows = real_rows;
    const DenseEncoder<R> encoder = unstaged_encoder(layout, settings.weights, block.encoder);
    if (path.looked_up) {
      TapeLookup<R> memory(shape, path.table);
      const Lookup<R>& lookup = memory.lookup;
      launch([&](const auto& team) {
        find_lookup(team, encoder, settings.units, memory.search, lookup);
        team.sync();
        for (int number = 0; number < blocks_of(lookup_block, lookup.rows()); ++number)
          fill_lookup(team, encoder, lookup, number);
        rollout(team, settings, Listed<SimulatorList<>>{recorded}, step, Draws{}, tile,
                LookupEncoder<R>{lookup, settings.units}, block.aggregator);
        rollout_gradient(team, settings, step, tile, block.aggregator, gradient.base());
        team.sync();
        const LookupSums<R> sums = lookup_sums(shape.pooling, lookup, memory.sum_memory.base());
        add_tile_sums(team, shape, tile, lookup, sums);
        team.sync();
        list_rows(team, lookup, sums, memory.listed);
        team.sync();
        for (int number = 0; number < blocks_of(lookup_block, static_cast<int>(*memory.listed.count)); ++number)
          listed_gradient(team, layout, encoder, lookup, sums, memory.listed, number, gradient.base());
      });
      if (*lookup.segments.count == R(0)) throw std::logic_error("the encoder cannot be looked up");
      if (!memory.memory.sentinels_hold() || !memory.sum_memory.sentinels_hold() ||
          !memory.search_memory.sentinels_hold())
        throw std::logic_error("a lookup was written behind the end of its memory");
    } else {
      launch([&](const auto& team) {
        rollout(team, settings, Listed<SimulatorList<>>{recorded}, step, Draws{}, tile, encoder, block.aggregator);
        rollout_gradient(team, settings, step, tile, block.aggregator, gradient.base());
        for (int piece = 0; piece < path.pieces; ++piece)
          bulk_gradient(team, settings, tile, encoder, piece, path.pieces, gradient.base());
      });
    }
    if (!arena.sentinels_hold() || !fast.sentinels_hold() || !gradient.sentinels_hold())
      throw std::logic_error("a kernel wrote behind the end of its memory");
    for (std::size_t l = 0; l < L && first + l < B; ++l) {
      for (std::size_t t = 0; t < s.T; ++t) {
        for (std::size_t p = 0; p < P; ++p) out.psi.push_back(tile.psi[((t + 1) * P + p) * L + l]);
        for (std::size_t i = 0; i < s.rim_state; ++i)
          out.hidden.push_back(*tile.history.state.at(static_cast<int>(i), static_cast<int>(t * L + l)));
        out.loss_per_iteration.push_back(tile.loss[t * L + l]);
      }
      out.loss += static_cast<double>(tile.episode_loss[l]) / static_cast<double>(B);
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

}  // namespace alfi::test
