// The simulators' numbers in the kernels' list, and samples of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "alfi/simulators.hpp"
#include "kernels/sample.hpp"

namespace alfi {

/// Position in the kernels' list of simulators.
int simulator_number(const std::string& name);

/// Whole numbers its observations mostly are, from 0 on; 0 where they are not whole. The number may be `recorded`.
int table_size(int simulator);

/// The first `count` observations at theta (D, natural units), with no place for them yet. InputError for a wrong
/// number of parameters or one that is not finite.
Sample make_sample(const std::string& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count);

/// Draws them on this thread, into x (count, X).
void simulate_into(const std::string& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count,
                   float* x);

}  // namespace alfi
