#include "src/formats/safetensors_header.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "alfi/error.hpp"
#include "src/formats/printable.hpp"

namespace alfi {
namespace {

struct NumberType {
  std::string_view name;
  std::size_t width;  // bytes
};
constexpr std::array<NumberType, 5> number_types{{{"F32", 4}, {"F64", 8}, {"I64", 8}, {"U64", 8}, {"U8", 1}}};

/// Facts that the header has said of one tensor so far.
struct Entry {
  std::optional<std::string> dtype;
  std::optional<std::vector<std::int64_t>> shape;
  std::optional<std::vector<std::uint64_t>> offsets;
};

/// Takes the header's JSON event by event and refuses the first that the format has no place for. No tree is built, so
/// neither nesting nor size of hostile JSON costs anything.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::map<std::string, Entry> entries;
  std::map<std::string, std::string> metadata;

  bool start_object(std::size_t) override {
    if (place_ == Place::file) {
      place_ = Place::names;
    } else if (place_ == Place::names) {
      place_ = name_ == "__metadata__" ? Place::metadata : Place::entry;
    } else {
      refuse("an object");
    }
    return true;
  }

  bool key(std::string& name) override {
    if (place_ == Place::names) {
      if (!names_.insert(name).second) throw InputError(fmt::format("{} is there twice", printable(name)));
      name_ = std::move(name);
      if (name_ != "__metadata__") entry_ = &entries[name_];
      return true;
    }
    key_ = std::move(name);
    if (place_ == Place::metadata) {
      if (metadata.contains(key_)) throw InputError(fmt::format("metadata {} are there twice", printable(key_)));
    } else if ((key_ == "dtype" && entry_->dtype) || (key_ == "shape" && entry_->shape) ||
               (key_ == "data_offsets" && entry_->offsets)) {
      throw InputError(fmt::format("{} of tensor {} is there twice", key_, printable(name_)));
    }
    return true;
  }

  bool string(std::string& text) override {
    if (place_ == Place::metadata) {
      metadata.emplace(key_, std::move(text));
    } else if (place_ == Place::entry && key_ == "dtype") {
      entry_->dtype = std::move(text);
    } else {
      refuse("text");
    }
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ == Place::entry && key_ == "shape") {
      place_ = Place::shape;
      entry_->shape.emplace();
    } else if (place_ == Place::entry && key_ == "data_offsets") {
      place_ = Place::offsets;
      entry_->offsets.emplace();
    } else {
      refuse("a list");
    }
    return true;
  }

  bool number_unsigned(std::uint64_t number) override {
    if (place_ == Place::shape && std::in_range<std::int64_t>(number)) {
      entry_->shape->push_back(static_cast<std::int64_t>(number));
    } else if (place_ == Place::offsets) {
      entry_->offsets->push_back(number);
    } else {
      refuse(fmt::format("the number {}", number));
    }
    return true;
  }

  bool end_array() override {
    place_ = Place::entry;
    return true;
  }

  bool end_object() override {
    if (place_ == Place::entry && !(entry_->dtype && entry_->shape && entry_->offsets)) {
      throw InputError(fmt::format("tensor {} lacks dtype, shape or data_offsets", printable(name_)));
    }
    place_ = Place::names;
    return true;
  }

  bool null() override { return refuse("null"); }
  bool boolean(bool) override { return refuse("a truth value"); }
  bool number_integer(std::int64_t number) override { return refuse(fmt::format("the number {}", number)); }
  bool number_float(double, const std::string& text) override { return refuse("the number " + printable(text)); }
  bool binary(nlohmann::json::binary_t&) override { return refuse("binary data"); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    throw InputError(fmt::format("the header is no valid JSON (byte {} of it)", position));
  }

 private:
  enum class Place { file, names, metadata, entry, shape, offsets };

  bool refuse(const std::string& what) const {
    throw InputError(fmt::format("the header has {} after {} {} where the format allows none", what, printable(name_),
                                 printable(key_)));
  }

  Place place_ = Place::file;
  std::set<std::string> names_;
  std::string name_;  // the last name at the top
  std::string key_;   // the last name below it
  Entry* entry_ = nullptr;
};

/// Refuses tensors that do not cover the data exactly: that overlap, leave gaps or reach beyond the end.
void check_layout(const std::map<std::string, Entry>& entries, std::size_t data_size) {
  struct Range {
    std::uint64_t begin, end;
    const std::string* name;
  };
  std::vector<Range> ranges;
  for (const auto& [name, entry] : entries) {
    const std::vector<std::uint64_t>& offsets = *entry.offsets;
    const auto refuse = [&, &tensor = name](const std::string& why) {
      throw InputError(fmt::format("tensor {} with data_offsets [{}]: {}", printable(tensor),
                                   fmt::join(std::span(offsets).first(std::min<std::size_t>(offsets.size(), 3)), ", "),
                                   why));
    };
    if (offsets.size() != 2) refuse("two numbers are needed");
    if (offsets[0] > offsets[1] || offsets[1] > data_size) {
      refuse(fmt::format("not within the {} bytes of data that are there", data_size));
    }
    std::size_t needed = 0;
    try {
      needed = byte_count(*entry.dtype, *entry.shape);
    } catch (const InputError& error) {
      refuse(error.what());
    }
    if (offsets[1] - offsets[0] != needed) refuse(fmt::format("its dtype and shape need {} bytes", needed));
    ranges.push_back({offsets[0], offsets[1], &name});
  }
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t covered = 0;
  for (const Range& range : ranges) {
    if (range.begin != covered) {
      throw InputError(fmt::format("tensor {} begins at byte {} of the data, the one before it ends at {}",
                                   printable(*range.name), range.begin, covered));
    }
    covered = range.end;
  }
  if (covered != data_size) throw InputError(fmt::format("{} bytes of data belong to no tensor", data_size - covered));
}

}  // namespace

std::size_t width_of(std::string_view dtype) {
  for (const NumberType& type : number_types) {
    if (type.name == dtype) return type.width;
  }
  throw InputError(fmt::format("dtype {} is none of F32, F64, I64, U64, U8", printable(dtype)));
}

std::string text_of(const std::vector<std::int64_t>& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

std::size_t byte_count(std::string_view dtype, const std::vector<std::int64_t>& shape) {
  std::size_t bytes = width_of(dtype);
  for (const std::int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<std::size_t>(size), &bytes)) {
      throw InputError(fmt::format("shape {} is impossible", printable(text_of(shape))));
    }
  }
  return bytes;
}

SafeTensorsHeader read_header(std::string_view json, std::size_t data_size) {
  // Two things the JSON library lets pass: a mark or space before the first brace, and anything at all after a zero
  // byte.
  if (!json.starts_with('{') || json.find('\0') != json.npos) throw InputError("the header is no valid JSON");
  HeaderReader reader;
  nlohmann::json::sax_parse(json, &reader);
  check_layout(reader.entries, data_size);
  SafeTensorsHeader header{{}, std::move(reader.metadata)};
  for (auto& [name, entry] : reader.entries)
    header.entries.emplace(name, TensorEntry{.dtype = std::move(*entry.dtype),
                                             .shape = std::move(*entry.shape),
                                             .begin = (*entry.offsets)[0],
                                             .end = (*entry.offsets)[1]});
  return header;
}

}  // namespace alfi
