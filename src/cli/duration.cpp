#include "src/cli/duration.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string_view>

#include "alfi/error.hpp"
#include "src/formats/printable.hpp"

namespace alfi::cli {

std::string duration_text(double seconds) {
  if (!(seconds >= 0 && seconds < 1e9)) return "?";
  const auto whole = static_cast<long>(std::lround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

double parse_duration(const std::string& text) {
  constexpr std::string_view units = "dhms";
  constexpr double seconds[] = {86400, 3600, 60, 1};
  const auto refused = [&] {
    return InputError(fmt::format(
        "{} is no duration; allowed are seconds above 0 and sums such as 90s, 15m, 3h50m, 1d12h", printable(text)));
  };
  double sum = 0;
  std::size_t next_unit = 0;  // units come from the longest to the shortest, each once
  for (const char *at = text.data(), *const end = at + text.size(); at != end;) {
    double number = 0;
    const auto [behind, error] = std::from_chars(at, end, number, std::chars_format::fixed);
    if (error != std::errc() || !(number >= 0)) throw refused();
    const std::size_t unit = behind == end ? units.size() - 1 : units.find(*behind);
    if (unit == units.npos || unit < next_unit) throw refused();
    next_unit = unit + 1;
    sum += number * seconds[unit];
    at = behind == end ? end : behind + 1;
  }
  if (!(sum > 0 && std::isfinite(sum))) throw refused();
  return sum;
}

}  // namespace alfi::cli
