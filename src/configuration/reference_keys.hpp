// The keys of the published code's configurations.
#pragma once

#include <yaml-cpp/yaml.h>

#include <span>
#include <string>
#include <string_view>

namespace alfi::reference {

enum class Kind { choice, whole, real, flag, parameters, anything };
enum class Need { required, optional, ignored };

struct Key {
  std::string_view path;
  Kind kind;
  Need need = Need::required;
  std::string_view native = "";                  // the key this is, where it is one as it stands
  std::span<const std::string_view> names = {};  // of a choice
};

// In the order of the published files. What the reference does not read itself may be missing.
extern const std::span<const Key> keys;

/// Returns the key of this path, or null.
const Key* find_key(std::string_view path);

/// Returns whether the path is a section's. The root, "", holds every section.
bool is_section(std::string_view path);

/// Returns "; the nearest is …", the known key or section near an unknown path; nothing where none is.
std::string nearest_path(std::string_view unknown);

/// Returns what completes "must be ...".
std::string allowed(const Key& key);

/// Returns whether the value, judged by itself, is one that the key may have.
bool is_allowed(const Key& key, const YAML::Node& node);

}  // namespace alfi::reference
