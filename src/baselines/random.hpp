// Random numbers of a baseline in one episode: a sequence of its own, whatever tile, thread or machine it runs on.
#pragma once

#include <cstdint>

#include "kernels/lanes/random.hpp"
#include "src/numerics/statistics.hpp"

namespace alfi::baselines {

class Random {
 public:
  Random(PhiloxKey key, int episode) : key_(key), episode_(static_cast<std::uint32_t>(episode)) {}

  /// Draws a number on (0, 1).
  double uniform() { return (word() + 0.5) * 0x1p-32; }
  double normal() { return normal_quantile(uniform()); }
  /// Draws one of 0 … n − 1; the bias, n / 2³², does not matter here.
  int below(int n) { return static_cast<int>((std::uint64_t{word()} * static_cast<std::uint64_t>(n)) >> 32); }

 private:
  std::uint32_t word() {
    if (next_ % 4 == 0)
      block_ = philox<std::uint32_t>(static_cast<std::uint32_t>(next_ / 4), static_cast<std::uint32_t>(next_ >> 34), 0,
                                     episode_, key_);
    return block_.word[next_++ % 4];
  }

  PhiloxKey key_;
  std::uint32_t episode_;
  std::uint64_t next_ = 0;
  PhiloxBlock<std::uint32_t> block_{};
};

}  // namespace alfi::baselines
