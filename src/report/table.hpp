// Numbers in columns, and the .csv file they are written to.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace alfi::report {

using Cell = std::variant<double, std::string>;

struct Table {
  std::string name;  ///< of the file, without .csv
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
};

/// Writes a line of column names, then a line each row. Numbers are in the fewest digits that read back as an equal
/// float, nan where there is none. Names and text have no commas and no quotation marks.
std::string to_csv(const Table& table);

}  // namespace alfi::report
