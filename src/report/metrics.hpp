// Metrics, which a training wrote down while it went on.
#pragma once

#include <filesystem>
#include <vector>

namespace alfi::report {

struct Metrics {
  struct Loss {
    double step, loss;
  };
  struct Validation {
    double step, loss, error;
  };
  std::vector<Loss> losses;
  std::vector<Validation> validations;
};

/// Reads a run's metrics.jsonl, without lines that are none (a killed training may have left half of one) and values
/// that are not finite, and without the validation of the untrained weights. Empty where there is no file.
Metrics read_metrics(const std::filesystem::path& file);

}  // namespace alfi::report
