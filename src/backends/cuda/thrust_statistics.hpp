// The statistics of samples by Thrust: on a device, and in the tests on the host. A policy says where, in which memory
// and on which stream.
//
// Thrust's reductions of floating-point numbers are added up in an order of its own. So no sum is left to it: an
// element of what it tabulates is a piece's, added up in order.
#pragma once

#include <thrust/sort.h>
#include <thrust/tabulate.h>

#include <cstddef>

#include "kernels/networks/moments.hpp"
#include "src/backends/cuda/scratch.hpp"

namespace alfi::cuda {

/// Thrust's own memory. It gives it back while its kernels are still at work.
struct ScratchAllocator {
  using value_type = std::byte;
  Scratch* scratch;

  std::byte* allocate(std::size_t bytes) { return static_cast<std::byte*>(scratch->take(bytes)); }
  void deallocate(std::byte* pointer, std::size_t) { scratch->give_back(pointer); }
};

template <class Policy>
void sort_by_thrust(const Policy& policy, double* values, std::int64_t count) {
  thrust::sort(policy, values, values + count);
}

/// Computes `to` (pieces.size()), the moments of each piece.
template <class Policy>
void moments_by_thrust(const Policy& policy, const MomentsOfPieces& pieces, Moments* to) {
  thrust::tabulate(policy, to, to + pieces.size(), pieces);
}

}  // namespace alfi::cuda
