// Arrays that answers give: a table of the parameters, draws of θ, observations simulated at those; and their files,
// .npy or .csv.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "alfi/machine.hpp"
#include "src/formats/npy.hpp"
#include "src/formats/observations.hpp"

namespace alfi::cli {

struct AnswerArray {
  std::vector<std::string> columns;  ///< of .csv
  std::vector<std::int64_t> shape;   ///< of a set's in .npy; empty where sets differ
  NpyNumber number;
  bool numbers_draws;  ///< .csv has a column `draw`, since a draw has a row for each of the set's observations
  /// Computes a set's numbers, row by row.
  std::function<std::vector<double>(const DataSet&, const Posterior&)> values;
};

/// Describes a row of mean, deviation, lower and upper of each parameter.
AnswerArray table_of(const Machine& machine);
/// Describes draws of θ, a row each.
AnswerArray samples_of(const Machine& machine, int draws);
/// Describes as many observations as each set has, at each of these draws.
AnswerArray predictions_of(const Machine& machine, int draws, const Observations& data);

/// Writes the arrays of sets, one after the other. Of several sets .npy has an axis and .csv a column `set` in front.
class ArrayWriter {
 public:
  enum class Format { npy, csv };
  ArrayWriter(std::ostream& out, const AnswerArray& array, const Observations& data, Format format);

  void put(std::size_t set, const std::vector<double>& values);

 private:
  void put_csv(std::size_t set, const std::vector<double>& values);

  std::ostream& out_;
  const AnswerArray& array_;
  const Observations& data_;
  Format format_;
};

}  // namespace alfi::cli
