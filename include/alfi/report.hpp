// A page that shows how good a machine is: one file with figures and numbers, to be opened in any browser.
#pragma once

#include <filesystem>
#include <string>

#include "alfi/evaluation.hpp"
#include "alfi/machine.hpp"

namespace alfi {

struct ReportOptions {
  EvaluationOptions evaluation;
  std::filesystem::path out{};        ///< of the page, NAME.html; empty: report.html in the run folder
  std::filesystem::path simulator{};  ///< as Machine::load has it
  bool force = false;                 ///< replaces a page and a folder that are no report's
};

struct DataReportOptions {
  InferenceOptions inference{};
  std::filesystem::path out{};        ///< of the page, NAME.html; empty: report-DATA.html in the run folder
  std::filesystem::path simulator{};  ///< as Machine::load has it
  bool force = false;                 ///< replaces a page and a folder that are no report's
};

struct Report {
  std::filesystem::path page;
  std::filesystem::path numbers;  ///< the folder NAME beside the page: what each figure shows, .csv, and itself, .svg
};

/// Evaluates a run's newest checkpoint and writes the page and its numbers, each file in one step. gnuplot draws the
/// figures. InputError: there is no run, an option is wrong, or the page or its folder would replace what is no report.
/// RunError: gnuplot is not there or fails, or the disk does; where it was gnuplot the numbers stand, and a page that
/// was there before is untouched.
Report write_report(const std::filesystem::path& run, const ReportOptions& options = {});

/// Infers from real observations by a run's newest checkpoint and writes a page: posterior, predictive check and fit.
/// `name` says what the data are; the page's name has its last part, without an ending. Errors are those of
/// write_report and of Machine::infer.
Report write_data_report(const std::filesystem::path& run, const DataSet& data, const std::string& name,
                         const DataReportOptions& options = {});

}  // namespace alfi
