// Memory that kernels cut their arrays out of, on a CPU.
#pragma once

#include <oneapi/tbb/cache_aligned_allocator.h>

#include <cstddef>
#include <vector>

namespace alfi {

/// Begins with a cache line, and with it every array that a Carver cuts out, so that no lane vector lies in two: the
/// allocations of operator new begin 16 bytes later. Ends with 128 kB that nothing is in: a core fetches ahead, past
/// the end of its arrays, and would take those behind them from the core that writes there.
template <class T>
class LaneAllocator {
 public:
  using value_type = T;

  LaneAllocator() = default;
  template <class U>
  LaneAllocator(const LaneAllocator<U>&) {}

  T* allocate(std::size_t count) { return Lines{}.allocate(count + gap); }
  void deallocate(T* memory, std::size_t count) { Lines{}.deallocate(memory, count + gap); }

  friend bool operator==(const LaneAllocator&, const LaneAllocator&) { return true; }

 private:
  using Lines = tbb::cache_aligned_allocator<T>;
  static constexpr std::size_t gap = 131072 / sizeof(T);
};

template <class T>
using LaneMemory = std::vector<T, LaneAllocator<T>>;

}  // namespace alfi
