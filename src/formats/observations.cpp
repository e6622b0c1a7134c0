#include "src/formats/observations.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "alfi/error.hpp"
#include "src/formats/printable.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied to and from little-endian files as is");

constexpr double largest_float = std::numeric_limits<float>::max();
/// Whole observations are simulated exactly up to here only: a float's integers end.
constexpr double largest_whole = 16777216;

int checked_size(std::uint64_t size, const char* what) {
  if (!std::in_range<int>(size)) throw InputError(fmt::format("{} {} are too many", size, what));
  return static_cast<int>(size);
}

// ---- .csv ----

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

/// Column names: every field begins as no number does. nan, inf and 12O are left to be refused as data.
bool is_header(const std::vector<std::string_view>& fields) {
  return std::all_of(fields.begin(), fields.end(), [](std::string_view field) {
    double value = 0;
    const bool is_name = !field.empty() && (std::isalpha(static_cast<unsigned char>(field[0])) != 0 ||
                                            field[0] == '_' || field[0] == '"' || (field[0] & 0x80) != 0);
    return is_name && parse(field, value) == std::errc::invalid_argument;
  });
}

Observations parse_csv(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // the mark some spreadsheets put before UTF-8
  Observations observations;
  std::size_t rows = 0;
  std::size_t columns = 0;
  bool header_may_come = true;
  std::size_t blank_line = 0;  // the last one after an observation
  for (std::size_t line_number = 1; !text.empty(); ++line_number) {
    std::string_view line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trimmed(line);
    if (line.starts_with('#')) continue;
    if (line.empty()) {
      if (rows > 0) blank_line = line_number;
      continue;
    }
    const std::vector<std::string_view> fields = fields_of(line);
    if (std::exchange(header_may_come, false) && is_header(fields)) continue;
    if (blank_line > 0) throw InputError(fmt::format("line {} is blank, but observations follow it", blank_line));
    if (rows > 0 && fields.size() != columns) {
      throw InputError(
          fmt::format("line {} has {} fields, the lines before it have {}", line_number, fields.size(), columns));
    }
    columns = fields.size();
    ++rows;
    for (std::size_t column = 0; column < columns; ++column) {
      try {
        observations.values.push_back(number(fields[column]));
      } catch (const InputError& error) {
        throw InputError(fmt::format("line {}, field {} {}", line_number, column + 1, error.what()));
      }
    }
  }
  observations.count = checked_size(rows, "observations");
  observations.dimension = checked_size(columns, "columns");
  return observations;
}

// ---- .npy ----

/// A number type of .npy files, and how its bytes become a double.
struct NumberType {
  std::string_view name;
  std::size_t width;
  double (*decode)(const std::byte*);
};

template <typename T>
double decode(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}

template <typename T>
constexpr NumberType number_type(std::string_view name) {
  return {name, sizeof(T), decode<T>};
}

constexpr std::array<NumberType, 10> number_types{
    number_type<float>("<f4"),         number_type<double>("<f8"),        number_type<std::int8_t>("|i1"),
    number_type<std::int16_t>("<i2"),  number_type<std::int32_t>("<i4"),  number_type<std::int64_t>("<i8"),
    number_type<std::uint8_t>("|u1"),  number_type<std::uint16_t>("<u2"), number_type<std::uint32_t>("<u4"),
    number_type<std::uint64_t>("<u8"),
};

const NumberType& number_type_of(std::string_view name) {
  std::vector<std::string_view> names;
  for (const NumberType& type : number_types) {
    if (type.name == name) return type;
    names.push_back(type.name);
  }
  throw InputError(fmt::format("number type {} is none of {}", printable(name), fmt::join(names, " ")));
}

/// The header, a Python dictionary of three entries: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }
class NpyHeader {
 public:
  explicit NpyHeader(std::string_view text) : rest_(text) {
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted_text();
      expect(':');
      if (key == "descr" && !descr) {
        descr = quoted_text();
      } else if (key == "fortran_order" && !fortran_order) {
        fortran_order = truth_value();
      } else if (key == "shape" && !shape) {
        shape = sizes();
      } else {
        throw InputError(fmt::format("header has an unknown or repeated entry {}", printable(key)));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!rest_.empty()) throw InputError(fmt::format("header has {} after its end", printable(rest_)));
    if (!descr || !fortran_order || !shape) throw InputError("header lacks descr, fortran_order or shape");
  }

  std::optional<std::string_view> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::uint64_t>> shape;

 private:
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size())); }

  bool accept(char wanted) {
    skip_space();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char wanted) {
    if (!accept(wanted))
      throw InputError(fmt::format("header has {} where '{}' is expected", printable(rest_), wanted));
  }

  std::string_view quoted_text() {
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect(quote);
    if (rest_.find(quote) == rest_.npos) throw InputError("header ends within a text");
    return take_until(rest_, quote);
  }

  bool truth_value() {
    skip_space();
    for (const auto& [name, value] : {std::pair("True", true), std::pair("False", false)}) {
      if (rest_.starts_with(name)) {
        rest_.remove_prefix(std::string_view(name).size());
        return value;
      }
    }
    throw InputError(fmt::format("header has {} where True or False is expected", printable(rest_)));
  }

  std::vector<std::uint64_t> sizes() {
    std::vector<std::uint64_t> sizes;
    expect('(');
    while (!accept(')')) {
      skip_space();
      std::uint64_t size = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (error != std::errc()) {
        throw InputError(fmt::format("header has {} where a size is expected", printable(rest_)));
      }
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      sizes.push_back(size);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  std::string_view rest_;
};

constexpr std::string_view npy_magic = "\x93NUMPY";

/// Little-endian length field of N bytes.
std::size_t length_field(std::string_view bytes) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) length |= std::size_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return length;
}

Observations parse_npy(std::string_view bytes) {
  if (!bytes.starts_with(npy_magic) || bytes.size() < 8) throw InputError("it does not begin as a .npy file");
  const int major = static_cast<unsigned char>(bytes[6]);
  const int minor = static_cast<unsigned char>(bytes[7]);
  if (major < 1 || major > 3 || minor != 0) {
    throw InputError(fmt::format("format {}.{} is none of 1.0, 2.0, 3.0", major, minor));
  }
  const std::size_t length_width = major == 1 ? 2 : 4;
  bytes.remove_prefix(8);
  const std::size_t header_size = length_field(bytes.substr(0, length_width));
  if (bytes.size() < length_width || bytes.size() - length_width < header_size)
    throw InputError("it ends in its header");
  const NpyHeader header(bytes.substr(length_width, header_size));
  bytes.remove_prefix(length_width + header_size);

  const NumberType& type = number_type_of(*header.descr);
  const std::vector<std::uint64_t>& shape = *header.shape;
  if (shape.empty() || shape.size() > 2) {
    throw InputError(fmt::format("shape has {} sizes, (count,) or (count, dimension) is expected", shape.size()));
  }
  Observations observations;
  observations.count = checked_size(shape[0], "observations");
  observations.dimension = checked_size(shape.size() == 2 ? shape[1] : 1, "columns");
  const std::size_t rows = shape[0];
  const std::size_t columns = static_cast<std::size_t>(observations.dimension);
  // Both sizes are below 2^31, so their product fits; times the width it might not.
  if (bytes.size() % type.width != 0 || rows * columns != bytes.size() / type.width) {
    throw InputError(fmt::format("{} x {} numbers of {} bytes are announced, {} bytes follow the header", rows, columns,
                                 type.width, bytes.size()));
  }
  observations.values.resize(rows * columns);
  const std::byte* data = reinterpret_cast<const std::byte*>(bytes.data());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const std::size_t place = *header.fortran_order ? column * rows + row : row * columns + column;
      const double value = type.decode(data + place * type.width);
      if (!std::isfinite(value) || std::abs(value) > largest_float) {
        throw InputError(
            fmt::format("observation {}, component {} is {}, no finite 32-bit number", row + 1, column + 1, value));
      }
      observations.values[row * columns + column] = static_cast<float>(value);
    }
  }
  return observations;
}

/// Returns what read() returns, and puts the file's name before its InputError.
template <class Read>
auto naming(const std::filesystem::path& path, Read read) {
  try {
    return read();
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

void check_stream(const std::ostream& out) {
  if (!out) throw RunError("writing observations failed: the disk is full or the reader of the output has gone");
}

}  // namespace

Observations read_observations(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (extension != ".csv" && extension != ".npy") {
    throw InputError(fmt::format("{}: observations are read from .csv and .npy files", path.string()));
  }
  const std::vector<std::byte> content = read_file(path);
  const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  return naming(path, [&] {
    Observations observations = extension == ".csv" ? parse_csv(text) : parse_npy(text);
    if (observations.values.empty()) throw InputError("it holds no observations, at least one is needed");
    return observations;
  });
}

void check_observations(const Observations& observations, const ObservationInfo& allowed) {
  if (observations.count < 1) throw InputError("there are no observations, at least one is needed");
  if (observations.dimension != allowed.dimension) {
    throw InputError(fmt::format("observations have {} columns, {} are expected ({})", observations.dimension,
                                 allowed.dimension, allowed.meaning));
  }
  const auto columns = static_cast<std::size_t>(allowed.dimension);
  if (observations.values.size() != static_cast<std::size_t>(observations.count) * columns) {
    throw InputError(fmt::format("{} values do not make {} observations of {} columns", observations.values.size(),
                                 observations.count, columns));
  }
  const double high = allowed.whole ? std::min(allowed.high, largest_whole) : allowed.high;
  const auto possible = [&](float value) {
    return std::isfinite(value) && value >= allowed.low && value <= high &&
           !(allowed.whole && value != std::trunc(value));
  };
  const auto wrong = std::find_if_not(observations.values.begin(), observations.values.end(), possible);
  if (wrong == observations.values.end()) return;
  const auto place = static_cast<std::size_t>(wrong - observations.values.begin());
  throw InputError(fmt::format("observation {}{} is {}: {} are {} numbers in [{}, {}]", place / columns + 1,
                               columns > 1 ? fmt::format(", component {}", place % columns + 1) : "", *wrong,
                               allowed.meaning, allowed.whole ? "whole" : "finite", allowed.low, high));
}

Observations read_observations(const std::filesystem::path& path, const ObservationInfo& allowed) {
  Observations observations = read_observations(path);
  naming(path, [&] { check_observations(observations, allowed); });
  return observations;
}

void write_npy_header(std::ostream& out, std::int64_t count, int dimension) {
  std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", count, dimension);
  // The data begin at a multiple of 64 bytes; magic, version and length take 10, the line feed 1.
  constexpr std::size_t alignment = 64;
  header.append((alignment - (10 + header.size() + 1) % alignment) % alignment, ' ');
  header += '\n';
  out << npy_magic << '\x01' << '\0' << static_cast<char>(header.size() % 256) << static_cast<char>(header.size() / 256)
      << header;
  check_stream(out);
}

void write_npy_values(std::ostream& out, std::span<const float> values) {
  out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
  check_stream(out);
}

void write_csv_values(std::ostream& out, std::span<const float> values, int dimension) {
  const auto columns = static_cast<std::size_t>(dimension);
  fmt::memory_buffer lines;
  for (std::size_t i = 0; i < values.size(); ++i) {
    fmt::format_to(std::back_inserter(lines), "{}{}", values[i], (i + 1) % columns == 0 ? '\n' : ',');
  }
  out.write(lines.data(), static_cast<std::streamsize>(lines.size()));
  check_stream(out);
}

}  // namespace alfi
