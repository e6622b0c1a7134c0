#include "src/report/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

namespace alfi::report {
namespace {

std::string text_of(const Cell& cell) {
  if (const auto* const text = std::get_if<std::string>(&cell)) return *text;
  const double value = std::get<double>(cell);
  return std::isnan(value) ? "nan" : fmt::format("{}", static_cast<float>(value));
}

}  // namespace

std::string to_csv(const Table& table) {
  std::string csv = fmt::format("{}\n", fmt::join(table.columns, ","));
  for (const auto& row : table.rows) {
    std::string separator;
    for (const Cell& cell : row) {
      csv += separator + text_of(cell);
      separator = ",";
    }
    csv += "\n";
  }
  return csv;
}

}  // namespace alfi::report
