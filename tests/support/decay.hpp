// The header of the waiting times, which tests compile and change.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "alfi/configuration.hpp"
#include "tests/support/content_of.hpp"
#include "tests/support/small_configuration.hpp"

namespace alfi::test {

inline const std::filesystem::path decay_header = std::filesystem::path(ALFI_EXAMPLES) / "simulators" / "decay.hpp";

inline void write(const std::filesystem::path& file, const std::string& text) { std::ofstream(file) << text; }

inline Configuration decay_configuration() {
  Configuration c = small_configuration("gaussian");
  c.simulator = {"", {}, Transform::log1p};
  c.simulator.source = decay_header.string();
  return c;
}

inline std::string bytes_of(const std::filesystem::path& file) { return content_of(file.string()); }

}  // namespace alfi::test
