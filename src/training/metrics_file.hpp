// metrics.jsonl of a run: a JSON object a line, for every ten meta-steps and for every validation. It is where a run
// that is resumed knows its validations from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "src/training/validation_history.hpp"

namespace alfi {

/// Meta-steps that a line sums up.
inline constexpr std::int64_t steps_per_line = 10;

/// State of a training when a line is written.
struct TrainingPoint {
  std::int64_t step;  ///< number of meta-steps done
  double learning_rate;
  double episodes_per_second;  ///< of the last seconds; NaN, which is written as null, where it is not known
  std::int64_t skipped;        ///< updates skipped in all
};

class MetricsFile {
 public:
  /// Opens the file to go on after `done` steps; drops lines of later steps and what is no JSON object. RunError where
  /// it cannot be written.
  MetricsFile(std::filesystem::path path, std::int64_t done);

  /// Adds a meta-step to the next line.
  void add(const StepOutput& step);
  /// Returns how many observations a step added since the last line left out.
  double left_out_of_a_step() const;
  /// Writes the line of the steps added since the last one: mean loss and number of clamped draws; none where there are
  /// no such steps. RunError where it cannot be written.
  void write_steps(const TrainingPoint& now);

  /// Writes the line of a validation after `step` steps; RunError as above.
  void write_validation(std::int64_t step, const Validation& validation);

  /// Flushes the lines to the disk: a checkpoint after which lines are missing could not be resumed without a gap.
  void flush() const;

  /// Returns the validations whose lines are in the file.
  const ValidationHistory& validations() const { return validations_; }

 private:
  /// Returns the lines of steps up to `done`, and takes note of their validations.
  std::string read(std::int64_t done);
  void write(const std::string& line);

  std::filesystem::path path_;
  std::ofstream file_;
  ValidationHistory validations_;
  // Numbers of the next line.
  std::int64_t steps_ = 0, clamped_ = 0, left_out_ = 0;
  double loss_ = 0;
};

}  // namespace alfi
