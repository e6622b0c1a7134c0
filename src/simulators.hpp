// The simulators' numbers in the kernels' list, and simulation piece by piece.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "alfi/simulators.hpp"
#include "kernels/random.hpp"

namespace alfi {

/// Position in the kernels' list of simulators.
int simulator_number(const std::string& name);

/// Observations first … first + count − 1 at theta, into x (count, X); first is a multiple of 64.
void simulate_into(const std::string& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t first,
                   std::int64_t count, float* x);

}  // namespace alfi
