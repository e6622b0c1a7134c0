// Numbers in .csv files: a row a line, fields separated by commas.
//
// Lines that begin with # are comments; one line of column names may come first; blank lines may stand before the first
// and after the last row only, since between two a value may be missing. Numbers are read strictly: 1, -0.5, 2e-3.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/formats/missing.hpp"

namespace alfi {

struct CsvRows {
  std::size_t columns = 0;               ///< without the labels'
  std::vector<float> values;             ///< (rows, columns), finite unless missing ones are read as NaN
  std::vector<std::string_view> labels;  ///< (rows), which point into the text; none without a column of them
};

/// Reads a file's text. `label` is a column of any text instead of numbers: a name in the line of names, or a number
/// from 1 on; empty for none. Throws InputError naming line, field and value, or the columns there are.
CsvRows parse_csv(std::string_view text, const std::string& label = {}, Missing missing = Missing::refused);

/// Writes lines of (rows, columns) values in the fewest digits that read back as equal floats. RunError when the stream
/// fails.
void write_csv_values(std::ostream& out, std::span<const float> values, int columns);

}  // namespace alfi
