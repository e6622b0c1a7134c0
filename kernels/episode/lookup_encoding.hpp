// Observations located in a lookup, and their codes, pooled.
#pragma once

#include "kernels/episode/lookup.hpp"

namespace alfi::inline ALFI_ISA {

/// Places and offsets of located sets.
template <class R>
struct Located {
  R* place;   ///< (16, observations)
  R* offset;  ///< (16, observations); not read for numbers of the table
};

/// Returns where they are: behind x, in rows of their own.
template <class R>
ALFI_HD Located<R> located(Rows<R> x) {
  return {x.at(1, 0), x.at(2, 0)};
}

/// Finds places and offsets of `observations` observations x (3, observations · 16), whose first row are the
/// observations.
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

/// Pools the codes of every set, whose observations have been located: pooled (sets, CP, 16).
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
    const int episode = item / set_count, set = item % set_count;
    const R counted = sets.count[set * tile_lanes + episode];
    const int count = static_cast<int>(counted);
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
      const F number = splat<F>(counted > R(1) ? counted : R(1));
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

}  // namespace alfi::inline ALFI_ISA
