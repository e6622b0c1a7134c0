// One CPU core as a team: a phase is a loop over vectors of lanes, and a barrier does nothing.
#pragma once

#include "kernels/team/team.hpp"

#ifndef __CUDACC__

namespace alfi::inline ALFI_ISA {

/// Adds up 16 lanes by halves: lane l and l + 8, then + 4, + 2, + 1. Every team sums lanes in this order.
template <class R, int count>
ALFI_HD void lane_tree(Array<Array<R, tile_lanes>, count>& lanes, Array<R, count>& total) {
  for (int i = 0; i < count; ++i) {
    auto& lane = lanes[i];
    for (int half = tile_lanes / 2; half > 0; half /= 2)
      for (int l = 0; l < half; ++l) lane[l] = lane[l] + lane[l + half];
    total[i] = lane[0];
  }
}

#if defined(__AVX512F__) || defined(__AVX2__)

/// Adds up whole vectors in lane_tree's order, whose lanes above the vector's width have been added already: two
/// vectors become one of half as many sums, until there is one.
template <int half, int count>
ALFI_HD void fold_lanes(Array<FloatLanes, count>& sum) {
#pragma GCC unroll 32
  for (int i = 0; 2 * i < count; ++i)
    sum[i] = add_halves<half>(sum[2 * i], 2 * i + 1 < count ? sum[2 * i + 1] : FloatLanes{});
  constexpr int left = (count + 1) / 2;
  if constexpr (half > 1) fold_lanes<half / 2, left>(reinterpret_cast<Array<FloatLanes, left>&>(sum));
}

/// Returns where the total of vector i of every vector_width is in what they become.
constexpr int folded_place(int i) {
  constexpr int across = vector_width / 4;  // runs of four lanes, which the first steps spread vectors over
  return i / vector_width * vector_width + i % across * 4 + i % vector_width / across;
}

template <int count>
ALFI_HD void lane_tree(Array<FloatLanes, count>& sum, Array<float, count>& total) {
  constexpr int vectors = (count + vector_width - 1) / vector_width;
  fold_lanes<vector_width / 2, count>(sum);
  alignas(64) Array<float, vectors * vector_width> folded;
  for (int i = 0; i < vectors; ++i) store<FloatLanes>(folded + i * vector_width, sum[i]);
#pragma GCC unroll 32
  for (int i = 0; i < count; ++i) total[i] = folded[folded_place(i)];
}

#endif

template <class F_>
class HostTeam {
 public:
  using F = F_;
  using Real = ::alfi::Real<F>;
  static constexpr int width = LaneTraits<F>::width;
  /// Lane vectors of rows one call of an `each_row` body handles: as many as the registers hold beside five outputs.
  static constexpr int row_vectors = width == 16 ? 4 : width == 1 ? 1 : 2;
  /// Columns of a weight gradient's patch, as many as the registers hold.
  static constexpr int patch_columns = width == 16 ? 5 : 2;
  /// Choice to compute patches at a matrix' edge whole. Here code of its own for every size is faster.
  static constexpr bool whole_patches = false;
  /// Numbers a thread loads before it uses the first (each_loaded).
  static constexpr int loads_ahead = 1;

  void sync() const {}

  /// Calls body() on one thread.
  template <class Body>
  ALFI_HD void once(Body body) const {
    body();
  }

  /// Calls body(lane) for each of the 16 lanes alone.
  template <class Body>
  ALFI_HD void each_lane(Body body) const {
    for (int lane = 0; lane < tile_lanes; ++lane) body(lane);
  }

  /// Calls body(item, lane) for each item and each lane vector of the tile, `lane` being its first lane.
  template <class Body>
  ALFI_HD void each(int items, Body body) const {
    for (int item = 0; item < items; ++item)
      for (int lane = 0; lane < tile_lanes; lane += width) body(item, lane);
  }

  /// Calls body(item, row, Constant<V>) for each item and each run of V lane vectors that starts at `row`; rows is a
  /// multiple of 16. Items vary fastest, so that the rows stay in the first-level cache.
  template <class Body>
  ALFI_HD void each_row(int items, int rows, Body body) const {
    constexpr int step = row_vectors * width;
    int row = 0;
    for (; row + step <= rows; row += step)
      for (int item = 0; item < items; ++item) body(item, row, Constant<row_vectors>{});
    for (; row < rows; row += width)
      for (int item = 0; item < items; ++item) body(item, row, Constant<1>{});
  }

  /// Calls body(number) for each number below count.
  template <class Body>
  ALFI_HD void each_number(int count, Body body) const {
    for (int i = 0; i < count; ++i) body(i);
  }

  /// Runs jobs of unequal length: begin(job), then step(job) until it returns true. A thread that has ended one begins
  /// its next one at once, whatever its neighbours are at.
  template <class Begin, class Step>
  ALFI_HD void each_unequal(int count, Begin begin, Step step) const {
    for (int job = 0; job < count; ++job)
      for (begin(job); !step(job);) continue;
  }

  /// Calls body(item, tensor) for each item, by a warp that computes products of small matrices
  /// (kernels/team/tensor.hpp).
  template <Precision precision, class Body>
  ALFI_HD void each_warp(int items, Body body) const {
    for (int item = 0; item < items; ++item) body(item, HostTensor<precision>{});
  }

  /// Sums over lanes: for i below `down` and j below `across` part(i, j, lane, sums) adds to each lane's `count` sums,
  /// which start at 0; lane_tree adds them up over the 16 lanes. Then total(i, j, sums, first, there) gets those from
  /// number `first` on, `there` of which are valid: on a host all at once, on a device each thread its own.
  template <int count, class Part, class Total>
  ALFI_HD void sums(int down, int across, Part part, Total total) const {
    Array<Real, count> added;
    if constexpr (width == 16) {
      for (int i = 0; i < down; ++i)
        for (int j = 0; j < across; ++j) {
          Array<F, count> sum{};
          part(i, j, 0, sum);
          lane_tree<count>(sum, added);
          total(i, j, added, 0, count);
        }
    } else if constexpr (width == 8) {
      // An item's lanes are added up between the halves of the next one. Right after its own they would have to wait
      // for sums under way, and would fill the queues of a core, which had nothing to do meanwhile.
      Array<Array<Array<F, count>, 2>, 2> kept;
      int turn = 0, last_i = -1, last_j = -1;
      const auto add_half = [&](int i, int j, int half) {
        Array<F, count> sum{};
        part(i, j, half * width, sum);
#pragma GCC unroll 32
        for (int k = 0; k < count; ++k) kept[turn][half][k] = sum[k];
      };
      const auto finish_last = [&] {
        if (last_i < 0) return;
        const auto& halves = kept[1 - turn];
        Array<F, count> sum;
#pragma GCC unroll 32
        for (int k = 0; k < count; ++k) sum[k] = halves[0][k] + halves[1][k];
        lane_tree<count>(sum, added);
        total(last_i, last_j, added, 0, count);
      };
      for (int i = 0; i < down; ++i)
        for (int j = 0; j < across; ++j, turn = 1 - turn) {
          add_half(i, j, 0);
          finish_last();
          add_half(i, j, 1);
          last_i = i;
          last_j = j;
        }
      finish_last();
    } else {
      alignas(64) Array<Array<Real, tile_lanes>, count> lanes;
      for (int i = 0; i < down; ++i)
        for (int j = 0; j < across; ++j) {
          for (int lane = 0; lane < tile_lanes; lane += width) {
            Array<F, count> sum{};
            part(i, j, lane, sum);
            for (int k = 0; k < count; ++k) store<F>(&lanes[k][lane], sum[k]);
          }
          lane_tree<Real, count>(lanes, added);
          total(i, j, added, 0, count);
        }
    }
  }
};

}  // namespace alfi::inline ALFI_ISA

#endif
