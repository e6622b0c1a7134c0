// Device memory for the algorithms on one stream. What they give back is taken again by what is put on the stream after
// them, and released only with the scratch, when the stream is at rest: a kernel may still be at work in it.
#pragma once

#include <cstddef>
#include <vector>

#include "src/backends/cuda/resources.hpp"

namespace alfi::cuda {

class Scratch {
 public:
  explicit Scratch(Runtime& runtime) : runtime_(runtime) {}

  /// Throws RunError where the device has not so much.
  void* take(std::size_t bytes);
  void give_back(void* pointer) noexcept;

 private:
  struct Block {
    DeviceArray<std::byte> memory;
    bool taken;
  };
  Runtime& runtime_;
  std::vector<Block> blocks_;
};

}  // namespace alfi::cuda
