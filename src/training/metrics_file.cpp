#include "src/training/metrics_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alfi/error.hpp"
#include "src/formats/json_text.hpp"
#include "src/system/atomic_file.hpp"
#include "src/system/folder.hpp"

namespace alfi {
namespace {

/// Returns the step of a line that write_steps or write_validation wrote; none of any other line.
std::optional<std::int64_t> step_of(const std::string& line) {
  constexpr std::string_view name = "\"step\":";
  const std::size_t place = line.find(name);
  if (place == line.npos || !line.starts_with('{') || !nlohmann::json::accept(line)) return std::nullopt;
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(line.data() + place + name.size(), line.data() + line.size(), step);
  return error == std::errc() ? std::optional(step) : std::nullopt;
}

/// Returns the lines of steps up to `done`.
std::string lines_up_to(std::int64_t done, const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return "";
  const std::vector<std::byte> bytes = read_file(path);
  std::istringstream file(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::string kept;
  for (std::string line; std::getline(file, line);)
    if (step_of(line).value_or(done + 1) <= done) kept += line + "\n";
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
  JsonObject line;
  line.add("clamped_draws", json_text(clamped_));
  line.add("episodes_per_second", json_text(now.episodes_per_second));
  line.add("learning_rate", json_text(now.learning_rate));
  line.add("loss", json_text(loss_ / static_cast<double>(steps_)));
  line.add("observations_left_out", json_text(left_out_));
  line.add("skipped_updates", json_text(now.skipped));
  line.add("step", json_text(now.step));
  write(line.text());
  steps_ = 0;
  loss_ = 0;
  clamped_ = 0;
  left_out_ = 0;
}

double MetricsFile::left_out_of_a_step() const {
  return steps_ == 0 ? 0 : static_cast<double>(left_out_) / static_cast<double>(steps_);
}

void MetricsFile::write_validation(std::int64_t step, const Validation& validation) {
  JsonObject line;
  line.add("step", json_text(step)).add("validation_error", json_text(validation.error));
  write(line.add("validation_loss", json_text(validation.loss)).text());
}

void MetricsFile::flush() const { flush_to_disk(path_); }

void MetricsFile::write(const std::string& line) {
  file_ << line << "\n" << std::flush;
  if (!file_) throw RunError(fmt::format("{}: cannot be written", path_.string()));
}

}  // namespace alfi
