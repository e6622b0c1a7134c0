#include "src/formats/number_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alfi/error.hpp"

namespace alfi {

float NumberRule::checked(double value, const std::string& text) const {
  const bool is_code = std::ranges::find(codes, value) != codes.end();
  if (missing == Missing::read_as_nan && (is_code || !std::isfinite(value)))
    return std::numeric_limits<float>::quiet_NaN();
  if (is_code) throw InputError(fmt::format("{} stands for a missing number", text));
  if (!std::isfinite(value) || std::abs(value) > std::numeric_limits<float>::max())
    throw InputError(fmt::format("{} is no finite 32-bit number", text));
  if (std::abs(value) > largest)
    throw InputError(fmt::format("{} is above {}, up to which whole numbers are exact", text, largest));
  return static_cast<float>(value);
}

}  // namespace alfi
