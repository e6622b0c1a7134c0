// Named tensors in a file: the safetensors format (https://github.com/huggingface/safetensors), and our checksum over
// it.
//
//   8 bytes    little-endian length of the header
//   header     JSON: "__metadata__" -> {name: text}, tensor name -> {"dtype", "shape", "data_offsets": [begin, end]},
//              padded with spaces so that the data begin at a multiple of 8
//   data       raw little-endian numbers, row-major, without gaps
//
// Reading trusts nothing in the file: every length is checked against the bytes that are there before it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace alfi {

/// Numbers with a shape. The number types T below are float (F32), double (F64), int64_t (I64), uint64_t (U64) and
/// uint8_t (U8).
struct Tensor {
  std::string dtype;
  std::vector<std::int64_t> shape;  // empty for a single number
  std::vector<std::byte> data;      // row-major, little-endian

  /// Makes a tensor. Throws InputError when the values do not fill the shape.
  template <typename T>
  static Tensor of(std::vector<std::int64_t> shape, std::span<const T> values);

  /// Returns the values, row-major. F32 reads as double and F64 as float, rounded. Throws InputError where a finite F64
  /// is too large for a float, or where the dtype is another one.
  template <typename T>
  std::vector<T> to() const;

  bool operator==(const Tensor&) const = default;
};

/// The content of one file.
struct SafeTensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
  std::string source = "memory";  // where it was read from, for messages only

  // Look a tensor up. Throw InputError naming the source, the tensor and what is expected.
  const Tensor& at(const std::string& name) const;
  const Tensor& expect_shape(const std::string& name, const std::vector<std::int64_t>& shape) const;
  template <typename T>
  std::vector<T> values(const std::string& name, const std::vector<std::int64_t>& shape) const;
  const std::string& metadata_at(const std::string& key) const;
};

/// Reads a safetensors file; `source` names the bytes in messages. Throws InputError when they are no such file, or one
/// of other number types than those above.
SafeTensors parse_safetensors(std::span<const std::byte> bytes, const std::string& source);
SafeTensors read_safetensors(const std::filesystem::path& path);

/// Writes content as bytes, equal ones for equal content. Tensors are laid out by width of their numbers, widest first,
/// then by name (as the format's own library does), which keeps every number aligned. InputError when a tensor
/// contradicts itself or a name is not UTF-8.
std::vector<std::byte> serialize(const SafeTensors& content);

/// Writes atomically, with `checksum` added to the metadata: 32 hexadecimal digits, XXH3 (128 bits, seed 0) of the
/// whole file with these digits set to '0'.
void write_checksummed(const std::filesystem::path& path, const SafeTensors& content);

/// Returns what write_checksummed was given. Throws InputError when a single bit of the file differs from what was
/// written.
SafeTensors parse_checksummed(std::vector<std::byte> bytes, const std::string& source);
SafeTensors read_checksummed(const std::filesystem::path& path);

}  // namespace alfi
