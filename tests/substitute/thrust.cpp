// The algorithms that a device does by Thrust: thrust_tests run Thrust itself, on the host.
#include <algorithm>

#include "src/backends/cuda/scratch.hpp"
#include "src/backends/cuda/thrust_statistics.cuh"
#include "tests/substitute/state.hpp"

namespace alfi::cuda {

cudaError_t sort_on_device(double* values, std::int64_t count, Scratch& scratch, cudaStream_t stream) {
  // Memory of its own, given back before the work is done, as Thrust does.
  scratch.give_back(scratch.take(static_cast<std::size_t>(count) * sizeof(double)));
  return substitute::call("sort", [&] {
    return substitute::put("sort", reinterpret_cast<substitute::Stream*>(stream),
                           [=] { std::sort(values, values + count); });
  });
}

cudaError_t moments_on_device(const MomentsOfPieces& pieces, Moments* to, cudaStream_t stream) {
  return substitute::call("moments", [&] {
    return substitute::put("moments", reinterpret_cast<substitute::Stream*>(stream), [=] {
      for (std::int64_t i = 0; i < pieces.size(); ++i) to[i] = pieces(i);
    });
  });
}

}  // namespace alfi::cuda
