#include "src/backends/host/host_sampling.hpp"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <vector>

#include "src/simulators/simulators.hpp"

namespace alfi {

void draw_sample_on_host(tbb::task_arena& arena, const Sample& sample,
                         const std::function<void(std::span<const float>)>& sink) {
  constexpr std::int64_t piece = 1 << 16, slice = 1 << 12;
  const int X = sample.X;
  const std::int64_t all = sample.count;
  const HostSimulator& simulator = *host_simulator(sample.simulator);
  std::vector<float> x(static_cast<std::size_t>(std::min(piece, all) * X));
  for (std::int64_t first = 0; first < all; first += piece) {
    const std::int64_t count = std::min(piece, all - first);
    arena.execute([&] {
      tbb::parallel_for(std::int64_t{0}, (count + slice - 1) / slice, [&](std::int64_t i) {
        Sample part = sample;
        part.first = first + i * slice;
        part.count = std::min(slice, count - i * slice);
        part.x = x.data() + i * slice * X;
        simulator.draw_sample(simulator.context, part);
      });
    });
    sink({x.data(), static_cast<std::size_t>(count * X)});
  }
}

}  // namespace alfi
