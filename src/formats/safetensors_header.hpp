// The header of a safetensors file: what its JSON says of every tensor, held against the bytes of data that are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace alfi {

/// Facts that a header says of one tensor; its numbers are bytes begin … end − 1 of the data.
struct TensorEntry {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::size_t begin, end;
};

struct SafeTensorsHeader {
  std::map<std::string, TensorEntry> entries;
  std::map<std::string, std::string> metadata;
};

/// Reads a header. InputError where it is no JSON, says what the format has no place for, or its tensors are not
/// exactly `data_size` bytes, one after the other.
SafeTensorsHeader read_header(std::string_view json, std::size_t data_size);

/// Returns the bytes of a number. InputError where the dtype is none of ours.
std::size_t width_of(std::string_view dtype);

/// Returns the bytes of a tensor. InputError as above, for a negative size, and for a product beyond 64 bits.
std::size_t byte_count(std::string_view dtype, const std::vector<std::int64_t>& shape);

/// Returns a shape as messages show it: (2, 3).
std::string text_of(const std::vector<std::int64_t>& shape);

}  // namespace alfi
