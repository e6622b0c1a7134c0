#include "src/formats/csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <ostream>
#include <system_error>
#include <utility>

#include "alfi/error.hpp"
#include "src/formats/printable.hpp"

namespace alfi {
namespace {

constexpr double largest_float = std::numeric_limits<float>::max();

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// Takes the text before the next separator off the front; all of it where there is none.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return taken;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  const auto commas = std::count(line.begin(), line.end(), ',');
  for (std::ptrdiff_t field = 0; field <= commas; ++field) fields.push_back(trimmed(take_until(line, ',')));
  return fields;
}

/// from_chars over the whole field; invalid_argument where anything is left.
template <typename T>
std::errc parse(std::string_view field, T& value) {
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error == std::errc() && end != field.data() + field.size()) return std::errc::invalid_argument;
  return error;
}

float number(std::string_view field) {
  if (field.empty()) throw InputError("is empty, a number is expected");
  double wide = 0;
  const std::errc error = parse(field, wide);
  if (error == std::errc::invalid_argument) throw InputError(fmt::format("{} is no number", printable(field)));
  if (error != std::errc() || !std::isfinite(wide) || std::abs(wide) > largest_float) {
    throw InputError(fmt::format("{} is no finite 32-bit number", printable(field)));
  }
  // Straight to float, since rounding twice can differ; what is too small for a float is 0.
  float value = 0;
  if (parse(field, value) != std::errc()) value = 0;
  return value;
}

bool is_missing(std::string_view field) {
  constexpr std::string_view words[] = {"", "na", "n/a", "nan", "null", "inf", "-inf"};
  std::string lower(field);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(std::begin(words), std::end(words), lower) != std::end(words);
}

/// Column names: every field begins as no number does. NA, nan, inf and 12O are left to be refused as data.
bool is_header(const std::vector<std::string_view>& fields) {
  if (std::any_of(fields.begin(), fields.end(), is_missing)) return false;
  return std::all_of(fields.begin(), fields.end(), [](std::string_view field) {
    double value = 0;
    const bool is_name = !field.empty() && (std::isalpha(static_cast<unsigned char>(field[0])) != 0 ||
                                            field[0] == '_' || field[0] == '"' || (field[0] & 0x80) != 0);
    return is_name && parse(field, value) == std::errc::invalid_argument;
  });
}

/// Finds the labels' column by its name, where the line is one of names, or by its number.
std::size_t label_column(const std::string& label, const std::vector<std::string_view>& fields, bool are_names) {
  const auto same = [&](std::string_view field) {
    return field == label || (field.size() > 2 && field.front() == '"' && field.substr(1, field.size() - 2) == label);
  };
  const auto found = std::find_if(fields.begin(), fields.end(), same);
  if (are_names && found != fields.end()) return static_cast<std::size_t>(found - fields.begin());
  std::size_t number = 0;
  if (parse(label, number) == std::errc() && number >= 1 && number <= fields.size()) return number - 1;
  std::string names;
  if (are_names)
    for (const std::string_view field : fields) names += printable(field) + ", ";
  throw InputError(fmt::format("there is no column {}: {}a number from 1 to {} is expected", printable(label),
                               are_names ? names + "or " : "no line names columns, so ", fields.size()));
}

/// Rows as they are read, line by line.
class Reader {
 public:
  Reader(const std::string& label, Missing missing) : label_(label), missing_(missing) {}

  void take(std::string_view line) {
    ++line_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trimmed(line);
    if (line.starts_with('#')) return;
    if (line.empty()) {
      if (fields_ > 0) blank_line_ = line_;
      return;
    }
    std::vector<std::string_view> fields = fields_of(line);
    if (std::exchange(first_, false)) {
      const bool are_names = is_header(fields);
      if (!label_.empty()) place_ = label_column(label_, fields, are_names);
      if (place_ && fields.size() == 1) throw InputError("beside the column of groups there is none of observations");
      if (are_names) return;
    }
    if (blank_line_ > 0) throw InputError(fmt::format("line {} is blank, but observations follow it", blank_line_));
    if (fields_ > 0 && fields.size() != fields_)
      throw InputError(
          fmt::format("line {} has {} fields, the lines before it have {}", line_, fields.size(), fields_));
    fields_ = fields.size();
    take(fields);
  }

  CsvRows rows;

 private:
  void take(const std::vector<std::string_view>& fields) {
    rows.columns = fields_ - (place_ ? 1 : 0);
    if (place_) {
      if (*place_ >= fields.size() || fields[*place_].empty())
        throw InputError(fmt::format("line {}, field {} is empty, a group is expected", line_, *place_ + 1));
      rows.labels.push_back(fields[*place_]);
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i == place_) continue;
      if (missing_ == Missing::read_as_nan && is_missing(fields[i])) {
        rows.values.push_back(std::numeric_limits<float>::quiet_NaN());
        continue;
      }
      try {
        rows.values.push_back(number(fields[i]));
      } catch (const InputError& error) {
        const std::string of = place_ ? fmt::format(" (group {})", printable(rows.labels.back())) : "";
        throw InputError(fmt::format("line {}, field {}{} {}", line_, i + 1, of, error.what()));
      }
    }
  }

  const std::string& label_;
  Missing missing_;
  std::optional<std::size_t> place_;  ///< of the labels among the fields
  std::size_t line_ = 0, fields_ = 0;
  std::size_t blank_line_ = 0;  ///< the last one after a row
  bool first_ = true;
};

}  // namespace

CsvRows parse_csv(std::string_view text, const std::string& label, Missing missing) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // the mark some spreadsheets put before UTF-8
  Reader reader(label, missing);
  while (!text.empty()) reader.take(take_until(text, '\n'));
  return std::move(reader.rows);
}

void write_csv_values(std::ostream& out, std::span<const float> values, int columns) {
  fmt::memory_buffer lines;
  for (std::size_t i = 0; i < values.size(); ++i)
    fmt::format_to(std::back_inserter(lines), "{}{}", values[i],
                   (i + 1) % static_cast<std::size_t>(columns) == 0 ? '\n' : ',');
  out.write(lines.data(), static_cast<std::streamsize>(lines.size()));
  if (!out) throw RunError("writing numbers failed: the disk is full or the reader of the output has gone");
}

}  // namespace alfi
