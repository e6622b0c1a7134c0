// Sets of observations: read from .csv (csv.hpp) and .npy files (npy.hpp), and checked against what a simulator can
// produce.
//
// One set: a .csv file of an observation a line, or an array (count, dimension), or (count,) for dimension 1. Several
// sets: an array (sets, count, dimension), or a .csv file with a column that says each line's group.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "alfi/machine.hpp"
#include "alfi/simulators.hpp"
#include "src/formats/missing.hpp"

namespace alfi {

struct Observations {
  int count = 0;  ///< of all sets
  int dimension = 0;
  int dropped = 0;            ///< observations that were left out
  std::vector<float> values;  ///< (count, dimension), row-major, set after set
  // Several sets, in the order of the array or of their first lines; both empty where the file is one set.
  std::vector<int> counts;
  std::vector<std::string> names;  ///< groups, else numbers from 1 on

  /// Returns the sets, which point into the values.
  std::vector<DataSet> sets() const;
};

/// Reads at least one observation, all values finite and rounded to float. `group` is a .csv file's column of groups,
/// by its name or its number from 1 on; empty for one set. Throws InputError naming the file, the place in it (line of
/// a .csv, observation of a .npy), the value and what is allowed.
Observations read_observations(const std::filesystem::path& path, const std::string& group = {},
                               Missing missing = Missing::refused);

/// Checks that a simulator could have made them. InputError names the first observation it could not, its value and
/// what is allowed.
void check_observations(const DataSet& set, const ObservationInfo& allowed);

/// Reads observations and checks them. Every InputError names the file, and the set where there are several. Those with
/// a missing value are left out, if that is asked for, and counted in `dropped`.
Observations read_observations(const std::filesystem::path& path, const std::string& group,
                               const ObservationInfo& allowed, Missing missing = Missing::refused);

}  // namespace alfi
