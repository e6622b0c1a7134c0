// A page that shows how good a machine is: one file with figures and numbers, to be opened in any browser.
#pragma once

#include <filesystem>

#include "alfi/evaluation.hpp"

namespace alfi {

struct ReportOptions {
  EvaluationOptions evaluation;
  std::filesystem::path out{};        ///< of the page, NAME.html; empty: report.html in the run folder
  std::filesystem::path simulator{};  ///< as Machine::load has it
};

struct Report {
  std::filesystem::path page;
  std::filesystem::path numbers;  ///< the folder NAME beside the page: what each figure shows, .csv, and itself, .svg
};

/// Evaluates a run's newest checkpoint and writes the page and its numbers, each file in one step. gnuplot draws the
/// figures. InputError: there is no run, or an option is wrong. RunError: gnuplot is not there or fails, or the disk
/// does; where it was gnuplot the numbers stand, and a page that was there before is untouched.
Report write_report(const std::filesystem::path& run, const ReportOptions& options = {});

}  // namespace alfi
