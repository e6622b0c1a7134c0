// Results computed side by side and used one after the other.
#pragma once

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "src/backends/host/host_processor.hpp"

namespace alfi::cli {

/// Calls put(i, compute(i)) for i below count in their order; compute on `threads` threads (0: all), of some i at a
/// time, so that memory does not grow with count.
template <class Compute, class Put>
void in_order(std::size_t count, int threads, Compute compute, Put put) {
  constexpr std::size_t at_once = 64;
  tbb::task_arena arena(allowed_threads(thread_count(threads)));
  std::vector<decltype(compute(count))> results(std::min(count, at_once));
  for (std::size_t first = 0; first < count; first += at_once) {
    const std::size_t size = std::min(at_once, count - first);
    arena.execute(
        [&] { tbb::parallel_for(std::size_t{0}, size, [&](std::size_t i) { results[i] = compute(first + i); }); });
    for (std::size_t i = 0; i < size; ++i) put(first + i, results[i]);
  }
}

}  // namespace alfi::cli
