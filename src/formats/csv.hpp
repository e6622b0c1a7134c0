// Numbers in text files: a row a line, fields separated by commas, semicolons, tabs, bars or blanks.
//
// Lines that begin with # are comments; one line of column names may come first; blank lines may stand before the first
// and after the last row only, since between two a value may be missing. Fields may stand in double quotes. Numbers are
// read strictly: 1, -0.5, +2e-3, and a minus sign of typesetters (U+2212). Own code, since the CSV libraries of Debian
// neither say where a number is wrong nor tell names from missing values.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/formats/number_rule.hpp"

namespace alfi {

/// Parts of a text that are read.
struct CsvParts {
  std::string label = {};                 ///< column of any text that says each row's group; none where empty
  std::vector<std::string> columns = {};  ///< columns of numbers, in this order; all but the label's where empty
  std::optional<char> delimiter = {};     ///< a blank: any number of blanks and tabs; else found
  int skip = 0;                           ///< lines left out first
};

struct CsvRows {
  std::vector<std::string> names;        ///< of the columns of numbers, where a line names them
  std::size_t columns = 0;               ///< of numbers
  std::vector<float> values;             ///< (rows, columns), finite unless missing ones are read as NaN
  std::vector<std::string_view> labels;  ///< (rows), which point into the text; none without a column of them
};

/// Reads a file's text. A column is a name in the line of names, or a number from 1 on. Throws InputError naming line,
/// field and value, or the columns there are.
CsvRows parse_csv(std::string_view text, const CsvParts& parts = {}, const NumberRule& rule = {});

/// Writes lines of (rows, columns) values in the fewest digits that read back as equal floats. RunError when the stream
/// fails.
void write_csv_values(std::ostream& out, std::span<const float> values, int columns);

}  // namespace alfi
