// Codes of scalar observations, looked up instead of computed. Not an approximation: it takes the encoder apart.
//
//   segments  between two edges (kernels/episode/segments.hpp) the code of x is tanh(B + A (x − x₀)). A and B come of
//             two nodes x₀, x₁ inside the segment that the network is run on:
//             B = z(x₀), A = (z(x₁) − z(x₀)) / (x₁ − x₀).
//   table     where observations are whole numbers, the codes of 0 … table − 1 themselves; others have their segment.
//
// Nodes and numbers of the table are *rows*, which the network is run on, forward once and backward once a step
// (lookup_building.hpp, lookup_gradient.hpp). An observation is located once: it has a place (a number of the table, or
// table + its segment) and, in a segment, an offset x − x₀ (lookup_encoding.hpp).
//
// Codes lie one place after the other, `step` apart: here a lane vector is 16 numbers of a code, not 16 episodes. So
// episodes are taken one after the other, each with places and offsets of its own in a row: an episode's observations
// fall on few places, which stay in the cache.
#pragma once

#include "kernels/episode/segments.hpp"
#include "kernels/episode/simulate.hpp"

namespace alfi {

/// Number of rows the network is run on together.
inline constexpr int lookup_block = block_length * tile_lanes;

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

/// Returns how many places and rows there are at most where the table has this many numbers.
constexpr int most_places(int table) { return table + most_segments; }
constexpr int most_rows(int table) { return table + 2 * most_segments + tile_lanes; }

template <class R>
ALFI_HD Lookup<R> carve_lookup(int table, int C, Carver<R>& carver) {
  const int step = whole_groups(C);
  return {.table = table,
          .C = C,
          .step = step,
          .segments = carve_segments(carver),
          .origin = carver.take(most_segments),
          .scale = carver.take(most_segments),
          .x = carver.rows(1, most_rows(table)),
          .code = carver.take(std::int64_t{most_places(table)} * step),
          .slope = carver.take(std::int64_t{most_segments} * step)};
}

/// Looks codes up. Observations are in natural units where there is a table, else as the network sees them.
template <class R>
struct LookupEncoder {
  Lookup<R> lookup;
  ObservationUnits<R> units;  ///< of the network
};

}  // namespace alfi
