// The arguments by which a command gets its configuration: a file, --set, and flags that are short for --set.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "alfi/configuration.hpp"

namespace alfi::cli {

struct ConfigurationArguments {
  std::string file;
  std::vector<std::string> overrides;
  std::string backend, threads, seed;  // empty: not given

  /// Adds CONFIG and the flags. They refer to this object, which has to outlive the parse.
  void add_to(CLI::App& command, bool file_required);
  /// Adds --set alone.
  CLI::Option* add_set(CLI::App& command);

  /// Reads the configuration of the file, or of `otherwise` (YAML) without one. Flags win over --set. Says on standard
  /// error how a file of the published code is read. Throws InputError where it is wrong.
  Configuration load(const std::string& otherwise = "") const;
};

}  // namespace alfi::cli
