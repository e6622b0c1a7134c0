// Sums of many numbers by one team, in a fixed shape: place p of 256 adds up the numbers p, p + 256, p + 512, … in
// order, then the places are added by halves: p + (p + 128), + 64, …, + 1. The same bits on every team.
#pragma once

#include "kernels/team/team.hpp"

namespace alfi {

inline constexpr int sum_places = 256;

inline namespace ALFI_ISA {

/// Sums up over a team. gather(place) adds up what falls to a place; add(place, other) adds another place to it. Then
/// place 0 has the sum, for all threads to read.
template <class Team, class Gather, class Add>
ALFI_HD void sum_up(const Team& team, Gather gather, Add add) {
  team.each_number(sum_places, gather);
  team.sync();
  for (int half = sum_places / 2; half > 0; half /= 2) {
    team.each_number(half, [&](int place) { add(place, place + half); });
    team.sync();
  }
}

}  // namespace ALFI_ISA
}  // namespace alfi
