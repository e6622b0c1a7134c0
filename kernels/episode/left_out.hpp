// Observations that are no numbers, such as those of a solver that failed: they are left out of their set. The others
// move together, so that a set is its first `count` observations, and all that follows encodes it as any other.
#pragma once

#include "kernels/networks/encoder.hpp"

namespace alfi::inline ALFI_ISA {

/// Returns the lanes in which all of these numbers are finite.
template <class F>
ALFI_HD Mask<F> is_number(F x) {
  return x - x == Real<F>(0);
}

/// Moves the observations of one lane that are numbers, of the first `count` of a set, to its front in their order, and
/// returns how many they are. All behind them become 0: gradients multiply them by 0.
template <class R>
ALFI_HD int keep_numbers(Rows<R> x, int X, int first, int set_size, int count, int lane) {
  const auto finite = [&](int i) {
    bool all = true;
    for (int k = 0; k < X; ++k) {
      const R value = *x.at(k, (first + i) * tile_lanes + lane);
      all = all && value - value == R(0);
    }
    return all;
  };
  bool all = true;
  for (int i = 0; i < set_size; ++i) all = all && finite(i);
  if (all) return count;
  int kept = 0;
  for (int i = 0; i < count; ++i) {
    if (!finite(i)) continue;
    for (int k = 0; k < X && kept < i; ++k)
      *x.at(k, (first + kept) * tile_lanes + lane) = *x.at(k, (first + i) * tile_lanes + lane);
    ++kept;
  }
  for (int i = kept; i < set_size; ++i)
    for (int k = 0; k < X; ++k) *x.at(k, (first + i) * tile_lanes + lane) = R(0);
  return kept;
}

/// Leaves out what is no number of `sets` sets of `set_size` observations x (X, sets · set_size · 16). count (sets, 16)
/// are the observations that count, before and after. To be read after a barrier.
template <class Team, class R>
ALFI_HD void leave_out(const Team& team, Rows<R> x, int X, int sets, int set_size, R* count) {
  using F = typename Team::F;
  team.each(sets, [&](int set, int lane) {
    const int first = set * set_size;
    Mask<F> finite = splat<F>(R(0)) == R(0);
    for (int k = 0; k < X; ++k)
      for (int i = 0; i < set_size; ++i) finite = finite & is_number(load<F>(x.at(k, (first + i) * tile_lanes + lane)));
    if (!any(!finite)) return;
    for (int l = lane; l < lane + LaneTraits<F>::width; ++l) {
      R& counted = count[set * tile_lanes + l];
      counted = static_cast<R>(keep_numbers(x, X, first, set_size, static_cast<int>(counted), l));
    }
  });
}

}  // namespace alfi::inline ALFI_ISA
