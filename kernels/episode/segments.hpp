// The linear pieces of an encoder of one number.
//
// Before its tanh a ReLU-ReLU network of one number x is piecewise linear. It bends where a unit of the first hidden
// layer begins or ends, at −b/w, and where one of the second does: between two bends of the first layer its input
// α + β x is linear, with a root at −α/β. In double, and exact but for double's rounding:
//
//   hinges    −b/w, in order
//   roots     for each unit of the second layer, from one hinge to the next: α and β change by one unit's share there
//   edges     hinges and roots in order, as floats; equal ones are one, so no segment is narrower than an ulp
//
// Edges come from the weights of the first two layers alone; what the network is between them is found out by running
// it (kernels/episode/lookup_building.hpp). An edge that is off by a rounding changes nothing: the function is
// continuous.
#pragma once

#include "kernels/networks/encoder.hpp"

namespace alfi {

/// More than these and the encoder is computed, not looked up. Networks of 50 + 50 units have about 100; 2600 would be
/// possible.
inline constexpr int most_segments = 512;

/// Buckets over [−4, 4) that a search for a segment begins in, 1/64 wide.
inline constexpr int segment_buckets = 512;
inline constexpr float bucket_scale = 64;
/// Buckets reach from minus this to this.
inline constexpr float segment_reach = static_cast<float>(segment_buckets) / 2 / bucket_scale;

/// Segment s is edge[s] ≤ x < edge[s + 1]; the first has no lower edge, the last no upper one.
template <class R>
struct Segments {
  R* count;   ///< (1): 0 where there are too many, or a weight is not finite
  R* edge;    ///< (most_segments), edge[0] = −∞
  R* bucket;  ///< (segment_buckets + 1): the segment of the least x in a bucket; the first and last segment at the ends
};

template <class R>
ALFI_HD Segments<R> carve_segments(Carver<R>& carver) {
  return {carver.take(1), carver.take(most_segments), carver.take(segment_buckets + 1)};
}

/// Room for the search, h hidden units.
struct SegmentSearch {
  double* hinge;   ///< (h): ∞ where the unit does not depend on x
  double* order;   ///< (h): units by hinge
  double* root;    ///< (h + 1, h): of each unit of the second layer before each hinge and after the last; ∞ for none
  double* broken;  ///< (h): 1 where a sum was not finite
};

ALFI_HD SegmentSearch carve_search(int hidden, Carver<double>& carver) {
  const std::int64_t h = hidden;
  return {.hinge = carver.take(h), .order = carver.take(h), .root = carver.take((h + 1) * h), .broken = carver.take(h)};
}

inline namespace ALFI_ISA {

/// Roots of one unit of the second layer.
template <class R>
ALFI_HD void find_roots(const LinearWeights<R>& first, const LinearWeights<R>& second, int unit,
                        const SegmentSearch& search) {
  constexpr double infinity = __builtin_inf();
  const int h = first.out;
  const R* const weight = second.weight + unit * second.step;
  const auto slope_of = [&](int i) { return static_cast<double>(first.weight[i * first.step]); };
  double alpha = static_cast<double>(second.bias[unit]), beta = 0;
  const auto add = [&](int i, double sign) {
    const double w = sign * static_cast<double>(weight[i]);
    alpha = fma(w, static_cast<double>(first.bias[i]), alpha);
    beta = fma(w, slope_of(i), beta);
  };
  // Units that are at work for x → −∞.
  for (int i = 0; i < h; ++i)
    if (!(slope_of(i) >= 0) || (slope_of(i) == 0 && !(first.bias[i] <= R(0)))) add(i, 1);
  double lower = -infinity;
  bool broken = false;
  for (int q = 0; q <= h; ++q) {
    const int next = q < h ? static_cast<int>(search.order[q]) : 0;
    const double upper = q < h ? search.hinge[next] : infinity;
    broken = broken || !(alpha - alpha == 0) || !(beta - beta == 0);
    double root = infinity;
    const double size = beta < 0 ? -beta : beta, against = beta < 0 ? alpha : -alpha;  // the root is against / size
    if (lower < upper && size > 0 && against > lower * size && against < upper * size) root = against / size;
    search.root[q * h + unit] = root;
    if (upper < infinity && q < h) add(next, slope_of(next) > 0 ? 1 : -1);
    lower = upper;
  }
  search.broken[unit] = broken ? 1 : 0;
}

/// Hinges and roots in order, as edges.
template <class R>
ALFI_HD void merge_edges(int h, const SegmentSearch& search, const Segments<R>& segments) {
  constexpr double infinity = __builtin_inf();
  int count = 1;
  bool usable = true;
  segments.edge[0] = R(-infinity);
  const auto push = [&](double at) {
    const R edge = static_cast<R>(at);
    if (!(edge - edge == R(0)) || !(edge > segments.edge[count - 1])) return;
    if (count == most_segments)
      usable = false;
    else
      segments.edge[count++] = edge;
  };
  for (int unit = 0; unit < h; ++unit) usable = usable && search.broken[unit] == 0;
  for (int q = 0; q <= h && usable; ++q) {
    double* const root = search.root + q * h;
    int roots = 0;
    for (int unit = 0; unit < h; ++unit) {  // those there are to the front, in order
      const double at = root[unit];
      if (!(at < infinity)) continue;
      int place = roots++;
      for (; place > 0 && root[place - 1] > at; --place) root[place] = root[place - 1];
      root[place] = at;
    }
    for (int i = 0; i < roots && usable; ++i) push(root[i]);
    if (q < h) push(search.hinge[static_cast<int>(search.order[q])]);
  }
  *segments.count = usable ? static_cast<R>(count) : R(0);
}

/// Finds the segments of the encoder whose first two layers these are. The buckets may be read after a barrier.
template <class Team>
ALFI_HD void find_segments(const Team& team, const LinearWeights<typename Team::Real>& first,
                           const LinearWeights<typename Team::Real>& second, const SegmentSearch& search,
                           const Segments<typename Team::Real>& segments) {
  using R = typename Team::Real;
  const int h = first.out;
  team.each_number(h, [&](int i) {
    const double hinge = -static_cast<double>(first.bias[i]) / static_cast<double>(first.weight[i * first.step]);
    search.hinge[i] = hinge - hinge == 0 ? hinge : __builtin_inf();
  });
  team.sync();
  team.each_number(h, [&](int i) {
    int rank = 0;
    const double here = search.hinge[i];
    for (int other = 0; other < h; ++other) {
      const double there = search.hinge[other];
      rank += there < here || (there == here && other < i) ? 1 : 0;
    }
    search.order[rank] = i;
  });
  team.sync();
  team.each_number(h, [&](int unit) { find_roots(first, second, unit, search); });
  team.sync();
  team.once([&] { merge_edges(h, search, segments); });
  team.sync();
  team.each_number(segment_buckets + 1, [&](int bucket) {
    const int count = static_cast<int>(*segments.count);
    const R least = static_cast<R>(bucket) * R(1 / bucket_scale) - R(segment_reach);
    int low = 0, high = count > 0 ? count - 1 : 0;
    if (bucket == 0) high = 0;
    if (bucket == segment_buckets) low = high;
    while (low < high) {
      const int middle = (low + high + 1) / 2;
      if (least >= segments.edge[middle])
        low = middle;
      else
        high = middle - 1;
    }
    segments.bucket[bucket] = static_cast<R>(low);
  });
}

/// Finds the segment that each lane's x is in; the first for NaN.
template <class F>
ALFI_HD Int<F> segment_of(const Segments<Real<F>>& segments, F x) {
  using R = Real<F>;
  constexpr R ends = R(segment_reach);
  const F inside = min(splat<F>(ends * R(0.999)), max(splat<F>(-ends), select(x == x, x, F{})));
  const Int<F> bucket = to_int((inside + ends) * R(bucket_scale));
  Int<F> low = to_int(gather(segments.bucket, bucket)), high = to_int(gather(segments.bucket, bucket + 1));
  while (any(low < high)) {
    const Int<F> middle = (low + high + 1) >> 1;
    const Mask<F> above = x >= gather(segments.edge, middle);
    low = select(above, middle, low);
    high = select(above, high, middle - 1);
  }
  return low;
}

}  // namespace ALFI_ISA
}  // namespace alfi
