// A run folder of a training of milliseconds.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "alfi/trainer.hpp"
#include "tests/support/small_configuration.hpp"

namespace alfi::test {

inline std::filesystem::path small_run(const std::filesystem::path& folder, const Configuration& configuration) {
  train(configuration, folder / "run");
  return folder / "run";
}

inline std::string content_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace alfi::test
