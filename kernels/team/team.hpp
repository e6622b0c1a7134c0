// Teams: who runs a kernel body.
//
// A body is a function of a team. It works in phases: `each`, `each_lane`, `each_row`, `each_number`, `each_unequal`,
// `each_warp` and `sums` divide the items of a phase among the team's threads. Before `sync` a thread may read only
// what it wrote itself; after it, everything. One thread has an item of `each`, or of `each_row` over as many rows, in
// every phase, and the lanes of its first item those of `each_lane`. All threads of a team call equal phases and
// barriers in one order.
//
//   HostTeam<F>        one CPU core (kernels/team/host_team.hpp). F is the lane vector; a phase is a loop, and `sync`
//                      does nothing.
//   CudaTeam<threads>  one thread block (kernels/team/cuda_team.hpp). F is float; an item's lanes are neighbouring
//                      threads.
//   FiberTeam          (tests/support) fibers in a random order: finds what a GPU would punish.
//
// The lanes of an item are the 16 episodes of a tile. Only kernels/team/cuda_team.hpp may name threads, barriers,
// shuffles and tensor cores.
#pragma once

#include "kernels/lanes/lanes.hpp"
#include "kernels/shape.hpp"
#include "kernels/team/tensor.hpp"

namespace alfi::inline ALFI_ISA {

/// A number known to the compiler, handed to a generic lambda.
template <int value_>
struct Constant {
  static constexpr int value = value_;
};

/// Calls use(i, load(i)) for i below `count`, in order. Team::loads_ahead numbers are loaded before the first of them
/// is used: a thread of a device would otherwise wait for memory once a number.
template <class Team, class Load, class Use>
ALFI_HD void each_loaded(int count, Load load, Use use) {
  constexpr int ahead = Team::loads_ahead;
  if constexpr (ahead == 1) {
    for (int i = 0; i < count; ++i) use(i, load(i));
  } else {
    for (int first = 0; first < count; first += ahead) {
      Array<decltype(load(0)), ahead> value{};
      ALFI_UNROLL
      for (int i = 0; i < ahead; ++i)
        if (first + i < count) value[i] = load(first + i);
      ALFI_UNROLL
      for (int i = 0; i < ahead; ++i)
        if (first + i < count) use(first + i, value[i]);
    }
  }
}

}  // namespace alfi::inline ALFI_ISA
