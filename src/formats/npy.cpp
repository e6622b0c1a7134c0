#include "src/formats/npy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <optional>
#include <ostream>
#include <system_error>
#include <utility>

#include "alfi/error.hpp"
#include "src/formats/printable.hpp"

namespace alfi {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied to and from little-endian files as is");

/// A number type of .npy files, without its order of bytes, and how its bytes become a double.
struct NumberType {
  std::string_view name;
  std::size_t width;
  double (*decode)(const std::byte*);
};

template <typename T>
T decoded(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}
template <typename T>
double decode(const std::byte* bytes) {
  return static_cast<double>(decoded<T>(bytes));
}

template <typename T>
constexpr NumberType number_type(std::string_view name) {
  return {name, sizeof(T), decode<T>};
}

constexpr std::array<NumberType, 12> number_types{
    NumberType{"f2", 2,
               [](const std::byte* bytes) {
                 return static_cast<double>(Eigen::half_impl::half_to_float(
                     Eigen::half_impl::raw_uint16_to_half(decoded<std::uint16_t>(bytes))));
               }},
    number_type<float>("f4"),
    number_type<double>("f8"),
    number_type<std::int8_t>("i1"),
    number_type<std::int16_t>("i2"),
    number_type<std::int32_t>("i4"),
    number_type<std::int64_t>("i8"),
    number_type<std::uint8_t>("u1"),
    number_type<std::uint16_t>("u2"),
    number_type<std::uint32_t>("u4"),
    number_type<std::uint64_t>("u8"),
    number_type<std::uint8_t>("b1"),
};

/// Finds the type of a name such as <f4: < for the least byte first, > for the greatest, | where there is one byte.
const NumberType& number_type_of(std::string_view name) {
  std::vector<std::string_view> names;
  for (const NumberType& type : number_types) {
    const bool ordered = name.starts_with('<') || name.starts_with('>') || (name.starts_with('|') && type.width == 1);
    if (ordered && name.substr(1) == type.name) return type;
    names.push_back(type.name);
  }
  throw InputError(fmt::format("number type {} is none of {} after < or >", printable(name), fmt::join(names, " ")));
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
    const std::size_t end = rest_.find(quote);
    if (end == rest_.npos) throw InputError("header ends within a text");
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
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

/// Takes magic, version and header off the front of a file.
NpyHeader take_header(std::string_view& bytes) {
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
  NpyHeader header(bytes.substr(length_width, header_size));
  bytes.remove_prefix(length_width + header_size);
  return header;
}

std::vector<int> checked_shape(const std::vector<std::uint64_t>& sizes) {
  std::vector<int> shape;
  for (const std::uint64_t size : sizes) {
    if (!std::in_range<int>(size)) throw InputError(fmt::format("a size of {} is too many", size));
    shape.push_back(static_cast<int>(size));
  }
  return shape;
}

/// Says whether the shape's numbers are `count`, which their product, that may overflow, alone does not tell.
bool holds(const std::vector<int>& shape, std::size_t count) {
  std::size_t product = 1;
  for (const int size : shape)
    if (__builtin_mul_overflow(product, static_cast<std::size_t>(size), &product)) return false;
  return product == count;
}

/// Returns the place in Fortran order of number `index` in C order.
std::size_t fortran_place(const std::vector<int>& shape, std::size_t index) {
  std::size_t place = 0;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto size = static_cast<std::size_t>(shape[axis]);
    std::size_t stride = 1;
    for (std::size_t before = 0; before < axis; ++before) stride *= static_cast<std::size_t>(shape[before]);
    place += index % size * stride;
    index /= size;
  }
  return place;
}

void check_stream(const std::ostream& out) {
  if (!out) throw RunError("writing numbers failed: the disk is full or the reader of the output has gone");
}

template <class T>
void write_numbers(std::ostream& out, std::span<const T> values) {
  out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
  check_stream(out);
}

}  // namespace

bool is_npy(std::string_view bytes) { return bytes.starts_with(npy_magic); }

NpyArray parse_npy(std::string_view bytes, const std::function<void(const std::vector<int>& shape)>& expected,
                   const PlaceText& place, const NumberRule& rule) {
  const NpyHeader header = take_header(bytes);
  const NumberType& type = number_type_of(*header.descr);
  NpyArray array{.shape = checked_shape(*header.shape), .values = {}};
  expected(array.shape);
  if (bytes.size() % type.width != 0 || !holds(array.shape, bytes.size() / type.width))
    throw InputError(fmt::format("{} numbers of {} bytes are announced, {} bytes follow the header",
                                 fmt::join(array.shape, " x "), type.width, bytes.size()));
  array.values.resize(bytes.size() / type.width);
  const std::byte* data = reinterpret_cast<const std::byte*>(bytes.data());
  const bool swapped = header.descr->starts_with('>');
  std::array<std::byte, 8> number{};
  for (std::size_t i = 0; i < array.values.size(); ++i) {
    const std::size_t from = *header.fortran_order ? fortran_place(array.shape, i) : i;
    std::copy_n(data + from * type.width, type.width, number.begin());
    if (swapped) std::reverse(number.begin(), number.begin() + static_cast<std::ptrdiff_t>(type.width));
    const double value = type.decode(number.data());
    try {
      array.values[i] = rule.checked(value, fmt::format("{}", value));
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}: {}", place(array.shape, i), error.what()));
    }
  }
  return array;
}

void write_npy_header(std::ostream& out, const std::vector<std::int64_t>& shape, NpyNumber number) {
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                  number == NpyNumber::float32 ? "<f4" : "<f8", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  // The data begin at a multiple of 64 bytes; magic, version and length take 10, the line feed 1.
  constexpr std::size_t alignment = 64;
  header.append((alignment - (10 + header.size() + 1) % alignment) % alignment, ' ');
  header += '\n';
  out << npy_magic << '\x01' << '\0' << static_cast<char>(header.size() % 256) << static_cast<char>(header.size() / 256)
      << header;
  check_stream(out);
}

void write_npy_values(std::ostream& out, std::span<const float> values) { write_numbers(out, values); }
void write_npy_values(std::ostream& out, std::span<const double> values) { write_numbers(out, values); }

}  // namespace alfi
