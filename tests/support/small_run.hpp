// A run folder of a training of milliseconds.
#pragma once

#include <filesystem>

#include "alfi/trainer.hpp"
#include "tests/support/small_configuration.hpp"

namespace alfi::test {

inline std::filesystem::path small_run(const std::filesystem::path& folder, const Configuration& configuration) {
  train(configuration, folder / "run");
  return folder / "run";
}

}  // namespace alfi::test
