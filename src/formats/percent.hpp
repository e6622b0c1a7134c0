// Parts of a whole, in per cent.
#pragma once

#include <string>

namespace alfi {

/// Writes 0.95 as "95 %", without an exponent; NaN as "-". `digits` are those of the distance to the nearer of 0 and
/// 100 per cent, so that nearly all is told from all.
std::string percent_text(double part, int digits = 2);

}  // namespace alfi
