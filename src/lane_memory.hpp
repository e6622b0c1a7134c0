// Memory that kernels cut their arrays out of, on a CPU.
#pragma once

#include <oneapi/tbb/cache_aligned_allocator.h>

#include <vector>

namespace alfi {

/// Begins with a cache line, and with it every array that a Carver cuts out, so that no lane vector lies in two: the
/// allocations of operator new begin 16 bytes later.
template <class T>
using LaneMemory = std::vector<T, tbb::cache_aligned_allocator<T>>;

}  // namespace alfi
