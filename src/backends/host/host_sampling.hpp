// Samples drawn by this machine's cores.
#pragma once

#include <oneapi/tbb/task_arena.h>

#include <functional>
#include <span>

#include "kernels/sim/sample.hpp"

namespace alfi {

/// Draws a sample piece by piece; each piece (rows, X) is valid during its call of the sink.
void draw_sample_on_host(tbb::task_arena& arena, const Sample& sample,
                         const std::function<void(std::span<const float>)>& sink);

}  // namespace alfi
