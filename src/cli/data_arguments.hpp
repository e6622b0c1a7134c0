// Arguments that say where observations are read from, and how.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "src/formats/observations.hpp"

namespace alfi::cli {

struct DataArguments {
  std::vector<std::string> files;  ///< "-": standard input
  std::optional<std::string> group;
  std::vector<std::string> columns;
  std::string delimiter;
  int skip = 0;
  std::vector<double> missing_codes;
  bool drop_missing = false;

  /// Adds --data and what belongs to it to a command. Returns --data.
  CLI::Option* add_to(CLI::App& command);

  /// Reads what they name: of several files each is a set, or several, named after it. Throws InputError naming file
  /// and place.
  Observations load(const ObservationInfo& allowed) const;
};

}  // namespace alfi::cli
