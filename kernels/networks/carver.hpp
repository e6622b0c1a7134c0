// Arrays cut out of one allocation.
#pragma once

#include "kernels/networks/dense.hpp"

namespace alfi {

/// Places in a tile are counted in 32 bits.
inline constexpr std::int64_t most_tile_size = 2147483647;

/// Cuts arrays out of one allocation; with a null base it only counts. What would end beyond `limit` is null.
template <class R>
class Carver {
 public:
  ALFI_HD explicit Carver(R* base, std::int64_t limit = most_tile_size) : base_(base), limit_(limit) {}
  ALFI_HD R* take(std::int64_t size) {
    const std::int64_t begin = used_;
    used_ += (size + tile_lanes - 1) / tile_lanes * tile_lanes;
    return base_ == nullptr || used_ > limit_ ? nullptr : base_ + begin;
  }
  ALFI_HD Rows<R> rows(std::int64_t features, std::int64_t rows, std::int64_t pad = 0) {
    return {take(features * (rows + pad)), static_cast<int>(rows + pad)};
  }
  ALFI_HD std::int64_t used() const { return used_; }
  /// Makes the taken numbers at least `size`.
  ALFI_HD void use(std::int64_t size) {
    if (size > used_) used_ = size;
  }

 private:
  R* base_;
  std::int64_t limit_, used_ = 0;
};

}  // namespace alfi
