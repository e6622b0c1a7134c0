#include "src/training/metrics_file.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>

#include "alfi/error.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi {
namespace {

/// Returns the lines of steps up to `done`.
std::string lines_up_to(std::int64_t done, const std::filesystem::path& path) {
  std::string kept;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto object = nlohmann::json::parse(line, nullptr, false);
    if (object.is_object() && object.value("step", done + 1) <= done) kept += line + "\n";
  }
  return kept;
}

}  // namespace

MetricsFile::MetricsFile(std::filesystem::path path, std::int64_t done) : path_(std::move(path)) {
  const std::string kept = done > 0 ? lines_up_to(done, path_) : "";
  write_file_atomically(path_, std::as_bytes(std::span(kept)));
  file_.open(path_, std::ios::app);
}

void MetricsFile::add(const StepOutput& step) {
  ++steps_;
  loss_ += step.loss;
  clamped_ += step.clamped;
  left_out_ += step.left_out;
}

void MetricsFile::write_steps(const TrainingPoint& now) {
  if (steps_ == 0) return;
  write(nlohmann::json{{"step", now.step},
                       {"loss", loss_ / static_cast<double>(steps_)},
                       {"learning_rate", now.learning_rate},
                       {"episodes_per_second", now.episodes_per_second},
                       {"clamped_draws", clamped_},
                       {"observations_left_out", left_out_},
                       {"skipped_updates", now.skipped}}
            .dump());
  steps_ = 0;
  loss_ = 0;
  clamped_ = 0;
  left_out_ = 0;
}

double MetricsFile::left_out_of_a_step() const {
  return steps_ == 0 ? 0 : static_cast<double>(left_out_) / static_cast<double>(steps_);
}

void MetricsFile::write_validation(std::int64_t step, const Validation& validation) {
  write(nlohmann::json{{"step", step}, {"validation_loss", validation.loss}, {"validation_error", validation.error}}
            .dump());
}

void MetricsFile::write(const std::string& line) {
  file_ << line << "\n" << std::flush;
  if (!file_) throw RunError(fmt::format("{}: cannot be written", path_.string()));
}

}  // namespace alfi
