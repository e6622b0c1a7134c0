#include "src/model/real_counts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace alfi {

float count_input(const CountRange& range, double count) {
  if (!sees_count(range)) return 0;
  const double low = std::log(range.min), high = std::log(range.max);
  return static_cast<float>((std::log(count) - (low + high) / 2) / ((high - low) / std::sqrt(12.0)));
}

RealCounts real_counts(const CountRange& range) {
  const double ratio = (range.max + 1.0) / range.min;
  // u is uniform on (0, 1); R the whole part of what is log-uniform on [min, max + 1).
  const auto count = [&](std::uint32_t word) {
    const double u = (static_cast<double>(word) + 0.5) * 0x1p-32;
    return std::clamp(static_cast<int>(range.min * std::pow(ratio, u)), range.min, range.max);
  };
  constexpr std::uint32_t last = std::numeric_limits<std::uint32_t>::max();
  RealCounts counts;
  for (int R = range.min; R <= range.max; ++R) {
    counts.input.push_back(count_input(range, R));
    if (R == range.max) break;
    const double u = std::log((R + 1.0) / range.min) / std::log(ratio);
    auto word = static_cast<std::uint32_t>(std::clamp(std::ceil(u * 0x1p32 - 0.5), 0.0, static_cast<double>(last)));
    while (word > 0 && count(word - 1) > R) --word;
    while (word < last && count(word) <= R) ++word;
    counts.above.push_back(word);
  }
  return counts;
}

}  // namespace alfi
