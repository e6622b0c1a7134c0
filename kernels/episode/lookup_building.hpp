// The building of a lookup: its segments, nodes and numbers, then the network's codes of them, block by block.
#pragma once

#include "kernels/episode/lookup.hpp"

namespace alfi::inline ALFI_ISA {

/// Writes the table's numbers as the network sees them.
template <class Team>
ALFI_HD void tabulate_numbers(const Team& team, const ObservationUnits<typename Team::Real>& units,
                              const Lookup<typename Team::Real>& lookup) {
  using R = typename Team::Real;
  team.each_number(lookup.table, [&](int k) {
    lookup.x.data[k] = (transformed(units.transform, static_cast<R>(k)) - *units.mean) * *units.scale;
  });
}

/// Places the nodes of all segments, to be read after a barrier.
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

/// Finds segments, nodes and numbers of the encoder with these layers, to be read after a barrier.
template <class Team>
ALFI_HD void find_lookup(const Team& team, const DenseEncoder<typename Team::Real>& encoder,
                         const ObservationUnits<typename Team::Real>& units, const SegmentSearch& search,
                         const Lookup<typename Team::Real>& lookup) {
  find_segments(team, encoder.layer[0], encoder.layer[1], search, lookup.segments);
  tabulate_numbers(team, units, lookup);
  place_nodes(team, lookup);
}

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

}  // namespace alfi::inline ALFI_ISA
