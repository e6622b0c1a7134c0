#include "src/formats/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string_view>
#include <utility>

#include "alfi/error.hpp"

namespace alfi {
namespace {

/// Says in words of the text what the parser says in its own.
std::string_view in_words(std::string_view of_parser) {
  namespace Parser = YAML::ErrorMsg;
  const std::pair<std::string_view, std::string_view> table[] = {
      {Parser::END_OF_SEQ_FLOW, "a [ is not closed"},
      {Parser::END_OF_MAP_FLOW, "a { is not closed"},
      {Parser::END_OF_MAP, "lines of one mapping must begin in one column"},
      {Parser::END_OF_SEQ, "lines of one list must begin in one column"},
      {Parser::EOF_IN_SCALAR, "a quotation mark is not closed"},
      {Parser::FLOW_END, "a ] or } closes nothing"},
      {Parser::MAP_KEY, "a key cannot stand here"},
      {Parser::MAP_VALUE, "a ':' cannot stand here; text that has one needs quotation marks, a line spaces before it"},
      {Parser::BLOCK_ENTRY, "a list cannot begin here"},
      {Parser::UNKNOWN_ANCHOR, "text that begins with * needs quotation marks"},
      {Parser::UNKNOWN_TOKEN, "text that begins so needs quotation marks"}};
  const auto* const found = std::ranges::find(table, of_parser, &std::pair<std::string_view, std::string_view>::first);
  return found == std::end(table) ? "this cannot be read" : found->second;
}

/// Takes the events of documents, and keeps nothing.
class Events final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

/// Tells whether a second document begins. The parser finds no end of documents where text such as a comma begins one,
/// so the others are not counted.
bool has_several_documents(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Events events;
  return parser.HandleNextDocument(events) && parser.HandleNextDocument(events);
}

}  // namespace

YAML::Node parse_yaml(const std::string& text, const std::string& origin, const AtLine& at_line,
                      std::string_view what) {
  try {
    if (has_several_documents(text))
      throw InputError(fmt::format("{}{} must be one YAML document, there are several", origin, what));
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw InputError(
        fmt::format("{}{} must be valid YAML: {}", at_line(error.mark.line + 1), what, in_words(error.msg)));
  }
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
