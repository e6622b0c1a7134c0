#include "src/report/metrics.hpp"

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace alfi::report {

Metrics read_metrics(const std::filesystem::path& file) {
  Metrics metrics;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const auto object = nlohmann::json::parse(line, nullptr, false);
    const auto value = [&](const char* key) {
      const bool number = object.is_object() && object.contains(key) && object[key].is_number();
      return number ? object[key].get<double>() : std::numeric_limits<double>::quiet_NaN();
    };
    const double step = value("step"), loss = value("loss"), validation = value("validation_loss");
    if (!std::isfinite(step)) continue;
    if (std::isfinite(loss)) metrics.losses.push_back({step, loss});
    // Untrained weights are far off: their validation would squeeze the picture of all others.
    if (std::isfinite(validation) && step > 0)
      metrics.validations.push_back({step, validation, value("validation_error")});
  }
  return metrics;
}

}  // namespace alfi::report
