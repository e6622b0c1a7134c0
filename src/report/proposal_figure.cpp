#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "src/report/drawing.hpp"
#include "src/report/figures.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi::report {
namespace {

constexpr int problems = 4;
/// Radii of 50, 80 and 95 % of a normal law of two dimensions, in deviations: √(−2 log(1 − p)).
constexpr double radii[] = {2.448, 1.794, 1.177};

/// Quantity that an axis shows: θ in natural units or, where the machine works on them, its normal scores, on which the
/// proposal is a Gaussian.
struct Shown {
  const ParameterInfo& prior;
  double mean(double standard) const { return scores() ? standard : natural_of(prior, standard); }
  double deviation(double standard) const { return scores() ? standard : prior.deviation() * standard; }
  double low() const { return scores() ? -3.5 : shown_range(prior).low; }
  double high() const { return scores() ? 3.5 : shown_range(prior).high; }
  std::string label() const { return scores() ? "normal score of " + prior.name : axis(prior); }

 private:
  bool scores() const { return works_on_scores(prior); }
};

/// Counts the means of iterations 0 to t, from row `begin` of the table, and those beyond the axes.
Window way(const Shown& first, const Shown& second, const Table& table, int begin, int t) {
  Window window{first.low(), first.high()};
  for (int row = begin; row <= begin + t; ++row) {
    const auto& cells = table.rows[static_cast<std::size_t>(row)];
    const double y = std::get<double>(cells[5]);
    window.count(std::get<double>(cells[4]), y >= second.low() && y <= second.high());
  }
  return window;
}

}  // namespace

Figure proposal_figure(const Subject& subject) {
  const Course& course = subject.diagnostics.trained;
  const Shown first{subject.simulator.parameters[0]}, second{subject.simulator.parameters[1]};
  const int count = std::min(course.episodes, problems), T = course.iterations;
  Figure figure{
      "proposal",
      "The proposal on its way",
      "The proposal's density (areas of 50, 80 and 95 %) in the prior's box moves from the start to the true "
      "parameters, the cross, in the evaluation's first problems; the line is the way of its mean.",
      {{"proposal",
        {"problem", "iteration", "truth_1", "truth_2", "mean_1", "mean_2", "deviation_1", "deviation_2", "correlation"},
        {}}}};
  bool finite = true;
  for (int b = 0; b < count; ++b)
    for (int t = 0; t <= T; ++t) {
      const std::size_t i = course.at(b, t, 0), j = course.at(b, t, 1);
      finite = finite && std::isfinite(course.mean[i]) && std::isfinite(course.mean[j]);
      const auto truth = static_cast<std::size_t>(2 * b);
      figure.tables[0].rows.push_back({b + 1.0, static_cast<double>(t), first.mean(course.truth[truth]),
                                       second.mean(course.truth[truth + 1]), first.mean(course.mean[i]),
                                       second.mean(course.mean[j]), first.deviation(course.deviation[i]),
                                       second.deviation(course.deviation[j]), course.correlation[course.at(b, t)]});
    }
  if (!finite) {
    figure.missing = "Some of the machine's answers are not finite: its training diverged.";
    return figure;
  }
  figure.height = 360 * panel_rows(static_cast<std::size_t>(count), 2);
  if (count == 1) figure.width = 520;
  for (int t = 0; t <= T; ++t) {
    std::string commands =
        drawing(figure.width, figure.height) + panels(static_cast<std::size_t>(count), 2) +
        fmt::format(
            "set parametric\nset trange [0:2*pi]\nset samples 121\nset border 15\n"
            "set xrange [{}:{}]\nset yrange [{}:{}]\nset xlabel {}\nset ylabel {}\n",
            first.low(), first.high(), second.low(), second.high(), literal(first.label()), literal(second.label()));
    for (int b = 0; b < count; ++b) {
      const auto& row = figure.tables[0].rows[static_cast<std::size_t>(b * (T + 1) + t)];
      const auto value = [&](std::size_t i) { return std::get<double>(row[i]); };
      std::vector<std::string> layers;
      if (std::isfinite(value(6)) && std::isfinite(value(7)))
        for (const double radius : radii)
          layers.push_back(fmt::format(
              "{}+{}*cos(t),{}+{}*({}*cos(t)+{}*sin(t)) with filledcurves fs transparent solid 0.3 noborder "
              "lc rgb '{}'",
              value(4), radius * value(6), value(5), radius * value(7), value(8), std::sqrt(1 - value(8) * value(8)),
              alfi_colour));
      layers.push_back(
          fmt::format("'proposal.csv' every ::{}::{} using 5:6 with linespoints pt 7 ps 0.35 lw 0.8 lc rgb "
                      "'{}'",
                      b * (T + 1), b * (T + 1) + t, alfi_colour));
      layers.push_back(fmt::format("'' every ::{0}::{0} using 3:4 with points pt 1 ps 1.6 lw 1.8 lc rgb '{1}'",
                                   b * (T + 1), mle_colour));
      commands += fmt::format("set title 'problem {}, iteration {} of {}{}'\nplot {}\n", b + 1, t, T,
                              way(first, second, figure.tables[0], b * (T + 1), t).text("; of the way "),
                              fmt::join(layers, ", "));
    }
    figure.frames.push_back(commands);
  }
  return figure;
}

}  // namespace alfi::report
