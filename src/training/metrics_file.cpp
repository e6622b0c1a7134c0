#include "src/training/metrics_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "alfi/error.hpp"
#include "src/formats/json_text.hpp"
#include "src/system/atomic_file.hpp"
#include "src/system/folder.hpp"

namespace alfi {
namespace {

/// Returns the number of this name in a line that write_steps or write_validation wrote, NaN of null; none where the
/// line has none. Reading no tree of JSON, it takes no memory where one would be freed.
template <class Number>
std::optional<Number> number_of(const std::string& line, const std::string& name) {
  const std::string key = fmt::format("\"{}\":", name);
  const std::size_t place = line.find(key);
  if (place == line.npos) return std::nullopt;
  const char* const begin = line.data() + place + key.size();
  if constexpr (std::is_floating_point_v<Number>)
    if (std::string_view(begin).starts_with("null")) return std::numeric_limits<Number>::quiet_NaN();
  Number number{};
  const auto [end, error] = std::from_chars(begin, line.data() + line.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

MetricsFile::MetricsFile(std::filesystem::path path, std::int64_t done) : path_(std::move(path)) {
  const std::string kept = done > 0 ? read(done) : "";
  write_file_atomically(path_, std::as_bytes(std::span(kept)));
  file_.open(path_, std::ios::app);
}

std::string MetricsFile::read(std::int64_t done) {
  if (!std::filesystem::exists(path_)) return "";
  const std::vector<std::byte> bytes = read_file(path_);
  std::istringstream file(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  std::string kept;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with('{') || !nlohmann::json::accept(line)) continue;
    const std::int64_t step = number_of<std::int64_t>(line, "step").value_or(done + 1);
    if (step > done) continue;
    kept += line + "\n";
    if (const auto loss = number_of<double>(line, "validation_loss"))
      validations_.add(
          step,
          {.loss = *loss,
           .error = number_of<double>(line, "validation_error").value_or(std::numeric_limits<double>::quiet_NaN())});
  }
  return kept;
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
  validations_.add(step, validation);
}

void MetricsFile::flush() const { flush_to_disk(path_); }

void MetricsFile::write(const std::string& line) {
  file_ << line << "\n" << std::flush;
  if (!file_) throw RunError(fmt::format("{}: cannot be written", path_.string()));
}

}  // namespace alfi
