// Reading a configuration: a file or text in YAML, then the overrides, then the rules.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>
#include <variant>

#include "alfi/configuration.hpp"
#include "alfi/error.hpp"
#include "src/configuration/keys.hpp"
#include "src/configuration/reference.hpp"
#include "src/configuration/rules.hpp"
#include "src/formats/yaml.hpp"

namespace alfi {
namespace {

using namespace configuration;

class Reader {
 public:
  Configuration configuration;
  std::vector<std::string> notes;

  // The file's name begins every message; empty for text that has none.
  explicit Reader(std::string file) : file_(std::move(file)) {
    if (!file_.empty()) origins_.elsewhere = file_ + ": ";
  }

  void read_text(const std::string& text) {
    const auto at_line = [this](int line) {
      return file_.empty() ? fmt::format("line {}: ", line) : fmt::format("{}:{}: ", file_, line);
    };
    const YAML::Node root = parse_yaml(text, origins_.elsewhere, at_line, "a configuration");
    if (is_reference_configuration(root)) {
      ReferenceTranslation translation = translate_reference_configuration(root, origins_.elsewhere, at_line);
      for (const auto& [path, value, origin] : translation.assignments)
        read(value, path, origin, [&line = origin](int) { return line; });
      notes = std::move(translation.notes);
    } else {
      read(root, "", origins_.elsewhere, at_line);
    }
  }

  void read_override(const std::string& assignment) {
    std::string origin = fmt::format("override \"{}\": ", assignment);
    const auto at_line = [&](int) { return origin; };
    const std::size_t equals = assignment.find('=');
    if (equals == assignment.npos || equals == 0) throw InputError(origin + "must be section.key=value");
    const YAML::Node value = parse_yaml(assignment.substr(equals + 1), origin, at_line, "the value");
    read(value, assignment.substr(0, equals), origin, at_line);
  }

  /// Makes paths, which are relative to the file's folder, absolute: a run knows no other folder.
  void resolve_paths() {
    const std::filesystem::path folder = (std::filesystem::current_path() / file_).parent_path();
    for (std::string* const path : {&configuration.simulator.source, &configuration.simulator.module})
      if (!path->empty()) *path = (folder / *path).lexically_normal().string();
    for (std::string& word : configuration.simulator.program) {
      std::error_code hidden;
      if (std::filesystem::is_regular_file(folder / word, hidden)) word = (folder / word).lexically_normal().string();
    }
  }

  void check() const { configuration::check(configuration, origins_); }

 private:
  // Reads the value or section at `path`; `origin` is where its key stands.
  void read(const YAML::Node& node, const std::string& path, const std::string& origin, const AtLine& at_line) {
    const Key* const key = find_key(path);
    if (const Key* const mapping = key == nullptr ? find_mapping(path) : nullptr) {
      YAML::Node entry(YAML::NodeType::Map);
      entry[std::string(own_name(path))] = node;
      read(entry, std::string(mapping->path), origin, at_line);
      return;
    }
    if (key == nullptr && !is_section(path))
      throw InputError(fmt::format("{}{} = {}: unknown key; {}", origin, path, shown(node), advice_on(path)));
    const auto child = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
    const auto bad_key = [&](const std::string& name, int line, std::string_view complaint) {
      return InputError(fmt::format("{}{}: {}", at_line(line), child(name), complaint));
    };
    if (key != nullptr) {
      origins_.given[path] = origin;
      if (node.IsMap())
        for_each_pair(
            node, [](const auto&...) {}, bad_key);
      if (!std::visit([&](const auto& kind) { return kind.read(node, configuration); }, key->kind)) {
        throw refusal(origin, *key, shown(node));
      }
    } else if (node.IsMap()) {
      for_each_pair(
          node,
          [&](const std::string& name, const YAML::Node& value, int line) {
            read(value, child(name), at_line(line), at_line);
          },
          bad_key);
    } else {
      throw refusal(origin, path.empty() ? "the configuration" : path, shown(node), "a mapping of keys to values");
    }
  }

  std::string file_;
  Origins origins_;
};

Configuration read_configuration(const std::string& file, const std::string& text,
                                 const std::vector<std::string>& overrides, std::vector<std::string>* notes) {
  Reader reader(file);
  reader.read_text(text);
  for (const std::string& assignment : overrides) reader.read_override(assignment);
  reader.resolve_paths();
  reader.check();
  if (notes != nullptr) *notes = std::move(reader.notes);
  return reader.configuration;
}

}  // namespace

Configuration load_configuration(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                                 std::vector<std::string>* notes) {
  // A configuration is a page of text: a larger file is something else, and /dev/zero has no end.
  constexpr std::size_t most_bytes = 1 << 20;
  std::ifstream in(file, std::ios::binary);
  std::string text(most_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad())
    throw InputError(fmt::format("{}: cannot be read: {}; must be a file with a YAML configuration", file.string(),
                                 std::generic_category().message(errno)));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > most_bytes) {
    throw InputError(
        fmt::format("{}: is larger than {} bytes, must be a YAML configuration", file.string(), most_bytes));
  }
  return read_configuration(file.string(), text, overrides, notes);
}

Configuration parse_configuration(const std::string& yaml_text, const std::vector<std::string>& overrides) {
  return read_configuration("", yaml_text, overrides, nullptr);
}

}  // namespace alfi
