// Which of a fixed set of problems an episode meets: every pass over the set is in an order of its own.
#pragma once

#include <cstdint>

namespace alfi {

/// The problem at position `visit` of all visits so far, 0 ≤ result < problems: each run of `problems` visits is a
/// permutation, a pure function of the seed.
std::uint32_t problem_at(std::uint64_t visit, std::uint32_t problems, std::uint64_t seed);

}  // namespace alfi
