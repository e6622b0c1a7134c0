// Memory for a kernel to write in a test.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/shape.hpp"

namespace alfi::test {

/// One array, or what a carver cuts into several. Its bits are all set, which is NaN where T is a float, so that what
/// nothing wrote is seen; and it ends in sentinels.
template <class T>
class Arena {
 public:
  explicit Arena(std::int64_t size) : memory_(static_cast<std::size_t>(size) + tile_lanes) {
    std::memset(memory_.data(), 0xFF, memory_.size() * sizeof(T));
  }

  T* base() { return memory_.data(); }
  std::int64_t size() const { return static_cast<std::int64_t>(memory_.size()) - tile_lanes; }
  /// Says whether nothing was written behind the end.
  bool sentinels_hold() const {
    const auto* const end = reinterpret_cast<const unsigned char*>(memory_.data() + size());
    return std::all_of(end, end + tile_lanes * sizeof(T), [](unsigned char byte) { return byte == 0xFF; });
  }

 private:
  std::vector<T> memory_;
};

}  // namespace alfi::test
