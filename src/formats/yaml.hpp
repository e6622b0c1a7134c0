// Reading YAML strictly, and what a message says of it.
#pragma once

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

namespace alfi {

/// The beginning of a message about a line of a document, "run.yaml:3: ".
using AtLine = std::function<std::string(int line)>;

/// Reads the one document in the text; of no text, the null that YAML makes of it. Throws InputError, beginning with
/// `origin` or the line's, for several documents and for what is no YAML; `what` is the subject of its sentence.
YAML::Node parse_yaml(const std::string& text, const std::string& origin, const AtLine& at_line, std::string_view what);

/// Returns whether a scalar is neither quoted nor tagged: a quoted number is text.
inline bool is_plain(const YAML::Node& node) { return node.IsScalar() && node.Tag() == "?"; }

/// Says whether the node is a number of this kind and nothing else.
// from_chars, because the stream yaml-cpp uses takes 010 for 8.
template <typename Number>
bool read_number(const YAML::Node& node, Number& number) {
  if (!is_plain(node)) return false;
  const std::string& text = node.Scalar();
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

/// Writes a node as an error message shows it.
std::string shown(const YAML::Node& node);

/// Calls visit(key, value, line) for every pair. Throws what fail(key, line, complaint) makes of a bad key.
template <typename Visit, typename Fail>
void for_each_pair(const YAML::Node& mapping, const Visit& visit, const Fail& fail) {
  std::set<std::string> seen;  // yaml-cpp keeps both of two equal keys
  for (const auto& pair : mapping) {
    const YAML::Node& key = pair.first;
    const int line = key.Mark().line + 1;
    if (!key.IsScalar()) throw fail(shown(key), line, "a key must be a plain name");
    if (!seen.insert(key.Scalar()).second) throw fail(key.Scalar(), line, "the key appears twice in one mapping");
    visit(key.Scalar(), pair.second, line);
  }
}

}  // namespace alfi
