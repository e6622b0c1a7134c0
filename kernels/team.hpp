// Teams: who runs a kernel body.
//
// A body is a function of a team. It works in phases: `each`, `each_lane`, `each_row`, `each_number`, `each_warp` and
// `sums` divide the items of a phase among the team's threads, and what one phase wrote another thread may read
// only after `sync`. An item of `each`, or of `each_row` over as many rows, is the same thread's in every phase. All
// threads of a team call the same phases and barriers in the same order.
//
//   HostTeam<F>        one CPU core. F is the lane vector; a phase is a loop, `sync` is nothing.
//   CudaTeam<threads>  one thread block (kernels/cuda_team.hpp). F is float; an item's lanes are neighbouring threads.
//   FiberTeam          (tests/support) fibers in a random order: finds what a GPU would punish.
//
// The lanes of an item are the 16 episodes of a tile. Only kernels/cuda_team.hpp may name threads, barriers, shuffles
// and tensor cores.
#pragma once

#include "kernels/lanes.hpp"
#include "kernels/shape.hpp"
#include "kernels/tensor.hpp"

namespace alfi::inline ALFI_ISA {

/// A number known to the compiler, handed to a generic lambda.
template <int value_>
struct Constant {
  static constexpr int value = value_;
};

template <class T, int count>
using Array = T[static_cast<unsigned>(count)];

#ifndef __CUDACC__

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

/// The same sums in the same order for float, four at a time.
template <int count>
ALFI_HD void lane_tree(Array<Array<float, tile_lanes>, count>& lanes, Array<float, count>& total) {
  typedef float Quad __attribute__((vector_size(16)));
  constexpr int groups = (count + 3) / 4;
  Array<Quad, 4 * groups> quad{};
#pragma GCC unroll 32
  for (int i = 0; i < count; ++i) {
    Quad part[4];
    memcpy(part, lanes[i], sizeof part);
    quad[i] = (part[0] + part[2]) + (part[1] + part[3]);
  }
  const auto pair = [](Quad a, Quad b) {
    return __builtin_shufflevector(a, b, 0, 1, 4, 5) + __builtin_shufflevector(a, b, 2, 3, 6, 7);
  };
#pragma GCC unroll 8
  for (int g = 0; g < groups; ++g) {
    const Quad low = pair(quad[4 * g], quad[4 * g + 1]), high = pair(quad[4 * g + 2], quad[4 * g + 3]);
    const Quad sum = __builtin_shufflevector(low, high, 0, 2, 4, 6) + __builtin_shufflevector(low, high, 1, 3, 5, 7);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i)
      if (4 * g + i < count) total[4 * g + i] = sum[i];
  }
}

template <class F_>
class HostTeam {
 public:
  using F = F_;
  using Real = ::alfi::Real<F>;
  static constexpr int width = LaneTraits<F>::width;
  /// Lane vectors of rows one call of an `each_row` body handles: as many as the registers hold beside five outputs.
  static constexpr int row_vectors = width == 16 ? 4 : width == 1 ? 1 : 2;
  /// Columns of a weight gradient's patch, likewise.
  static constexpr int patch_columns = width == 16 ? 5 : 2;
  /// Whether patches at a matrix' edge are computed whole. Here code of its own for every size is faster.
  static constexpr bool whole_patches = false;

  void sync() const {}

  /// body() on one thread.
  template <class Body>
  ALFI_HD void once(Body body) const {
    body();
  }

  /// body(lane) for each of the 16 lanes alone.
  template <class Body>
  ALFI_HD void each_lane(Body body) const {
    for (int lane = 0; lane < tile_lanes; ++lane) body(lane);
  }

  /// body(item, lane) for each item and each lane vector of the tile, `lane` being its first lane.
  template <class Body>
  ALFI_HD void each(int items, Body body) const {
    for (int item = 0; item < items; ++item)
      for (int lane = 0; lane < tile_lanes; lane += width) body(item, lane);
  }

  /// body(item, row, Constant<V>) for each item and each run of V lane vectors that starts at `row`; rows is a multiple
  /// of 16. Items vary fastest, so that the rows stay in the first-level cache.
  template <class Body>
  ALFI_HD void each_row(int items, int rows, Body body) const {
    constexpr int step = row_vectors * width;
    int row = 0;
    for (; row + step <= rows; row += step)
      for (int item = 0; item < items; ++item) body(item, row, Constant<row_vectors>{});
    for (; row < rows; row += width)
      for (int item = 0; item < items; ++item) body(item, row, Constant<1>{});
  }

  /// body(number) for each number below count.
  template <class Body>
  ALFI_HD void each_number(int count, Body body) const {
    for (int i = 0; i < count; ++i) body(i);
  }

  /// body(item, tensor) for each item, by a warp that computes products of small matrices (kernels/tensor.hpp).
  template <Precision precision, class Body>
  ALFI_HD void each_warp(int items, Body body) const {
    for (int item = 0; item < items; ++item) body(item, HostTensor<precision>{});
  }

  /// Sums over lanes: part(item, lane, sums) adds to each lane's `count` sums, which start at 0; then
  /// total(item, sums) gets them added up over the 16 lanes by lane_tree.
  template <int count, class Part, class Total>
  ALFI_HD void sums(int items, Part part, Total total) const {
    for (int item = 0; item < items; ++item) {
      alignas(64) Array<Array<Real, tile_lanes>, count> lanes;
      for (int lane = 0; lane < tile_lanes; lane += width) {
        Array<F, count> sum;
        for (int i = 0; i < count; ++i) sum[i] = F{};
        part(item, lane, sum);
        for (int i = 0; i < count; ++i) store<F>(&lanes[i][lane], sum[i]);
      }
      Array<Real, count> added;
      if constexpr (LaneTraits<Real>::width == 1 && sizeof(Real) == 4)
        lane_tree<count>(lanes, added);
      else
        lane_tree<Real, count>(lanes, added);
      total(item, added);
    }
  }
};

#endif

}  // namespace alfi::inline ALFI_ISA

#include "kernels/cuda_team.hpp"
