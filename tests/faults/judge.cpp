#include "tests/faults/judge.hpp"

#include <regex>
#include <string_view>

#include "tests/faults/program.hpp"

namespace alfi::faults {
namespace {

bool is_temporary(const std::filesystem::path& path) {
  return path.extension() == ".tmp" || path.extension() == ".partial";
}

/// Says whether a journal of lines is the beginning of another one.
bool begins(const std::string& whole, std::string_view part) {
  const std::string_view lines = part.substr(0, part.rfind('\n') + 1);
  return whole.starts_with(lines);
}

}  // namespace

std::string timeless(const std::string& text) {
  static const std::regex times(R"re("(episodes_per_second|seconds)": ?[-+.e0-9]+)re");
  return std::regex_replace(text, times, "\"$1\":_");
}

Files files_of(const std::filesystem::path& folder) {
  Files files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().lexically_relative(folder).string();
    if (is_temporary(name))
      files.temporary.push_back(name);
    else
      files.contents[name] =
          entry.path().extension() == ".safetensors" ? content_of(entry.path()) : timeless(content_of(entry.path()));
  }
  return files;
}

std::string half_written(const Files& now, const Files& before, const Files& after) {
  for (const auto& [name, content] : now.contents) {
    const auto was = before.contents.find(name), becomes = after.contents.find(name);
    if (was != before.contents.end() && content == was->second) continue;
    if (becomes == after.contents.end()) return name + " should not be there";
    if (content == becomes->second) continue;
    if (name.ends_with(".jsonl") && begins(becomes->second, content)) continue;
    return name + " is half-written";
  }
  return "";
}

std::string difference(const Files& now, const Files& wanted) {
  for (const auto& [name, content] : wanted.contents) {
    const auto found = now.contents.find(name);
    if (found == now.contents.end()) return name + " is lost";
    if (found->second != content) return name + " is another one";
  }
  for (const auto& [name, content] : now.contents)
    if (!wanted.contents.contains(name)) return name + " should not be there";
  return "";
}

}  // namespace alfi::faults
