#include "alfi/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <span>
#include <string>
#include <system_error>

#include "alfi/error.hpp"
#include "src/exact/exact.hpp"
#include "src/machine/estimates.hpp"
#include "src/model/checkpoint.hpp"
#include "src/report/data_subject.hpp"
#include "src/report/figures.hpp"
#include "src/report/gnuplot.hpp"
#include "src/report/page.hpp"
#include "src/report/svg.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi {
namespace {

using namespace report;

/// Problems whose ways a machine that minimises shows.
constexpr int shown_paths = 4;

Report places(const std::filesystem::path& run, std::filesystem::path page, const std::filesystem::path& own) {
  std::error_code hidden;  // what cannot be looked at is said by who opens it
  if (std::filesystem::exists(run, hidden) && !std::filesystem::is_directory(run, hidden))
    throw InputError(fmt::format("{}: a run folder is needed, which this is not", run.string()));
  if (page.empty()) page = own;
  const std::filesystem::path folder = page.has_parent_path() ? page.parent_path() : ".";
  if (page.extension() != ".html" || page.stem().empty())
    throw InputError(fmt::format("{}: the report's name must end in .html", page.string()));
  if (page != own && !std::filesystem::is_directory(folder, hidden))
    throw InputError(hidden && hidden != std::errc::no_such_file_or_directory
                         ? fmt::format("{}: {}", folder.string(), hidden.message())
                         : fmt::format("{}: there is no folder {}", page.string(), folder.string()));
  return {page, folder / page.stem()};
}

std::string beginning_of(const std::filesystem::path& file, std::size_t size) {
  std::string text(size, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

/// Refuses places that something else than a report is at. A report's page has its title; its folder the table of its
/// numbers, which begins as `columns`.
void require_own(const Report& report, const char* table, const char* columns) {
  std::error_code hidden;  // what cannot be looked at is not written over either
  if (std::filesystem::exists(report.page, hidden) &&
      beginning_of(report.page, 1000).find(title_begin) == std::string::npos)
    throw InputError(fmt::format("{}: is there and no report; --force replaces it", report.page.string()));
  if (!std::filesystem::exists(report.numbers, hidden)) return;
  if (!std::filesystem::is_directory(report.numbers, hidden))
    throw InputError(fmt::format("{}: must be free for the report's figures, and is a file", report.numbers.string()));
  if (!std::filesystem::is_empty(report.numbers, hidden) &&
      !beginning_of(report.numbers / table, 100).starts_with(columns))
    throw InputError(fmt::format("{}: the folder of the report's figures holds something else; --force writes there",
                                 report.numbers.string()));
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

void write_numbers(const std::filesystem::path& folder, const Table& summary, const std::vector<Figure>& figures) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw RunError(fmt::format("cannot create {}: {}", folder.string(), error.message()));
  const auto write = [&](const Table& table) { write_text(folder / (table.name + ".csv"), to_csv(table)); };
  write(summary);
  for (const Figure& figure : figures)
    for (const Table& table : figure.tables) write(table);
}

/// An empty picture leaves none: what there was is of an older machine.
void write_picture(const std::filesystem::path& path, const std::string& picture) {
  if (!picture.empty()) return write_text(path, picture);
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) throw RunError(fmt::format("cannot remove {}: {}", path.string(), error.message()));
}

std::string draw(const Figure& figure, const std::filesystem::path& folder) try {
  std::vector<std::string> frames;
  for (const std::string& commands : figure.frames) frames.push_back(run_gnuplot(commands, folder));
  return frames.empty() ? "" : embedded(frames, figure.name, figure.title + ". " + figure.caption);
} catch (const RunError& error) {
  throw RunError(
      fmt::format("figure {}: {}. Its numbers and all others are in {}", figure.name, error.what(), folder.string()));
}

/// Writes the page of a subject, and its numbers. All figures are drawn before the first is written: where gnuplot
/// fails, older pictures stay.
template <class Subject>
void write(const Report& report, const Subject& subject, const Table& summary) {
  const std::vector<Figure> all = figures(subject);
  write_numbers(report.numbers, summary, all);
  std::vector<std::string> pictures;
  for (const Figure& figure : all) pictures.push_back(draw(figure, report.numbers));
  for (std::size_t i = 0; i < all.size(); ++i) write_picture(report.numbers / (all[i].name + ".svg"), pictures[i]);
  write_text(report.page, page(subject, all, pictures));
}

/// Sets simulated at the posterior, to be drawn beside the data.
constexpr int shown_sets = 100;

}  // namespace

Report write_report(const std::filesystem::path& run, const ReportOptions& options) {
  Report report = places(run, options.out, run / "report.html");
  if (!options.force) require_own(report, "evaluation.csv", "quantity,method,");
  const Machine machine = Machine::load(run, options.simulator);
  const Metrics metrics = read_metrics(run / "metrics.jsonl");
  const Plan& plan = checkpoint_of(machine).plan;
  if (plan.minimises) {
    MinimisationSubject subject{plan.configuration, metrics, {}, {shown_paths, {}, {}, {}}};
    subject.optimisation = evaluate_minimiser(machine, options.evaluation, &subject.paths);
    write(report, subject, summary(subject.optimisation));
  } else {
    const Subject subject{plan.configuration, plan.simulator, metrics, diagnose(machine, options.evaluation)};
    write(report, subject, summary(subject.diagnostics.evaluation));
  }
  return report;
}

Report write_data_report(const std::filesystem::path& run, const DataSet& data, const std::string& name,
                         const DataReportOptions& options) {
  const std::string stem = std::filesystem::path(name).stem().string();
  Report report = places(run, options.out, run / fmt::format("report-{}.html", stem.empty() ? "data" : stem));
  if (!options.force) require_own(report, "answer.csv", "quantity,value,");
  const Machine machine = Machine::load(run, options.simulator);
  const Plan& plan = checkpoint_of(machine).plan;
  const Posterior posterior = machine.infer(data.x, data.count, options.inference);
  const auto exact = make_exact_inference(plan.simulator);
  DataSubject subject{name,
                      plan.configuration,
                      plan.simulator,
                      {data.x.begin(), data.x.end()},
                      posterior,
                      law_of(posterior, plan.simulator),
                      exact ? exact->maximum_likelihood(data.x) : std::vector<double>{},
                      {}};
  if (std::isfinite(posterior.fit.predictive_p)) {
    const std::vector<float> x = machine.predict(posterior, shown_sets, posterior.used);
    const auto size = static_cast<std::ptrdiff_t>(x.size()) / shown_sets;
    for (auto set = x.begin(); set != x.end(); set += size) subject.simulated.emplace_back(set, set + size);
  }
  write(report, subject, summary(subject));
  return report;
}

}  // namespace alfi
