#include "src/configuration/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace alfi {

// One row of the table at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

bool is_near(std::string_view known, std::string_view name) {
  constexpr std::size_t shortest = 3;  // of a beginning that says something
  if (std::min(known.size(), name.size()) >= shortest && (known.starts_with(name) || name.starts_with(known)))
    return true;
  return 3 * edit_distance(known, name) <= std::max(known.size(), name.size());
}

std::string nearest(std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::min_element(names.begin(), names.end(), [&](std::string_view a, std::string_view b) {
    return edit_distance(a, name) < edit_distance(b, name);
  });
  return found != names.end() && is_near(*found, name) ? fmt::format("; the nearest is {}", *found) : "";
}

}  // namespace alfi
