#include "src/formats/yaml.hpp"

#include <fmt/format.h>

#include <vector>

#include "alfi/error.hpp"

namespace alfi {

YAML::Node parse_yaml(const std::string& text, const std::string& origin, const AtLine& at_line,
                      std::string_view what) {
  std::vector<YAML::Node> documents;
  try {
    documents = YAML::LoadAll(text);
  } catch (const YAML::Exception& error) {
    throw InputError(fmt::format("{}{} must be valid YAML: {}", at_line(error.mark.line + 1), what, error.msg));
  }
  if (documents.size() > 1) {
    throw InputError(fmt::format("{}{} must be one YAML document, there are {}", origin, what, documents.size()));
  }
  return documents.empty() ? YAML::Node() : documents.front();
}

std::string shown(const YAML::Node& node) {
  if (node.IsMap()) return "(a mapping)";
  if (node.IsSequence()) return "(a list)";
  if (!node.IsScalar()) return "(nothing)";
  constexpr std::size_t longest = 60;
  const std::string& text = node.Scalar();
  return text.size() <= longest ? text : text.substr(0, longest) + "...";
}

}  // namespace alfi
