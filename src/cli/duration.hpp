// Durations as people write them.
#pragma once

#include <string>

namespace alfi::cli {

/// Writes "12 s", "3 min 05 s", "2 h 07 min"; "?" where it is not known.
std::string duration_text(double seconds);

/// Reads seconds from "90", "90s", "15m", "3h50m", "1d12h". Throws InputError that says what is allowed.
double parse_duration(const std::string& text);

}  // namespace alfi::cli
