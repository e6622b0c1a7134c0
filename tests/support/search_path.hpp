// Search path of programs, for the time of a test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

namespace alfi::test {

/// PATH is this while it lives.
class SearchPath {
 public:
  explicit SearchPath(const std::string& path) : before_(std::getenv("PATH")) { ::setenv("PATH", path.c_str(), 1); }
  SearchPath(const SearchPath&) = delete;
  SearchPath& operator=(const SearchPath&) = delete;
  ~SearchPath() { ::setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

/// Finds the program's file; empty where PATH has none.
inline std::filesystem::path program(const std::string& name) {
  std::istringstream folders(std::getenv("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');)
    if (std::filesystem::exists(std::filesystem::path(folder) / name)) return std::filesystem::path(folder) / name;
  return {};
}

}  // namespace alfi::test
