// Guesses of what was meant by a name that is not known.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace alfi {

/// Levenshtein's distance: insertions, deletions and replacements.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Says whether `name` may be a slip for `known`: a third of it is wrong at most, or it is its beginning or the other
/// way round.
bool is_near(std::string_view known, std::string_view name);

/// Returns the first of the names nearest to `name`, as the end of a message, "; the nearest is …"; nothing where
/// none of them is near.
std::string nearest(std::span<const std::string_view> names, std::string_view name);

}  // namespace alfi
