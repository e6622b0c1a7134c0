// Files that may be in a folder after a fault: as they were, or as they were to become.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace alfi::faults {

/// Files of a folder by their paths in it, without what differs between runs: speeds and times. Temporary files, which
/// only a program that was killed may leave, are named by `temporary`.
struct Files {
  std::map<std::string, std::string> contents;
  std::vector<std::string> temporary;

  bool operator==(const Files& other) const { return contents == other.contents; }
};

/// Reads all files of a folder; none where there is no such folder.
Files files_of(const std::filesystem::path& folder);

/// Returns the text without speeds and times.
std::string timeless(const std::string& text);

/// Returns what is wrong with files that are neither those before nor those after, "" if nothing: a file that is
/// neither as it was nor as it was to become. metrics.jsonl grows by lines, of which the last may be torn.
std::string half_written(const Files& now, const Files& before, const Files& after);

/// Returns the first difference in words, "" if there is none.
std::string difference(const Files& now, const Files& wanted);

}  // namespace alfi::faults
