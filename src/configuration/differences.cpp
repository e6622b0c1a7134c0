#include "src/configuration/differences.hpp"

#include <fmt/format.h>

#include "src/configuration/keys.hpp"

namespace alfi::configuration {

std::vector<Difference> differences(const Configuration& configuration, const Configuration& other) {
  std::vector<Difference> found;
  for (const Key& key : keys) {
    if (!applies(key, configuration) && !applies(key, other)) continue;
    std::string value = text_of(key, configuration), of_other = text_of(key, other);
    if (value != of_other) found.push_back({key.path, std::move(value), std::move(of_other)});
  }
  return found;
}

std::string text_of(const std::vector<Difference>& differences) {
  std::string text;
  for (const auto& [path, value, other] : differences)
    text += fmt::format("{}{} = {} (it was {})", text.empty() ? "" : ", ", path, value, other);
  return text;
}

}  // namespace alfi::configuration
