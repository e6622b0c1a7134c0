// Common ground of the targets of libFuzzer. A reader may refuse its input by the library's own errors; whatever else
// it throws, and what the sanitizers see, is a fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "alfi/error.hpp"

namespace alfi::faults {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

/// Calls a reader that may refuse.
template <class Reader>
void may_refuse(const Reader& reader) {
  try {
    reader();
  } catch (const InputError&) {
  } catch (const RunError&) {
  }
}

/// Says whether a configuration would load a module, or start a compiler or another program.
inline bool starts_programs(std::string_view text) {
  for (const std::string_view key : {"source", "module", "program"})
    if (text.find(key) != text.npos) return true;
  return false;
}

}  // namespace alfi::faults

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
