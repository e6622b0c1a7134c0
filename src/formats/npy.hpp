// Arrays in .npy files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
//
// Read are formats 1.0 to 3.0: floats of 16, 32 and 64 bits, all integers and truth values, of either order of bytes,
// in C or Fortran order. Written is format 1.0: float32 or float64 in C order, piece by piece.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/formats/number_rule.hpp"

namespace alfi {

struct NpyArray {
  std::vector<int> shape;
  std::vector<float> values;  ///< in C order, finite unless missing ones are read as NaN
};

/// Returns words for the place of number `index`, in C order, of an array of this shape.
using PlaceText = std::function<std::string(const std::vector<int>& shape, std::size_t index)>;

/// Tells whether a file's bytes begin as those of an array.
bool is_npy(std::string_view bytes);

/// Reads a file's bytes. Numbers are rounded to float. Throws InputError for what is damaged, for a number that no
/// float is near, with its place, and where `expected` refuses the shape by an InputError of its own.
NpyArray parse_npy(std::string_view bytes, const std::function<void(const std::vector<int>& shape)>& expected,
                   const PlaceText& place, const NumberRule& rule = {});

/// Types of numbers that are written.
enum class NpyNumber { float32, float64 };

/// Writes a .npy file: the header once, then all values in any number of calls. Throws RunError when the stream fails.
void write_npy_header(std::ostream& out, const std::vector<std::int64_t>& shape, NpyNumber number = NpyNumber::float32);
void write_npy_values(std::ostream& out, std::span<const float> values);
void write_npy_values(std::ostream& out, std::span<const double> values);

}  // namespace alfi
