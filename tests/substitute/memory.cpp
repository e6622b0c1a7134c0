// Memory of devices and pinned memory, and copies.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "tests/substitute/state.hpp"

namespace alfi::substitute {
namespace {

constexpr std::size_t alignment = 512;

/// Takes fresh memory. All ones are no number of any floating-point type, and no index.
void* take(std::size_t bytes, int device) {
  const std::size_t size = (bytes + alignment - 1) / alignment * alignment;
  void* const pointer = std::aligned_alloc(alignment, size);
  std::memset(pointer, 0xFF, size);
  state().memory[reinterpret_cast<std::uintptr_t>(pointer)] = {bytes, device};
  return pointer;
}

cudaError_t give_back_memory(void* pointer, bool is_pinned) {
  State& s = state();
  if (pointer == nullptr) return cudaSuccess;
  const auto known = s.memory.find(reinterpret_cast<std::uintptr_t>(pointer));
  if (known == s.memory.end() || (known->second.device == pinned) != is_pinned) return cudaErrorInvalidValue;
  const auto [bytes, device] = known->second;
  for (Stream* stream : s.streams) {
    if (!is_pinned && stream->device != device) continue;
    drain(*stream);
  }
  if (!is_pinned) s.devices[device].used -= bytes;
  s.memory.erase(known);
  std::free(pointer);
  return cudaSuccess;
}

bool is_on_current_device(const void* pointer, std::size_t bytes) {
  const Allocation* const allocation = allocation_of(pointer, bytes);
  return allocation != nullptr && allocation->device == current_device();
}

/// Rows of bytes, each `pitch` after the one before it.
struct Rows {
  const void* first;
  std::size_t pitch;
  const std::byte* row(std::size_t number) const { return static_cast<const std::byte*>(first) + number * pitch; }
};

struct Copy {
  Rows to, from;
  std::size_t bytes, rows;  // bytes of a row

  void run() const {
    for (std::size_t i = 0; i < rows; ++i) std::memcpy(const_cast<std::byte*>(to.row(i)), from.row(i), bytes);
  }
  std::size_t span(const Rows& side) const { return rows == 0 ? 0 : (rows - 1) * side.pitch + bytes; }
  /// Counts words that nothing wrote.
  std::size_t fresh_words() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t at = 0; at + 4 <= bytes; at += 4) {
        std::uint32_t word;
        std::memcpy(&word, from.row(i) + at, 4);
        count += word == 0xFFFFFFFFU;
      }
    return count;
  }
};

cudaError_t copy_to_device(const char* name, const Copy& copy, Stream* stream) {
  if (!is_on_current_device(copy.to.first, copy.span(copy.to))) return cudaErrorInvalidValue;
  if (allocation_of(copy.from.first, copy.span(copy.from)) != nullptr) return put(name, stream, [=] { copy.run(); });
  if (stream->capture) find(name, "of memory that is not pinned, in a capture");
  // The runtime keeps a copy of memory that is not pinned.
  std::vector<std::byte> kept(copy.span(copy.from));
  std::memcpy(kept.data(), copy.from.first, kept.size());
  return put(name, stream, [copy, kept = std::move(kept)] {
    Copy staged = copy;
    staged.from.first = kept.data();
    staged.run();
  });
}

cudaError_t copy_to_host(const char* name, const Copy& copy, Stream* stream) {
  if (!is_on_current_device(copy.from.first, copy.span(copy.from))) return cudaErrorInvalidValue;
  const cudaError_t error = put(name, stream, [=] {
    if (const std::size_t count = copy.fresh_words(); count > 0)
      find(name, "to the host, of " + std::to_string(count) + " words that nothing wrote");
    copy.run();
  });
  if (error != cudaSuccess || allocation_of(copy.to.first, copy.span(copy.to)) != nullptr) return error;
  if (stream->capture) {
    find(name, "to memory that is not pinned, in a capture");
    return error;
  }
  drain(*stream);
  return state().devices[stream->device].failed;
}

cudaError_t copy(const char* name, const Copy& copied, cudaMemcpyKind kind, cudaStream_t handle) {
  auto* const stream = reinterpret_cast<Stream*>(handle);
  return call(name, [&] {
    if (!state().streams.contains(stream)) return cudaErrorInvalidResourceHandle;
    if (kind == cudaMemcpyHostToDevice) return copy_to_device(name, copied, stream);
    if (kind == cudaMemcpyDeviceToHost) return copy_to_host(name, copied, stream);
    return cudaErrorNotSupported;
  });
}

}  // namespace

const Allocation* allocation_of(const void* pointer, std::size_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(pointer);
  const auto next = state().memory.upper_bound(begin);
  if (next == state().memory.begin()) return nullptr;
  const auto& [at, allocation] = *std::prev(next);
  return begin + bytes <= at + allocation.bytes ? &allocation : nullptr;
}

}  // namespace alfi::substitute

using namespace alfi::substitute;

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return call("cudaMemGetInfo", [&] {
    *total = state().settings.memory;
    *free = *total - state().devices[current_device()].used;
    return cudaSuccess;
  });
}

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  return call("cudaMalloc", [&] {
    if (const cudaError_t error = refuse_in_capture("cudaMalloc"); error != cudaSuccess) return error;
    Device& device = state().devices[current_device()];
    if (device.used + bytes > state().settings.memory) return cudaErrorMemoryAllocation;
    device.used += bytes;
    *pointer = take(bytes, current_device());
    return cudaSuccess;
  });
}

cudaError_t cudaFree(void* pointer) {
  return give_back("cudaFree", [&](cudaError_t) {
    if (const cudaError_t error = refuse_in_capture("cudaFree"); error != cudaSuccess) return error;
    if (const Allocation* const known = allocation_of(pointer, 0)) expect_current("cudaFree", known->device);
    return give_back_memory(pointer, false);
  });
}

cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
  return call("cudaMallocHost", [&] {
    if (const cudaError_t error = refuse_in_capture("cudaMallocHost"); error != cudaSuccess) return error;
    *pointer = take(bytes, pinned);
    return cudaSuccess;
  });
}

cudaError_t cudaFreeHost(void* pointer) {
  return give_back("cudaFreeHost", [&](cudaError_t) {
    if (const cudaError_t error = refuse_in_capture("cudaFreeHost"); error != cudaSuccess) return error;
    return give_back_memory(pointer, true);
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  return copy("cudaMemcpyAsync", {{to, 0}, {from, 0}, bytes, 1}, kind, stream);
}

cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                              std::size_t bytes, std::size_t rows, cudaMemcpyKind kind, cudaStream_t stream) {
  if (bytes > to_pitch || bytes > from_pitch) return remember(cudaErrorInvalidPitchValue);
  return copy("cudaMemcpy2DAsync", {{to, to_pitch}, {from, from_pitch}, bytes, rows}, kind, stream);
}

cudaError_t cudaMemsetAsync(void* pointer, int value, std::size_t bytes, cudaStream_t stream) {
  return call("cudaMemsetAsync", [&] {
    if (!is_on_current_device(pointer, bytes)) return cudaErrorInvalidValue;
    return put("cudaMemsetAsync", reinterpret_cast<Stream*>(stream), [=] { std::memset(pointer, value, bytes); });
  });
}
