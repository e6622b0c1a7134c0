#include "src/problem_order.hpp"

#include <bit>

#include "kernels/random.hpp"

namespace alfi {

// A Feistel network on the smallest even number of bits that holds the set permutes it; results outside the set are
// permuted again until they fall inside (Black & Rogaway 2002, "cycle walking").
std::uint32_t problem_at(std::uint64_t visit, std::uint32_t problems, std::uint64_t seed) {
  if (problems == 1) return 0;
  const std::uint64_t pass = visit / problems;
  const PhiloxKey key = stream_key(seed, Phase::training, Purpose::problem, pass);
  const auto half = static_cast<std::uint32_t>((std::bit_width(problems - 1) + 1) / 2);
  const std::uint32_t mask = (1U << half) - 1;
  std::uint64_t value = visit % problems;
  do {
    auto left = static_cast<std::uint32_t>(value >> half), right = static_cast<std::uint32_t>(value) & mask;
    for (std::uint32_t round = 0; round < 4; ++round) {
      const std::uint32_t mixed = philox<std::uint32_t>(right, round, 0, 0, key).word[0] & mask;
      const std::uint32_t next = left ^ mixed;
      left = right;
      right = next;
    }
    value = (static_cast<std::uint64_t>(left) << half) | right;
  } while (value >= problems);
  return static_cast<std::uint32_t>(value);
}

}  // namespace alfi
