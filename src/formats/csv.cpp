#include "src/formats/csv.hpp"

#include <fmt/format.h>

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

constexpr std::string_view blanks = " \t", typeset_minus = "\xE2\x88\x92";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

/// Takes the text before the next separator off the front; all of it where there is none.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return taken;
}

struct Field {
  std::string_view text;  ///< without quotes
  bool quoted = false;
};

/// Splits a line; a delimiter between double quotes is none. Blanks as a delimiter count once however many they are.
std::vector<Field> fields_of(std::string_view line, std::optional<char> delimiter) {
  std::vector<Field> fields;
  const std::string_view before = delimiter == '\t' ? " " : blanks;
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(before), line.size()));
    Field field;
    if (line.starts_with('"')) {
      std::size_t end = line.find('"', 1);
      while (end != line.npos && line.substr(end).starts_with("\"\"")) end = line.find('"', end + 2);
      if (end == line.npos) throw InputError(fmt::format("{} begins with a quote that does not end", printable(line)));
      field = {line.substr(1, end - 1), true};
      line.remove_prefix(end + 1);
    }
    const std::size_t end = !delimiter          ? line.npos
                            : *delimiter == ' ' ? line.find_first_of(blanks)
                                                : line.find(*delimiter);
    const std::string_view rest = trimmed(line.substr(0, end));
    if (field.quoted && !rest.empty())
      throw InputError(fmt::format("{} follows the quoted {}", printable(rest), printable(field.text)));
    if (!field.quoted) field.text = rest;
    fields.push_back(field);
    if (end == line.npos) return fields;
    line.remove_prefix(end + 1);
    if (*delimiter == ' ' && trimmed(line).empty()) return fields;
  }
}

/// from_chars over the whole text; invalid_argument where anything is left.
template <typename T>
std::errc parse(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end != text.data() + text.size()) return std::errc::invalid_argument;
  return error;
}

/// Reads a number as it may be written. What is too large is infinite; what is too small is 0.
template <typename T>
std::optional<T> number(std::string_view text) {
  const bool plus = text.starts_with('+'), minus = text.starts_with(typeset_minus);
  if (plus) text.remove_prefix(1);
  if (minus) text.remove_prefix(typeset_minus.size());
  if ((plus || minus) && (text.starts_with('-') || text.starts_with('+'))) return {};
  T value = 0;
  const std::errc error = parse(text, value);
  if (error == std::errc::result_out_of_range) {
    const bool small = text.find("e-") != text.npos || text.find("E-") != text.npos;
    value = small ? 0 : std::numeric_limits<T>::infinity();
    if (text.starts_with('-')) value = -value;
  } else if (error != std::errc()) {
    return {};
  }
  return minus ? -value : value;
}

bool is_missing(std::string_view text) {
  constexpr std::string_view words[] = {"",     "na",      "n/a",  "nan",     "null",  "none",   "inf",   "-inf",
                                        "<na>", "missing", "#n/a", "#div/0!", "#num!", "#null!", "#ref!", "#value!"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(std::begin(words), std::end(words), lower) != std::end(words);
}

/// Tells whether a line is a comment: it begins with #, and not with a word of a spreadsheet for a missing number.
bool is_comment(std::string_view line) {
  return line.starts_with('#') && !is_missing(trimmed(line.substr(0, line.find_first_of(",;\t|"))));
}

/// Tells whether a field begins as no number does, nor stands for a missing one.
bool is_name(const Field& field) {
  if (is_missing(field.text) || number<double>(field.text)) return false;
  const char first = field.text.front();
  return std::isalpha(static_cast<unsigned char>(first)) != 0 || first == '_' || (first & 0x80) != 0 || field.quoted;
}

/// Tells whether fields are column names. The first may have none, as of the numbers of rows that pandas writes.
bool are_names(const std::vector<Field>& fields) {
  const auto from = fields.begin() + (fields.size() > 1 && fields.front().text.empty() ? 1 : 0);
  return std::all_of(from, fields.end(), is_name);
}

/// Finds the delimiter: the first of the usual ones in the line of names or the first row; else blanks, where they make
/// equally many fields, more than one, of each of the first lines.
std::optional<char> found_delimiter(std::string_view text) {
  constexpr std::size_t most_lines = 100, telling_lines = 2;
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < most_lines) {
    std::string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!trimmed(line).empty() && !is_comment(trimmed(line))) lines.push_back(line);
  }
  const auto parts = [&](std::size_t line, char delimiter) -> std::size_t {
    try {
      return fields_of(delimiter == ' ' ? trimmed(lines[line]) : lines[line], delimiter).size();
    } catch (const InputError&) {
      return 1;  // a quote that does not end with this delimiter
    }
  };
  for (const char candidate : std::string_view("\t;|,"))
    for (std::size_t i = 0; i < std::min(telling_lines, lines.size()); ++i)
      if (parts(i, candidate) > 1) return candidate;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (parts(i, ' ') == 1 || parts(i, ' ') != parts(0, ' ')) return {};
  return lines.empty() ? std::nullopt : std::optional<char>(' ');
}

/// Finds a column by its name, where the line is one of names, or by its number.
std::size_t column_of(const std::string& wanted, const std::vector<Field>& fields, bool named) {
  const auto found = std::ranges::find(fields, wanted, &Field::text);
  if (named && found != fields.end()) return static_cast<std::size_t>(found - fields.begin());
  std::size_t number = 0;
  if (parse(wanted, number) == std::errc() && number >= 1 && number <= fields.size()) return number - 1;
  std::string names;
  if (named)
    for (const Field& field : fields) names += printable(field.text) + ", ";
  throw InputError(fmt::format("there is no column {}: {}a number from 1 to {} is expected", printable(wanted),
                               named ? names + "or " : "no line names columns, so ", fields.size()));
}

/// Rows as they are read, line by line.
class Reader {
 public:
  Reader(const CsvParts& parts, std::optional<char> delimiter, const NumberRule& rule)
      : parts_(parts), delimiter_(delimiter), rule_(rule) {}

  void take(std::string_view line) {
    ++line_;
    if (line_ <= parts_.skip) return;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (is_comment(trimmed(line))) return;
    if (trimmed(line).empty()) {
      if (fields_ > 0) blank_line_ = line_;
      return;
    }
    const std::vector<Field> fields = split(line);
    if (std::exchange(first_, false) && begin(fields)) return;
    if (blank_line_ > 0) throw InputError(fmt::format("line {} is blank, but observations follow it", blank_line_));
    if (const std::size_t before = fields_ > 0 ? fields_ : named_; before > 0 && fields.size() != before)
      throw InputError(fmt::format("line {} has {} fields, the lines before it have {}", line_, fields.size(), before));
    fields_ = fields.size();
    take(fields);
  }

  CsvRows rows;

 private:
  std::vector<Field> split(std::string_view line) const try {
    return fields_of(delimiter_ == ' ' ? trimmed(line) : line, delimiter_);
  } catch (const InputError& error) {
    throw InputError(fmt::format("line {}: {}", line_, error.what()));
  }

  /// Finds the columns by the first line; returns whether it names them.
  bool begin(const std::vector<Field>& fields) {
    const bool named = are_names(fields);
    if (!parts_.label.empty()) label_ = column_of(parts_.label, fields, named);
    for (const std::string& column : parts_.columns) columns_.push_back(column_of(column, fields, named));
    if (parts_.columns.empty())
      for (std::size_t i = 0; i < fields.size(); ++i)
        if (i != label_) columns_.push_back(i);
    if (columns_.empty()) throw InputError("beside the column of groups there is none of observations");
    rows.columns = columns_.size();
    if (named) {
      for (const std::size_t i : columns_) rows.names.emplace_back(fields[i].text);
      named_ = fields.size();
    }
    return named;
  }

  void take(const std::vector<Field>& fields) {
    if (label_) {
      if (fields[*label_].text.empty())
        throw InputError(fmt::format("line {}, field {} is empty, a group is expected", line_, *label_ + 1));
      rows.labels.push_back(fields[*label_].text);
    }
    for (const std::size_t i : columns_) try {
        rows.values.push_back(value(fields[i].text));
      } catch (const InputError& error) {
        const std::string of = label_ ? fmt::format(" (group {})", printable(rows.labels.back())) : "";
        throw InputError(fmt::format("line {}, field {}{} {}", line_, i + 1, of, error.what()));
      }
  }

  float value(std::string_view text) const {
    if (is_missing(text) && rule_.missing == Missing::read_as_nan) return std::numeric_limits<float>::quiet_NaN();
    if (text.empty()) throw InputError("is empty, a number is expected");
    const std::optional<double> wide = number<double>(text);
    if (!wide) throw InputError(fmt::format("{} is no number{}", printable(text), hint(text)));
    const float checked = rule_.checked(*wide, printable(text));
    // Straight to float, since rounding twice can differ.
    return std::isnan(checked) ? checked : *number<float>(text);
  }

  std::string hint(std::string_view text) const {
    std::string point(text);
    std::ranges::replace(point, ',', '.');
    return point != text && number<double>(point) ? fmt::format(", which would be {}", point) : "";
  }

  const CsvParts& parts_;
  std::optional<char> delimiter_;
  const NumberRule& rule_;
  std::optional<std::size_t> label_;  ///< place among the fields
  std::vector<std::size_t> columns_;  ///< places among the fields
  int line_ = 0;
  std::size_t fields_ = 0, named_ = 0;  ///< of a row, of the line of names
  int blank_line_ = 0;                  ///< the last one after a row
  bool first_ = true;
};

}  // namespace

CsvRows parse_csv(std::string_view text, const CsvParts& parts, const NumberRule& rule) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // the mark some spreadsheets put before UTF-8
  std::string_view unskipped = text;
  for (int line = 0; line < parts.skip; ++line) take_until(unskipped, '\n');
  Reader reader(parts, parts.delimiter ? parts.delimiter : found_delimiter(unskipped), rule);
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
