// Keys in which two configurations differ.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "alfi/configuration.hpp"

namespace alfi::configuration {

struct Difference {
  std::string_view path;
  std::string value, other;  ///< as the file would have them
};

/// Returns the keys in which `configuration` differs from `other`, in the order of the file; of keys that one of them
/// has not, its default counts.
std::vector<Difference> differences(const Configuration& configuration, const Configuration& other);

/// Writes "training.steps = 400 (it was 200), engine.seed = 2 (it was 1)".
std::string text_of(const std::vector<Difference>& differences);

}  // namespace alfi::configuration
