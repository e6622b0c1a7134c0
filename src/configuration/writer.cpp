// Writing a configuration, for its reader and, key by key, for people.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <variant>

#include "alfi/configuration.hpp"
#include "src/configuration/keys.hpp"
#include "src/configuration/names.hpp"

namespace alfi {

using namespace configuration;

std::string to_text(Precision precision) { return std::string(name_of(precision)); }
std::string to_text(Encoder encoder) { return std::string(name_of(encoder)); }

std::string to_yaml(const Configuration& configuration) {
  YAML::Emitter out;
  std::vector<std::string_view> open;
  out << YAML::BeginMap;
  const auto enter = [&](const std::vector<std::string_view>& sections) {
    const auto shared = std::mismatch(open.begin(), open.end(), sections.begin(), sections.end());
    for (auto left = shared.first; left != open.end(); ++left) out << YAML::EndMap;
    for (auto entered = shared.second; entered != sections.end(); ++entered) {
      out << std::string(own_name(*entered)) << YAML::BeginMap;
    }
    open = sections;
  };
  for (const Key& key : keys) {
    if (!applies(key, configuration)) continue;
    enter(sections_of(key.path));
    out << std::string(own_name(key.path));
    std::visit([&](const auto& kind) { kind.emit(out, configuration); }, key.kind);
  }
  enter({});
  out << YAML::EndMap << YAML::Newline;
  return out.c_str();
}

std::string configuration::default_text(const Key& key) {
  if (key.path == "simulator.name") return "none; this, source, module or program must be given";
  const bool has_none = std::holds_alternative<Path>(key.kind) || std::holds_alternative<Words>(key.kind);
  return has_none ? "none" : text_of(key, {});
}

std::string describe_configuration() {
  std::string text;
  for (const Key& key : keys)
    text += fmt::format("{}\n    {}\n    {}; default: {}\n", key.path, key.meaning, allowed(key), default_text(key));
  return text;
}

}  // namespace alfi
