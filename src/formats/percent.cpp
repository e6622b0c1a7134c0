#include "src/formats/percent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace alfi {

std::string percent_text(double part, int digits) {
  if (!std::isfinite(part)) return "-";
  const double percent = 100 * part;
  const double from_end = percent > 0 && percent < 100 ? std::min(percent, 100 - percent) : 100;
  const int decimals = std::max(0, digits - 1 - static_cast<int>(std::floor(std::log10(from_end))));
  std::string text = fmt::format("{:.{}f}", percent, decimals);
  if (text.find('.') != text.npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text + " %";
}

}  // namespace alfi
