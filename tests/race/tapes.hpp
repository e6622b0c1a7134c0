// The made-up runs that the race tests judge by.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/tape.hpp"

namespace alfi::test {

/// Records small runs that between them take every path of the gradient.
std::vector<Tape> race_tapes(std::uint64_t seed);
/// Records a run with observations of one number, some of them whole, for codes that are looked up.
Tape lookup_tape(std::uint64_t seed);

}  // namespace alfi::test
