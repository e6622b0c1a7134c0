#include "src/backends/cuda/scratch.hpp"

#include <utility>

namespace alfi::cuda {

void* Scratch::take(std::size_t bytes) {
  Block* best = nullptr;
  for (Block& block : blocks_)
    if (!block.taken && block.memory.bytes() >= bytes && (best == nullptr || block.memory.size() < best->memory.size()))
      best = &block;
  if (best == nullptr) {
    DeviceArray<std::byte> memory(runtime_, static_cast<std::int64_t>(bytes));
    blocks_.push_back({std::move(memory), false});
    best = &blocks_.back();
  }
  best->taken = true;
  return best->memory.data();
}

void Scratch::give_back(void* pointer) noexcept {
  for (Block& block : blocks_)
    if (block.memory.data() == pointer) block.taken = false;
}

}  // namespace alfi::cuda
