// Rules that a configuration must keep to, each value and all together. Reading sets values and remembers where each
// came from; check() then judges the whole, so that a configuration built in code meets the same rules as one from a
// file.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "alfi/configuration.hpp"
#include "alfi/error.hpp"
#include "src/configuration/keys.hpp"

namespace alfi::configuration {

/// Origins of the values, as the beginning of an error message: "run.yaml:3: ".
struct Origins {
  std::string elsewhere;                     ///< of a key that was not given
  std::map<std::string, std::string> given;  ///< by path

  std::string of(std::string_view path) const {
    const auto found = given.find(std::string(path));
    return found == given.end() ? elsewhere : found->second;
  }
};

/// Returns the refusal of a value, which says what it must be.
InputError refusal(const std::string& origin, std::string_view path, std::string_view value, std::string_view must);

/// Returns the refusal of a value that the key does not allow; of a choice with the nearest of its names.
InputError refusal(const std::string& origin, const Key& key, const std::string& value);

/// Throws the first refusal of a value, or combination of values, that is not allowed.
void check(const Configuration& configuration, const Origins& origins);

}  // namespace alfi::configuration
