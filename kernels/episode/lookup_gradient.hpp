// The encoder's gradient where codes were looked up. With ∂L/∂e = a + b e of an observation's set
// (kernels/networks/encoder.hpp) sums go by place,
//
//   table     Σ a and Σ b over the observations of a number, whose code then passes a + b e on
//   segments  Σ s and Σ s (x − x₀), s = ∂L/∂z: z is linear in the nodes' own, so their share of that is
//             Σ s − Σ s (x − x₀) / (x₁ − x₀)  and  Σ s (x − x₀) / (x₁ − x₀)
//
// and the rows that something fell on go through the encoder's backward pass.
#pragma once

#include "kernels/episode/episode.hpp"
#include "kernels/episode/lookup_encoding.hpp"

namespace alfi {

/// Sums over the observations of each place; of a number without moments there is but the first.
template <class R>
struct LookupSums {
  R* first;   ///< (places, step): Σ a; Σ s
  R* second;  ///< (places from second_from on, step): Σ b; Σ s (x − x₀)
  int second_from;
};

constexpr int second_sums_from(Pooling pooling, int table) { return pooling == Pooling::moments ? 0 : table; }

/// Counts the numbers that the sums of `places` places take.
constexpr std::int64_t sums_size(Pooling pooling, int table, int places, int step) {
  return (2 * std::int64_t{places} - second_sums_from(pooling, table)) * step;
}

template <class R>
ALFI_HD LookupSums<R> lookup_sums(Pooling pooling, const Lookup<R>& lookup, R* memory) {
  return {memory, memory + std::int64_t{lookup.places()} * lookup.step, second_sums_from(pooling, lookup.table)};
}

/// The rows that observations fell on.
template <class R>
struct ListedRows {
  R* count;   ///< (1), without those that fill up the last sixteen
  R* row;     ///< (most_rows)
  Rows<R> x;  ///< (1, most_rows)
  R* hit;     ///< (most_places)
};

template <class R>
ALFI_HD ListedRows<R> carve_listed(int table, Carver<R>& carver) {
  return {.count = carver.take(1),
          .row = carver.take(most_rows(table)),
          .x = carver.rows(1, most_rows(table)),
          .hit = carver.take(most_places(table))};
}

inline namespace ALFI_ISA {

/// The observations of one set of one episode: what add_lookup_sums adds to.
template <class R>
struct SetSums {
  const Lookup<R>& lookup;
  const LookupSums<R>& sums;
  const R* place;
  const R* offset;
  int count;
};

/// Adds one set's, of the V sixteens of a code from c on.
template <int V, bool moments, class F, class R = Real<F>>
ALFI_HD void add_set(const SetSums<R>& set, int c, const Array<F, V>& slope_a, const Array<F, V>& slope_b) {
  const int table = set.lookup.table, step = set.lookup.step;
  R* const first_sums = set.sums.first + c;
  R* const second_sums = set.sums.second - static_cast<std::int64_t>(set.sums.second_from) * step + c;
  const R* const codes = set.lookup.code + c;
  const R* const slopes = set.lookup.slope + c;
  Array<F, V> a, b;
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) {
    a[v] = slope_a[v];
    b[v] = slope_b[v];
  }
  for (int n = 0, count = set.count; n < count; ++n) {
    const int place = static_cast<int>(set.place[n]);
    R* const first = first_sums + place * step;
    if (place < table) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) store<F>(first + v * tile_lanes, load<F>(first + v * tile_lanes) + a[v]);
      if constexpr (moments) {
        R* const second = second_sums + place * step;
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) store<F>(second + v * tile_lanes, load<F>(second + v * tile_lanes) + b[v]);
      }
    } else {
      R* const second = second_sums + place * step;
      const R* const code = codes + place * step;
      const R* const rise = slopes + (place - table) * step;
      const F offset = splat<F>(set.offset[n]);
      Array<F, V> s;
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v)
        s[v] = code_slope(tanh(fma(load<F>(rise + v * tile_lanes), offset, load<F>(code + v * tile_lanes))), a[v],
                          moments ? b[v] : F{});
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        store<F>(first + v * tile_lanes, load<F>(first + v * tile_lanes) + s[v]);
        store<F>(second + v * tile_lanes, fma(s[v], offset, load<F>(second + v * tile_lanes)));
      }
    }
  }
}

/// Adds those of the observations of these sets to sums, given slope (sets, 2, C, 16): episode by episode, in order.
template <class Team>
ALFI_HD void add_lookup_sums(const Team& team, const Lookup<typename Team::Real>& lookup,
                             const ObservationSets<typename Team::Real>& sets, const typename Team::Real* slope,
                             const LookupSums<typename Team::Real>& sums) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const int C = lookup.C;
  const Located<const R> from = located(sets.x);
  team.each(1, [&](int, int lane) {
    with_sixteens(C, lane, [&](auto sixteens, int c, int codes) {
      constexpr int V = decltype(sixteens)::value;
      for (int episode = 0; episode < tile_lanes; ++episode) {
        for (int set = 0; set < sets.observations / sets.set_size; ++set) {
          const std::int64_t begin = std::int64_t{episode} * sets.observations + set * sets.set_size;
          Array<F, V> a, b;
          for (int v = 0; v < V; ++v) {
            const R* const ab = slope + (set * 2 * C + c + v * tile_lanes) * tile_lanes + episode;
            a[v] = load_apart<F>(ab, tile_lanes, codes - v * tile_lanes);
            b[v] = load_apart<F>(ab + C * tile_lanes, tile_lanes, codes - v * tile_lanes);
          }
          const SetSums<R> here{.lookup = lookup,
                                .sums = sums,
                                .place = from.place + begin,
                                .offset = from.offset + begin,
                                .count = static_cast<int>(sets.count[set * tile_lanes + episode])};
          if (sums.second_from == 0)
            add_set<V, true, F>(here, c, a, b);
          else
            add_set<V, false, F>(here, c, a, b);
        }
      }
    });
  });
}

/// Adds those of all observations of a tile to sums, after its rollout_gradient.
template <class Team>
ALFI_HD void add_tile_sums(const Team& team, const Shape& shape, const Tile<typename Team::Real>& tile,
                           const Lookup<typename Team::Real>& lookup, const LookupSums<typename Team::Real>& sums) {
  add_lookup_sums(team, lookup, real_set(tile), tile.real_slope, sums);
  // No barriers: a number of a code is the same lane's each time.
  for (int t = 0; t < shape.T; ++t)
    add_lookup_sums(team, lookup, generated_sets(shape, tile, t, 1),
                    tile.slopes + t * shape.M * 2 * shape.C * tile_lanes, sums);
}

/// Lists the rows that something fell on, to be read after a barrier.
template <class Team>
ALFI_HD void list_rows(const Team& team, const Lookup<typename Team::Real>& lookup,
                       const LookupSums<typename Team::Real>& sums, const ListedRows<typename Team::Real>& listed) {
  using R = typename Team::Real;
  team.each_number(lookup.places(), [&](int place) {
    R sum = R(0);  // of sizes: NaN counts as something
    for (int c = 0; c < lookup.C; ++c) {
      sum = sum + abs(sums.first[place * lookup.step + c]);
      if (place >= sums.second_from) sum = sum + abs(sums.second[(place - sums.second_from) * lookup.step + c]);
    }
    listed.hit[place] = sum == R(0) ? R(0) : R(1);
  });
  team.sync();
  team.once([&] {
    int count = 0;
    const auto add = [&](int row) {
      listed.row[count] = static_cast<R>(row);
      listed.x.data[count++] = lookup.x.data[row];
    };
    for (int place = 0; place < lookup.places(); ++place) {
      if (listed.hit[place] == R(0)) continue;
      if (place < lookup.table) {
        add(place);
      } else {
        add(2 * place - lookup.table);
        add(2 * place - lookup.table + 1);
      }
    }
    *listed.count = static_cast<R>(count);
    for (; count % tile_lanes != 0; ++count) listed.x.data[count] = R(0);
  });
}

/// Returns ∂L/∂ of what goes into the tanh of a row's codes, of those from c on.
template <class F>
ALFI_HD F row_slope(const Lookup<Real<F>>& lookup, const LookupSums<Real<F>>& sums, int row, int c) {
  const bool number = row < lookup.table;
  const int s = (row - lookup.table) / 2, place = number ? row : lookup.table + s;
  const F first = load<F>(sums.first + place * lookup.step + c);
  const F second = place < sums.second_from ? F{} : load<F>(sums.second + (place - sums.second_from) * lookup.step + c);
  if (number) return code_slope(load<F>(lookup.code + row * lookup.step + c), first, second);
  const F of_far = second * splat<F>(lookup.scale[s]);
  return (row - lookup.table) % 2 == 1 ? of_far : first - of_far;
}

/// Adds the encoder's weight gradient of one block of listed rows to gradient.
template <class Team>
ALFI_HD void listed_gradient(const Team& team, const Layout& layout, const DenseEncoder<typename Team::Real>& encoder,
                             const Lookup<typename Team::Real>& lookup, const LookupSums<typename Team::Real>& sums,
                             const ListedRows<typename Team::Real>& listed, int block, typename Team::Real* gradient) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const int first = block * lookup_block, all = static_cast<int>(*listed.count), left = whole_groups(all) - first;
  const int rows = left < lookup_block ? left : lookup_block;
  if (rows <= 0) return;
  const Rows<const R> x{listed.x.at(0, first), listed.x.stride};
  const EncoderBlock<R>& memory = encoder.block;
  forward(team, encoder.layer[0], x, memory.hidden1, rows, Relu{});
  team.sync();
  forward(team, encoder.layer[1], memory.hidden1, memory.hidden2, rows, Relu{});
  const int sixteens = lookup.step / tile_lanes;
  team.each(rows * sixteens, [&](int item, int lane) {
    const int row = item / sixteens, c = item % sixteens * tile_lanes + lane;
    const F slope = first + row < all ? row_slope<F>(lookup, sums, static_cast<int>(listed.row[first + row]), c) : F{};
    store_apart<F>(memory.code.at(c, row), memory.code.stride, lookup.C - c, slope);
  });
  team.sync();
  encode_block_gradient(team, layout, encoder, x, rows, gradient);
}

}  // namespace ALFI_ISA
}  // namespace alfi
