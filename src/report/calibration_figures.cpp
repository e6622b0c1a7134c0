// Figures of calibration: whether a machine's intervals mean what they say.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "kernels/choice_facts.hpp"
#include "src/numerics/statistics.hpp"
#include "src/numerics/uniformity_band.hpp"
#include "src/report/drawing.hpp"
#include "src/report/figures.hpp"

namespace alfi::report {
namespace {

constexpr int places = 100;
/// A scatter has this many episodes at most.
constexpr int most_points = 1000;

std::string no_intervals(const Subject& subject) {
  return !has_density(subject.configuration.proposal.family)
             ? "The machine gives estimates alone, without intervals (proposal.family: point)."
             : "Some of the machine's answers are not finite: its training diverged.";
}

/// Places of θ* in the proposals of each parameter, in order: (D), or empty where there are none.
std::vector<std::vector<double>> all_places(const Subject& subject) {
  std::vector<std::vector<double>> all;
  for (std::size_t d = 0; d < subject.simulator.parameters.size(); ++d) {
    all.push_back(
        alfi::places(host_statistics(), subject.diagnostics.answers, subject.diagnostics.answers.alfi_place, d));
    if (all.back().empty()) return {};
  }
  return all;
}

/// A curve for each parameter: from the third column on of table `name`.
std::vector<std::string> curves(const Subject& subject, const std::string& scale) {
  std::vector<std::string> plots;
  for (std::size_t d = 0; d < subject.simulator.parameters.size(); ++d)
    plots.push_back(fmt::format("'' using ($1{}):(${}{}) with lines lc rgb '{}' dt {} title {}", scale, d + 4, scale,
                                series_colour(d), d / std::size(series_colours) + 1,
                                literal(subject.simulator.parameters[d].name)));
  return plots;
}

/// k/K, the band and a distribution function for each parameter, less k/K if `differences`.
Table distributions(const Subject& subject, const std::string& name, const std::string& first,
                    const std::vector<std::vector<double>>& samples, bool differences) {
  Table table{name, {first, "band_lower", "band_upper"}, {}};
  const UniformityBand band = uniformity_band(static_cast<int>(samples.front().size()), places);
  std::vector<std::vector<double>> parts;
  for (std::size_t d = 0; d < samples.size(); ++d) {
    table.columns.push_back(subject.simulator.parameters[d].name);
    parts.push_back(distribution_function(samples[d], places));
  }
  for (std::size_t k = 0; k <= places; ++k) {
    const double place = static_cast<double>(k) / places, from = differences ? place : 0;
    table.rows.push_back({place, band.lower[k] - from, band.upper[k] - from});
    for (const auto& part : parts) table.rows.back().emplace_back(part[k] - from);
  }
  return table;
}

}  // namespace

Figure calibration_figure(const Subject& subject) {
  Figure figure{
      "calibration",
      "Simulation-based calibration",
      "Curves of a calibrated machine stay inside the band, each with a probability of 95 % over its whole "
      "length; an S that first falls shows intervals that are too wide, one that first rises too narrow ones, "
      "and a bow to one side a bias.",
      {}};
  const std::vector<std::vector<double>> samples = all_places(subject);
  if (samples.empty()) {
    figure.missing = no_intervals(subject);
    return figure;
  }
  figure.tables = {distributions(subject, "calibration", "u", samples, true)};
  figure.frames = {
      drawing(figure.width, figure.height) +
      fmt::format("set key outside right\nset xlabel \"u, the place of θ* in its proposal\"\n"
                  "set ylabel 'ECDF of u − u'\nset xrange [0:1]\n"
                  "plot 'calibration.csv' using 1:2:3 with filledcurves fs solid 0.2 lc rgb '#888888' title "
                  "'95 % band', {}\n",
                  fmt::join(curves(subject, ""), ", "))};
  return figure;
}

Figure coverage_figure(const Subject& subject) {
  Figure figure{"coverage",
                "Coverage",
                "Central intervals of a calibrated machine hold θ* as often as their level says: curves below the "
                "diagonal's band mean that intervals are too narrow, above it too wide.",
                {}};
  std::vector<std::vector<double>> samples = all_places(subject);
  if (samples.empty()) {
    figure.missing = no_intervals(subject);
    return figure;
  }
  // θ* is in the central interval of level p where |2u − 1| ≤ p.
  for (auto& sample : samples) {
    for (double& u : sample) u = std::abs(2 * u - 1);
    std::sort(sample.begin(), sample.end());
  }
  figure.width = 620;
  figure.height = 400;
  figure.tables = {distributions(subject, "coverage", "level", samples, false)};
  figure.frames = {
      drawing(figure.width, figure.height) +
      fmt::format("set key bottom right\nset xlabel 'level of the interval (%)'\n"
                  "set ylabel 'intervals that hold θ* (%)'\nset xrange [0:100]\nset yrange [0:100]\n"
                  "set xtics (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100)\n"
                  "set ytics (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100)\n"
                  "plot 'coverage.csv' using ($1*100):($2*100):($3*100) with filledcurves fs solid 0.2 lc rgb "
                  "'#888888' title '95 % band', x with lines lc rgb '#666666' dt 2, {}\n",
                  fmt::join(curves(subject, "*100"), ", "))};
  auto& commands = figure.frames[0];
  commands.replace(commands.find("dt 2, ''"), 8, "dt 2, 'coverage.csv'");
  return figure;
}

Figure contraction_figure(const Subject& subject) {
  const Answers& answers = subject.diagnostics.answers;
  const std::size_t D = subject.simulator.parameters.size();
  const int episodes = std::min(subject.diagnostics.evaluation.episodes, most_points);
  Figure figure{"contraction",
                "z-score against contraction",
                "Points far to the right are problems whose data said much about the parameter (1 − σ² with σ in prior "
                "deviations), and 95 % of the points should lie between the dashed lines, evenly above and below 0.",
                {}};
  if (all_places(subject).empty()) {
    figure.missing = no_intervals(subject);
    return figure;
  }
  figure.height = 340 * panel_rows(D, 2);
  if (D == 1) figure.width = 620;
  std::string plots;
  for (std::size_t d = 0; d < D; ++d) {
    const ParameterInfo& prior = subject.simulator.parameters[d];
    Table table{"contraction_" + prior.name, {"contraction", "z"}, {}};
    double least = 0.99999;
    for (int b = 0; b < episodes; ++b) {
      const std::size_t i = answers.at(b, static_cast<int>(d));
      const double deviation = answers.alfi_deviation[i];
      least = std::min(least, 1 - deviation * deviation);
      table.rows.push_back({1 - deviation * deviation, (answers.alfi[i] - answers.truth[i]) / deviation});
    }
    plots += fmt::format("set xlabel {}\nset ylabel 'z-score (μ − θ*)/σ'\n{}", literal("contraction of " + prior.name),
                         wide_ticks(least, 1));
    for (const double edge : {-normal_quantile(0.975), normal_quantile(0.975)})
      plots +=
          fmt::format("set arrow from graph 0, first {0} to graph 1, first {0} nohead dt 2 lc rgb '#666666'\n", edge);
    plots +=
        fmt::format("plot '{}.csv' using 1:2 with points pt 7 ps 0.3 lc rgb '#600072B2'\nunset arrow\n", table.name);
    figure.tables.push_back(std::move(table));
  }
  figure.frames = {drawing(figure.width, figure.height) + panels(D, 2) + plots};
  return figure;
}

}  // namespace alfi::report
