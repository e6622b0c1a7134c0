// The configuration's keys, in one table that drives reading, writing, checking, documentation and suggestions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "alfi/configuration.hpp"
#include "src/configuration/kinds.hpp"

namespace alfi::configuration {

/// A key's path, its kind (how its value is read, written and checked) and its meaning.
struct Key {
  std::string_view path;
  std::variant<Choice, Path, Whole, Seed, Real, Flag, Range, Text, Words, SimulatorParameters, Priors> kind;
  std::string_view meaning;
};

/// In the order of the struct and of the file. Keys of one section stand together.
extern const std::span<const Key> keys;

/// Returns whether only a simulator that is a program has the key.
bool is_of_programs(const Key& key);

/// Returns whether a machine of this configuration has the key: one that minimises infers nothing, and a simulator is
/// given in one way.
bool applies(const Key& key, const Configuration& configuration);

/// Returns the value as the file would have it.
std::string text_of(const Key& key, const Configuration& configuration);

/// Returns the value without a configuration's, in words where there is none.
std::string default_text(const Key& key);

/// Returns what completes "must be ...".
std::string allowed(const Key& key);

/// Returns the key of this path, or null.
const Key* find_key(std::string_view path);

/// Returns whether the path is a section's. The root, "", holds every section.
bool is_section(std::string_view path);

/// Returns the sections a path goes through, from the outermost.
std::vector<std::string_view> sections_of(std::string_view path);

/// Returns the last part of a path.
std::string_view own_name(std::string_view path);

/// Returns advice on an unknown path: the known key or section that is near, else all of its section. A key is judged
/// by its own name, so that one in the wrong section leads to the right one; at equal distance the same section wins.
std::string advice_on(std::string_view unknown);

/// Returns the key that holds a mapping with such an entry, as prior holds prior.log_rate; null where none does.
const Key* find_mapping(std::string_view entry);

}  // namespace alfi::configuration
