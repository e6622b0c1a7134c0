// Codes of scalar observations, looked up instead of computed. Not an approximation: it takes the encoder apart.
//
//   segments  between two edges (kernels/episode/segments.hpp) the code of x is tanh(B + A (x − x₀)). A and B come of
//   two nodes
//             x₀, x₁ inside the segment that the network is run on: B = z(x₀), A = (z(x₁) − z(x₀)) / (x₁ − x₀).
//   table     where observations are whole numbers, the codes of 0 … table − 1 themselves; others have their segment.
//
// Nodes and numbers of the table are *rows*, which the network is run on, forward once and backward once a step. An
// observation is located once: it has a place (a number of the table, or table + its segment) and, in a segment, an
// offset x − x₀. Backward, with ∂L/∂e = a + b e of its set (kernels/networks/encoder.hpp),
//
//   table     Σ a and Σ b over the observations of a number, whose code then passes a + b e on
//   segments  Σ s and Σ s (x − x₀), s = ∂L/∂z: z is linear in the nodes' own, so their share of that is
//             Σ s − Σ s (x − x₀) / (x₁ − x₀)  and  Σ s (x − x₀) / (x₁ − x₀)
//
// and the rows that something fell on go through the encoder's backward pass. Codes lie one place after the other,
// `step` apart: here a lane vector is 16 numbers of a code, not 16 episodes. So episodes are taken one after the other,
// each with places and offsets of its own in a row: an episode's observations fall on few places, which stay in the
// cache.
#pragma once

#include "kernels/episode/episode.hpp"
#include "kernels/episode/segments.hpp"

namespace alfi {

template <class R>
struct Lookup {
  int table;  ///< numbers that have a place, a multiple of 16; 0: none
  int C;
  int step;  ///< C in whole sixteens
  Segments<R> segments;
  R* origin;  ///< (most_segments): x₀
  R* scale;   ///< (most_segments): 1/(x₁ − x₀), 0 where no float lies between
  Rows<R> x;  ///< (1, rows): the table's numbers as the network sees them, then a segment's nodes next to each other
  R* code;    ///< (table + most_segments, step): codes of the table, B of segments
  R* slope;   ///< (most_segments, step): A

  ALFI_HD int places() const { return table + static_cast<int>(*segments.count); }
  ALFI_HD int rows() const { return table + 2 * static_cast<int>(*segments.count); }
};

/// Most places and rows of a table of so many.
constexpr int most_places(int table) { return table + most_segments; }
constexpr int most_rows(int table) { return table + 2 * most_segments + tile_lanes; }

template <class R>
ALFI_HD Lookup<R> carve_lookup(int table, int C, Carver<R>& carver) {
  const int step = whole_groups(C);
  Lookup<R> lookup{table, C,  step, carve_segments(carver), carver.take(most_segments), carver.take(most_segments),
                   {},    {}, {}};
  lookup.x = carver.rows(1, most_rows(table));
  lookup.code = carver.take(std::int64_t{most_places(table)} * step);
  lookup.slope = carver.take(std::int64_t{most_segments} * step);
  return lookup;
}

/// Sums over the observations of each place; of a number without moments there is but the first.
template <class R>
struct LookupSums {
  R* first;   ///< (places, step): Σ a; Σ s
  R* second;  ///< (places from second_from on, step): Σ b; Σ s (x − x₀)
  int second_from;
};

constexpr int second_sums_from(Pooling pooling, int table) { return pooling == Pooling::moments ? 0 : table; }

/// Numbers of the sums of so many places.
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
  return {carver.take(1), carver.take(most_rows(table)), carver.rows(1, most_rows(table)),
          carver.take(most_places(table))};
}

/// Looks codes up. Observations are in natural units where there is a table, else as the network sees them.
template <class R>
struct LookupEncoder {
  Lookup<R> lookup;
  ObservationUnits<R> units;  ///< of the network
};

inline namespace ALFI_ISA {

/// The table's numbers as the network sees them.
template <class Team>
ALFI_HD void tabulate_numbers(const Team& team, const ObservationUnits<typename Team::Real>& units,
                              const Lookup<typename Team::Real>& lookup) {
  using R = typename Team::Real;
  team.each_number(lookup.table, [&](int k) {
    lookup.x.data[k] = (transformed(units.transform, static_cast<R>(k)) - *units.mean) * *units.scale;
  });
}

/// The nodes of all segments, to be read after a barrier.
template <class Team>
ALFI_HD void place_nodes(const Team& team, const Lookup<typename Team::Real>& lookup) {
  using R = typename Team::Real;
  const int count = static_cast<int>(*lookup.segments.count);
  R* const x = lookup.x.data + lookup.table;
  team.each_number(count, [&](int s) {
    const R low = lookup.segments.edge[s], high = s + 1 < count ? lookup.segments.edge[s + 1] : R(__builtin_inf());
    const R nearest = max(low, min(high, R(0)));  // to 0
    const R size = max(R(1), abs(nearest) * R(1.0 / 1024));
    R near = fma(high - low, R(0.25), low), far = fma(high - low, R(0.75), low);
    if (high - low > R(4) * size) {
      // Far out, so that little is extrapolated, but from where most observations are: further out the sums that a code
      // is made of are larger, and so are their roundings.
      const R down = nearest - low, up = high - nearest, side = up < down ? R(-1) : R(1);
      near = nearest + side * size;
      far = nearest + side * min(R(1024) * size, R(0.75) * max(down, up));
    }
    x[2 * s] = near;
    x[2 * s + 1] = far;
    lookup.origin[s] = near;
    lookup.scale[s] = far != near ? R(1) / (far - near) : R(0);
  });
  team.each_number(tile_lanes, [&](int i) { x[2 * count + i] = R(0); });  // fill up the last sixteen
}

/// Segments, nodes and numbers of the encoder with these layers, to be read after a barrier.
template <class Team>
ALFI_HD void find_lookup(const Team& team, const DenseEncoder<typename Team::Real>& encoder,
                         const ObservationUnits<typename Team::Real>& units, const SegmentSearch& search,
                         const Lookup<typename Team::Real>& lookup) {
  find_segments(team, encoder.layer[0], encoder.layer[1], search, lookup.segments);
  tabulate_numbers(team, units, lookup);
  place_nodes(team, lookup);
}

/// Rows the network is run on together.
inline constexpr int lookup_block = block_length * tile_lanes;

/// Runs the network on one block of rows: the codes and slopes of their places, to be read after a barrier.
template <class Team>
ALFI_HD void fill_lookup(const Team& team, const DenseEncoder<typename Team::Real>& encoder,
                         const Lookup<typename Team::Real>& lookup, int block) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const int first = block * lookup_block, left = lookup.rows() - first, sixteens = lookup.step / tile_lanes;
  const int rows = left < lookup_block ? left : lookup_block;
  const Rows<R> z = encoder.code();
  encode_rows(team, encoder, {lookup.x.at(0, first), lookup.x.stride}, whole_groups(rows), z, Identity{});
  const int tabled = lookup.table - first, numbers = tabled < 0 ? 0 : tabled < rows ? tabled : rows;
  const auto with_code = [&](int item, int lane, auto body) {
    const int c = item % sixteens * tile_lanes + lane;
    body(item / sixteens, c, lookup.C - c);
  };
  team.each(numbers * sixteens, [&](int item, int lane) {
    with_code(item, lane, [&](int row, int c, int codes) {
      store<F>(lookup.code + (first + row) * lookup.step + c, tanh(load_apart<F>(z.at(c, row), z.stride, codes)));
    });
  });
  team.each((rows - numbers) / 2 * sixteens, [&](int item, int lane) {
    with_code(item, lane, [&](int pair, int c, int codes) {
      const int row = numbers + 2 * pair, s = (first + row - lookup.table) / 2;
      const F near = load_apart<F>(z.at(c, row), z.stride, codes),
              far = load_apart<F>(z.at(c, row + 1), z.stride, codes);
      store<F>(lookup.code + (lookup.table + s) * lookup.step + c, near);
      store<F>(lookup.slope + s * lookup.step + c, (far - near) * splat<F>(lookup.scale[s]));
    });
  });
}

/// Places and offsets of located sets.
template <class R>
struct Located {
  R* place;   ///< (16, observations)
  R* offset;  ///< (16, observations); not read for numbers of the table
};

/// Where they are: behind x, in rows of their own.
template <class R>
ALFI_HD Located<R> located(Rows<R> x) {
  return {x.at(1, 0), x.at(2, 0)};
}

/// Places and offsets of `observations` observations x (3, observations · 16), whose first row are the observations.
template <class Team, class R>
ALFI_HD void locate(const Team& team, const LookupEncoder<R>& encoder, Rows<R> x, int observations) {
  using F = typename Team::F;
  const Lookup<R>& lookup = encoder.lookup;
  const R table = static_cast<R>(lookup.table);
  const Located<R> to = located(x);
  team.each(observations, [&](int i, int lane) {
    const int row = i * tile_lanes + lane;
    F value = load<F>(x.at(0, row)), place = value;
    const Mask<F> tabled = (value >= R(0)) & (value < table) & (floor(value) == value);
    if (any(!tabled)) {
      if (lookup.table > 0)
        value = (transformed(encoder.units.transform, value) - splat<F>(*encoder.units.mean)) *
                splat<F>(*encoder.units.scale);
      const Int<F> s = segment_of(lookup.segments, value);
      place = select(tabled, place, to_real(s) + table);
      value = value - gather(lookup.origin, s);
    }
    store_apart<F>(to.place + lane * observations + i, observations, tile_lanes, place);
    if (any(!tabled)) store_apart<F>(to.offset + lane * observations + i, observations, tile_lanes, value);
  });
}

/// Calls body(Constant<V>, c, codes) for the sixteens of a code, up to four (V) together: c is the first number of each
/// lane's, `codes` those from there on.
template <class Body>
ALFI_HD void with_sixteens(int C, int lane, Body body) {
  for (int first = 0; first < C; first += 4 * tile_lanes)
    with_count<4>((C - first + tile_lanes - 1) / tile_lanes,
                  [&](auto sixteens) { body(sixteens, first + lane, C - first - lane); });
}

/// pooled (sets, CP, 16) = the pooled codes of every set, whose observations have been located.
template <class Team, class R>
ALFI_HD void encode_sets(const Team& team, const Shape& shape, const LookupEncoder<R>& encoder,
                         const ObservationSets<R>& sets, R* pooled) {
  using F = typename Team::F;
  const Lookup<R>& lookup = encoder.lookup;
  const bool moments = shape.pooling == Pooling::moments;
  const int C = shape.C, CP = shape.CP(), step = lookup.step;
  const int set_count = sets.observations / sets.set_size;
  const Located<const R> from = located(sets.x);
  team.each(set_count * tile_lanes, [&](int item, int lane) {
    const int episode = item / set_count, set = item % set_count, count = static_cast<int>(sets.count[episode]);
    const R* const places = from.place + episode * sets.observations + set * sets.set_size;
    const R* const offsets = from.offset + episode * sets.observations + set * sets.set_size;
    with_sixteens(C, lane, [&](auto sixteens, int c, int codes) {
      constexpr int V = decltype(sixteens)::value;
      Array<F, V> sum{}, squares{};
      for (int n = 0; n < count; ++n) {
        const int place = static_cast<int>(places[n]);
        const R* const code = lookup.code + place * step + c;
        Array<F, V> value;
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) value[v] = load<F>(code + v * tile_lanes);
        if (place >= lookup.table) {
          const R* const slope = lookup.slope + (place - lookup.table) * step + c;
          const F offset = splat<F>(offsets[n]);
#pragma GCC unroll 4
          for (int v = 0; v < V; ++v) value[v] = tanh(fma(load<F>(slope + v * tile_lanes), offset, value[v]));
        }
        if (moments) {
          const R share = R(1) / static_cast<R>(n + 1);
#pragma GCC unroll 4
          for (int v = 0; v < V; ++v) add_moments(value[v], share, sum[v], squares[v]);
        } else {
#pragma GCC unroll 4
          for (int v = 0; v < V; ++v) sum[v] = sum[v] + value[v];
        }
      }
      const F number = splat<F>(sets.count[episode]);
      for (int v = 0; v < V; ++v) {
        R* const to = pooled + (set * CP + c + v * tile_lanes) * tile_lanes + episode;
        store_apart<F>(to, tile_lanes, codes - v * tile_lanes, moments ? sum[v] : sum[v] / number);
        if (moments)
          store_apart<F>(to + C * tile_lanes, tile_lanes, codes - v * tile_lanes, deviation_of(squares[v], number));
      }
    });
  });
  team.sync();
}

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
          const SetSums<R> here{lookup, sums, from.place + begin, from.offset + begin,
                                static_cast<int>(sets.count[episode])};
          if (sums.second_from == 0)
            add_set<V, true, F>(here, c, a, b);
          else
            add_set<V, false, F>(here, c, a, b);
        }
      }
    });
  });
}

/// sums += those of all observations of a tile, after its rollout_gradient.
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

/// ∂L/∂ of what goes into the tanh of a row's codes, of those from c on.
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

/// gradient += the encoder's weight gradient of one block of listed rows.
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
