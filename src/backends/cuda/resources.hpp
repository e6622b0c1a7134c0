// Resources of a CUDA runtime, given back at the end of their owner's life. Failed calls become RunErrors that say
// what was being done.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "src/backends/cuda/runtime.hpp"

namespace alfi::cuda {

/// Returns what the runtime said, and what can be done about it.
std::string words_of(const Status& status);

/// Throws RunError where a call failed while `doing`, e.g. "copying the weights to the device".
void require(const Status& status, const std::string& doing);

/// A handle that knows how it is given back.
template <class Handle, void (Runtime::*give_back)(Handle) noexcept>
class Owned {
 public:
  Owned() = default;
  Owned(Runtime& runtime, Handle handle) : runtime_(&runtime), handle_(handle) {}
  Owned(Owned&& other) noexcept : runtime_(other.runtime_), handle_(std::exchange(other.handle_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(runtime_, other.runtime_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owned() {
    if (handle_ != nullptr) (runtime_->*give_back)(handle_);
  }
  Handle get() const { return handle_; }

 private:
  Runtime* runtime_ = nullptr;
  Handle handle_ = nullptr;
};

using Stream = Owned<StreamHandle, &Runtime::destroy_stream>;
using Event = Owned<EventHandle, &Runtime::destroy_event>;
using Graph = Owned<GraphHandle, &Runtime::destroy_graph>;
using Products = Owned<ProductsHandle, &Runtime::destroy_products>;
using Library = Owned<LibraryHandle, &Runtime::unload>;

Stream make_stream(Runtime& runtime);
Event make_event(Runtime& runtime);
Products make_products(Runtime& runtime, const Stream& stream, void* workspace, std::size_t bytes);

/// An array of device or pinned memory.
template <class T, bool pinned>
class Buffer {
 public:
  Buffer() = default;
  Buffer(Runtime& runtime, std::int64_t size) : size_(size) {
    if (size == 0) return;
    void* pointer = nullptr;
    const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(T);
    if constexpr (pinned)
      require(runtime.allocate_pinned(bytes, pointer), "taking " + std::to_string(bytes) + " bytes of pinned memory");
    else
      require(runtime.allocate(bytes, pointer), "taking " + std::to_string(bytes) + " bytes of device memory");
    memory_ = Memory(runtime, pointer);
  }
  T* data() const { return static_cast<T*>(memory_.get()); }
  std::int64_t size() const { return size_; }
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }

 private:
  static constexpr auto give_back = pinned ? &Runtime::release_pinned : &Runtime::release;
  using Memory = Owned<void*, give_back>;
  Memory memory_;
  std::int64_t size_ = 0;
};

template <class T>
using DeviceArray = Buffer<T, false>;
template <class T>
using PinnedArray = Buffer<T, true>;

/// Waits for a stream at the end of its own life, so that the memory declared before it is at rest when it is given
/// back, an error or not.
class Drained {
 public:
  Drained(Runtime& runtime, const Stream& stream) : runtime_(runtime), stream_(stream) {}
  Drained(const Drained&) = delete;
  Drained& operator=(const Drained&) = delete;
  ~Drained() { (void)runtime_.synchronize(stream_.get()); }

 private:
  Runtime& runtime_;
  const Stream& stream_;
};

}  // namespace alfi::cuda
