// Sets of observations: read from text (csv.hpp) and .npy files (npy.hpp), packed or not, whatever they are called, and
// checked against what a simulator can produce.
//
// One set: a text of an observation a line, or an array (count, dimension), or (count,) for dimension 1. Several sets:
// an array (sets, count, dimension), or a text with a column that says each line's group.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "alfi/machine.hpp"
#include "alfi/simulators.hpp"
#include "src/formats/csv.hpp"
#include "src/formats/number_rule.hpp"

namespace alfi {

struct Observations {
  int count = 0;  ///< of all sets
  int dimension = 0;
  int dropped = 0;                          ///< observations that were left out
  std::vector<std::string> column_names{};  ///< of a text that names them
  std::vector<float> values;                ///< (count, dimension), row-major, set after set
  // Several sets, in the order of the array or of their first lines; both empty where the file is one set.
  std::vector<int> counts;
  std::vector<std::string> names;  ///< groups, else numbers from 1 on

  /// Returns the sets, which point into the values.
  std::vector<DataSet> sets() const;
};

/// Ways to read a file.
struct Reading {
  CsvParts parts = {};  ///< of a text
  NumberRule numbers = {};
};

/// Reads at least one observation, all values finite and rounded to float; path "-" is standard input. Throws
/// InputError naming the file, the place in it (line of a text, observation of an array), the value and what is
/// allowed.
Observations read_observations(const std::filesystem::path& path, const Reading& reading = {});

/// Checks that a simulator could have made them. InputError names the first observation it could not, its value and
/// what is allowed.
void check_observations(const DataSet& set, const ObservationInfo& allowed);

/// Reads observations and checks them. Every InputError names the file, and the set where there are several. Those with
/// a missing value are left out, if they are read as NaN, and counted in `dropped`.
Observations read_observations(const std::filesystem::path& path, Reading reading, const ObservationInfo& allowed);

}  // namespace alfi
