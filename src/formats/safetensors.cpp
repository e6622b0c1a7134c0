#include "src/formats/safetensors.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "alfi/error.hpp"
#include "src/formats/json_text.hpp"
#include "src/formats/printable.hpp"
#include "src/formats/safetensors_header.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied to and from little-endian files as is");

template <typename T>
constexpr std::string_view name_of = std::is_same_v<T, float>           ? "F32"
                                     : std::is_same_v<T, double>        ? "F64"
                                     : std::is_same_v<T, std::int64_t>  ? "I64"
                                     : std::is_same_v<T, std::uint64_t> ? "U64"
                                                                        : "U8";

template <typename From, typename To>
std::vector<To> read_as(const std::vector<std::byte>& data) {
  std::vector<From> stored(data.size() / sizeof(From));
  if (!stored.empty()) std::memcpy(stored.data(), data.data(), stored.size() * sizeof(From));
  if constexpr (std::is_same_v<From, To>) {
    return stored;
  } else {
    std::vector<To> values(stored.size());
    std::transform(stored.begin(), stored.end(), values.begin(), [](From value) {
      if (std::isfinite(value) && std::abs(static_cast<double>(value)) > double{std::numeric_limits<To>::max()}) {
        throw InputError(fmt::format("value {} is too large for a 32-bit number", value));
      }
      return static_cast<To>(value);
    });
    return values;
  }
}

SafeTensors parse(std::span<const std::byte> bytes) {
  std::uint64_t header_size = 0;
  if (bytes.size() < sizeof header_size) throw InputError(fmt::format("{} bytes are too few", bytes.size()));
  std::memcpy(&header_size, bytes.data(), sizeof header_size);
  const auto is_text = [](std::byte b) { return b == std::byte{'\n'} || (b >= std::byte{' '} && b <= std::byte{'~'}); };
  if (std::ranges::all_of(bytes.first(sizeof header_size), is_text))
    throw InputError("it is text, as a configuration is");
  bytes = bytes.subspan(sizeof header_size);
  if (header_size > bytes.size()) {
    throw InputError(fmt::format("a header of {} bytes is announced, {} are left", header_size, bytes.size()));
  }
  const std::string_view json(reinterpret_cast<const char*>(bytes.data()), header_size);
  const std::span<const std::byte> data = bytes.subspan(header_size);
  SafeTensorsHeader header = read_header(json, data.size());

  SafeTensors content;
  content.metadata = std::move(header.metadata);
  for (auto& [name, entry] : header.entries) {
    const std::span<const std::byte> range = data.subspan(entry.begin, entry.end - entry.begin);
    content.tensors.emplace(name, Tensor{std::move(entry.dtype), std::move(entry.shape), {range.begin(), range.end()}});
  }
  return content;
}

/// The checksum's place in a file: these digits, as the value of a key. Within other JSON text the quotes are escaped.
std::span<std::byte> find_checksum(std::span<std::byte> file, std::string_view digits) {
  const std::string field = fmt::format(R"("checksum":"{}")", digits);
  const auto found = std::search(file.begin(), file.end(), field.begin(), field.end(),
                                 [](std::byte a, char b) { return a == static_cast<std::byte>(b); });
  if (digits.size() != 32 || found == file.end()) return {};
  return {found + static_cast<std::ptrdiff_t>(field.size() - 1 - digits.size()), digits.size()};
}

std::string hash(std::span<const std::byte> file) {
  const XXH128_hash_t value = XXH3_128bits(file.data(), file.size());
  return fmt::format("{:016x}{:016x}", value.high64, value.low64);
}

const std::string no_digits(32, '0');

}  // namespace

template <typename T>
Tensor Tensor::of(std::vector<std::int64_t> shape, std::span<const T> values) {
  const std::span<const std::byte> bytes = std::as_bytes(values);
  if (byte_count(name_of<T>, shape) != bytes.size()) {
    throw InputError(fmt::format("{} values do not fill a tensor of shape {}", values.size(), text_of(shape)));
  }
  return {std::string(name_of<T>), std::move(shape), {bytes.begin(), bytes.end()}};
}

template <typename T>
std::vector<T> Tensor::to() const {
  if (dtype == name_of<T>) return read_as<T, T>(data);
  if constexpr (std::is_same_v<T, float>) {
    if (dtype == "F64") return read_as<double, float>(data);
  } else if constexpr (std::is_same_v<T, double>) {
    if (dtype == "F32") return read_as<float, double>(data);
  }
  throw InputError(
      fmt::format("dtype is {}, {} is expected", dtype, std::is_floating_point_v<T> ? "F32 or F64" : name_of<T>));
}

const Tensor& SafeTensors::at(const std::string& name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) throw InputError(fmt::format("{}: tensor {} is missing", source, printable(name)));
  return found->second;
}

const Tensor& SafeTensors::expect_shape(const std::string& name, const std::vector<std::int64_t>& shape) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) {
    throw InputError(
        fmt::format("{}: tensor {} is missing, shape {} is expected", source, printable(name), text_of(shape)));
  }
  if (found->second.shape != shape) {
    throw InputError(fmt::format("{}: tensor {} has shape {}, {} is expected", source, printable(name),
                                 text_of(found->second.shape), text_of(shape)));
  }
  return found->second;
}

template <typename T>
std::vector<T> SafeTensors::values(const std::string& name, const std::vector<std::int64_t>& shape) const {
  const Tensor& tensor = expect_shape(name, shape);
  try {
    return tensor.to<T>();
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: tensor {}: {}", source, printable(name), error.what()));
  }
}

const std::string& SafeTensors::metadata_at(const std::string& key) const {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw InputError(fmt::format("{}: metadata {} are missing", source, printable(key)));
  return found->second;
}

#define ALFI_INSTANTIATE(T)                                                     \
  template Tensor Tensor::of<T>(std::vector<std::int64_t>, std::span<const T>); \
  template std::vector<T> Tensor::to<T>() const;                                \
  template std::vector<T> SafeTensors::values<T>(const std::string&, const std::vector<std::int64_t>&) const;
ALFI_INSTANTIATE(float)
ALFI_INSTANTIATE(double)
ALFI_INSTANTIATE(std::int64_t)
ALFI_INSTANTIATE(std::uint64_t)
ALFI_INSTANTIATE(std::uint8_t)
#undef ALFI_INSTANTIATE

SafeTensors parse_safetensors(std::span<const std::byte> bytes, const std::string& source) {
  try {
    SafeTensors content = parse(bytes);
    content.source = source;
    return content;
  } catch (const InputError& error) {
    throw InputError(fmt::format("{} is damaged or no safetensors file: {}", source, error.what()));
  }
}

SafeTensors read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_file(path), path.string());
}

std::vector<std::byte> serialize(const SafeTensors& content) {
  struct Named {
    const std::string* name;
    const Tensor* tensor;
    std::size_t width;
  };
  std::vector<Named> order;
  for (const auto& [name, tensor] : content.tensors) {
    if (name == "__metadata__" || byte_count(tensor.dtype, tensor.shape) != tensor.data.size()) {
      throw InputError(fmt::format("tensor {} of shape {} and {} bytes cannot be written", printable(name),
                                   text_of(tensor.shape), tensor.data.size()));
    }
    order.push_back({&name, &tensor, width_of(tensor.dtype)});
  }
  std::ranges::stable_sort(order, std::greater(), &Named::width);

  std::size_t data_size = 0;
  std::string text;
  try {
    JsonObject header, metadata;
    for (const auto& [name, value] : content.metadata) metadata.add(name, json_text(value));
    if (!content.metadata.empty()) header.add("__metadata__", metadata.text());
    for (const auto& [name, tensor, width] : order) {
      const std::array<std::size_t, 2> ends{data_size, data_size + tensor->data.size()};
      JsonObject entry;
      entry.add("dtype", json_text(tensor->dtype));
      entry.add("shape", json_array(tensor->shape)).add("data_offsets", json_array(ends));
      header.add(*name, entry.text());
      data_size = ends[1];
    }
    text = header.text();
  } catch (const InputError&) {
    throw InputError(
        fmt::format("{}: a name or text of the metadata is not UTF-8 and cannot be written", content.source));
  }
  text.append((8 - text.size() % 8) % 8, ' ');

  const std::uint64_t header_size = text.size();
  std::vector<std::byte> bytes;
  bytes.reserve(sizeof header_size + text.size() + data_size);
  const auto append = [&](std::span<const std::byte> part) { bytes.insert(bytes.end(), part.begin(), part.end()); };
  append(std::as_bytes(std::span(&header_size, 1)));
  append(std::as_bytes(std::span(text)));
  for (const Named& named : order) append(named.tensor->data);
  return bytes;
}

void write_checksummed(const std::filesystem::path& path, const SafeTensors& content) {
  SafeTensors marked = content;
  marked.metadata["checksum"] = no_digits;
  std::vector<std::byte> bytes = serialize(marked);
  const std::string digits = hash(bytes);
  std::memcpy(find_checksum(bytes, no_digits).data(), digits.data(), digits.size());
  write_file_atomically(path, bytes);
}

SafeTensors parse_checksummed(std::vector<std::byte> bytes, const std::string& source) {
  SafeTensors content = parse_safetensors(bytes, source);
  const auto stored = content.metadata.find("checksum");
  if (stored == content.metadata.end()) {
    throw InputError(fmt::format("{} is damaged or was not written by alfi: its metadata have no checksum", source));
  }
  const std::span<std::byte> place = find_checksum(bytes, stored->second);
  std::ranges::fill(place, static_cast<std::byte>('0'));
  if (place.empty() || hash(bytes) != stored->second) {
    throw InputError(fmt::format("{} is damaged: its content does not match its checksum", source));
  }
  content.metadata.erase(stored);
  return content;
}

SafeTensors read_checksummed(const std::filesystem::path& path) {
  return parse_checksummed(read_file(path), path.string());
}

}  // namespace alfi
