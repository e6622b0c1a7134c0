// Guesses of what was meant by a name that is not known.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace alfi {

/// Levenshtein's distance: insertions, deletions and replacements.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Returns the first of the names nearest to `name`. There must be at least one.
std::string_view nearest(std::span<const std::string_view> names, std::string_view name);

}  // namespace alfi
