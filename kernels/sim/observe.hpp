// Observations of one law, one after the other, in the groups its simulator draws together.
#pragma once

#include "kernels/random.hpp"

namespace alfi::inline ALFI_ISA {

/// Whether a simulator has a way to draw many that vectors of lanes are better off with.
template <class Sim, class F>
constexpr bool draws_batches() {
  return LaneTraits<F>::width > 1 && requires { Sim::batch; };
}

/// Observations drawn together.
template <class Sim, class F>
constexpr int group_of() {
  if constexpr (draws_batches<Sim, F>())
    return Sim::batch;
  else
    return Sim::group;
}

/// body(i, x) for the observations `first` + i of each lane, 0 ≤ i < count; x are X numbers. `first` is a multiple of
/// Sim::group.
template <class Sim, class F, class Law, class Body>
ALFI_HD void observe_each(const Law& law, const Stream<F>& stream, std::uint32_t first, int count, Body body) {
  constexpr int group = group_of<Sim, F>();
  for (int begin = 0; begin < count; begin += group) {
    Array<Array<F, Sim::X>, group> drawn;
    const std::uint32_t number = first + static_cast<std::uint32_t>(begin);
    const int wanted = count - begin < group ? count - begin : group;
    if constexpr (draws_batches<Sim, F>())
      Sim::template observe_batch<F>(law, stream, number, wanted, drawn);
    else
      Sim::template observe<F>(law, stream, number, drawn);
    for (int i = 0; i < group && i < wanted; ++i) body(begin + i, drawn[i]);
  }
}

}  // namespace alfi::inline ALFI_ISA
