// Samples of a simulator on a device.
#pragma once

#include <functional>
#include <span>

#include "src/backends/cuda/resources.hpp"

namespace alfi::cuda {

/// Draws a sample on `stream`, piece by piece: `sink` has one while the next is drawn. `sample.x` is not read. RunError
/// where the device fails.
void draw_sample_on_device(Runtime& runtime, const Stream& stream, int multiprocessors, LibraryHandle library,
                           Sample sample, const std::function<void(std::span<const float>)>& sink);

}  // namespace alfi::cuda
