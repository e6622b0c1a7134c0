// Figures of errors, how far answers are from the truth: by iteration, beside other methods, parameter by parameter.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "src/numerics/statistics.hpp"
#include "src/report/drawing.hpp"
#include "src/report/figures.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi::report {
namespace {

bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

constexpr const char* not_finite = "Some of the machine's answers are not finite: its training diverged.";

/// A scatter of estimates over truths in natural units has this many episodes at most.
constexpr int most_points = 300;

/// Returns what the ordinate of estimates reaches over.
Window estimates_window(const ParameterInfo& prior) { return {natural_of(prior, -2), natural_of(prior, 2)}; }

/// Says whether a truth is on its axis.
bool is_shown(const ParameterInfo& prior, double truth) {
  const auto [low, high] = shown_range(prior);
  return truth >= low && truth <= high;
}

/// Axes of the truth and of estimates, and the beginning of what is plotted: where both are the same.
std::string diagonal(const ParameterInfo& prior) {
  return fmt::format(
      "set xlabel {}\nset ylabel {}\nset xrange [{}:{}]\nset yrange [{}:{}]\nplot x with lines lc rgb '#666666' dt 2",
      literal("true " + axis(prior)), literal("estimate of " + prior.name), shown_range(prior).low,
      shown_range(prior).high, estimates_window(prior).low, estimates_window(prior).high);
}

/// A panel for each parameter, where all that is to be seen is finite.
void draw(Figure& figure, std::size_t parameters, const std::string& plots, bool finite) {
  if (finite)
    figure.frames = {drawing(figure.width, figure.height) + panels(parameters, 2) + plots};
  else
    figure.missing = not_finite;
}

}  // namespace

Figure error_by_iteration_figure(const Subject& subject) {
  const Course &trained = subject.diagnostics.trained, &untrained = subject.diagnostics.untrained;
  const Evaluation& evaluation = subject.diagnostics.evaluation;
  Figure figure{"error_by_iteration",
                "Error by iteration",
                "The mean distance between θ* and the proposal's mean should fall from the start to the last iteration "
                "and come near to the dashed lines; the band holds the middle half of the problems.",
                {{"error_by_iteration", {"iteration", "trained", "trained_q25", "trained_q75", "untrained"}, {}}}};
  std::vector<double> values;
  bool finite = true;
  for (int t = 0; t <= trained.iterations; ++t) {
    std::vector<double> errors = trained.errors(t);
    finite = finite && all_finite(errors);
    const double before = mean(untrained.errors(t)), after = mean(errors);
    if (finite) std::sort(errors.begin(), errors.end());
    const double low = finite ? quantile(errors, 0.25) : NAN, high = finite ? quantile(errors, 0.75) : NAN;
    figure.tables[0].rows.push_back({static_cast<double>(t), after, low, high, before});
    for (const double value : {after, low, before}) values.push_back(value);
  }
  if (!finite) {
    figure.missing = not_finite;
    return figure;
  }
  std::vector<std::string> curves{
      fmt::format("'error_by_iteration.csv' using 1:3:4 with filledcurves fs transparent solid 0.3 lc rgb '{}' title "
                  "'trained, middle half'",
                  band_colour),
      fmt::format("'' using 1:5 with linespoints pt 6 ps 0.7 dt 3 lc rgb '{}' title 'untrained, mean'",
                  untrained_colour),
      fmt::format("'' using 1:2 with linespoints pt 7 ps 0.7 lc rgb '{}' title 'trained, mean'", alfi_colour)};
  const auto level = [&](double value, const char* colour, int dash, const char* title) {
    if (!std::isfinite(value)) return;
    values.push_back(value);
    curves.push_back(fmt::format("{} with lines lc rgb '{}' dt {} lw 1.5 title '{}'", value, colour, dash, title));
  };
  level(evaluation.error.mle.value, mle_colour, 4, "maximum likelihood, mean");
  level(evaluation.error.posterior.value, posterior_colour, 2, "exact posterior mean, mean");
  figure.frames = {drawing(figure.width, figure.height) + "set key outside right\n" +
                   iteration_axis(trained.iterations) + error_axis("error ‖θ* − μ‖ (prior deviations)", values) +
                   fmt::format("plot {}\n", fmt::join(curves, ", "))};
  return figure;
}

Figure error_boxes_figure(const Subject& subject) {
  const Answers& answers = subject.diagnostics.answers;
  const auto D = static_cast<std::size_t>(answers.parameters);
  struct Method {
    const char *name, *colour;
    const std::vector<double>* estimate;
  };
  const Method methods[] = {{"ALFI", alfi_colour, &answers.alfi},
                            {"maximum likelihood", mle_colour, &answers.mle},
                            {"exact posterior mean", posterior_colour, &answers.posterior}};
  Figure figure{
      "error_boxes",
      "Error beside what is known exactly",
      "Each box holds the middle half of the problems, with the median inside and whiskers from 5 to 95 %: the "
      "nearer ALFI's is to the others, which know the likelihood, the better.",
      {}};
  const std::size_t count = D > 1 ? D + 1 : 1;
  std::string plots;
  for (std::size_t panel = 0; panel < count; ++panel) {
    // First all parameters together, then, where there are several, each.
    const std::string name = panel == 0 ? "all" : subject.simulator.parameters[panel - 1].name;
    Table table{"error_boxes_" + name, box_columns("method"), {}};
    std::vector<std::string> labels, boxes;
    std::vector<double> lowest;
    for (const Method& method : methods) {
      std::vector<double> errors = distances(answers, *method.estimate);
      if (panel > 0) {
        errors.clear();
        for (std::size_t i = panel - 1; i < answers.truth.size(); i += D)
          errors.push_back(std::abs(answers.truth[i] - (*method.estimate)[i]));
      }
      if (!add_box(table, method.name, errors)) continue;
      boxes.push_back(box(table.name, labels.size(), static_cast<double>(labels.size()), method.colour));
      labels.push_back(method.name);
      lowest.push_back(std::get<double>(table.rows.back()[1]));
    }
    plots += fmt::format("set title {}\n", literal(panel > 0 ? name
                                                   : D > 1   ? "all parameters"
                                                             : axis(subject.simulator.parameters[0]))) +
             error_axis("error (prior deviations)", lowest) + labelled_ticks(labels) + "set boxwidth 0.5\n" +
             (boxes.empty() ? std::string("plot [][0:1] NaN\n") : fmt::format("plot {}\n", fmt::join(boxes, ", ")));
    figure.tables.push_back(std::move(table));
  }
  if (figure.tables[0].rows.empty()) {
    figure.missing = not_finite;
    return figure;
  }
  figure.height = 360 * panel_rows(count, 3);
  if (count == 1) figure.width = 620;
  figure.frames = {drawing(figure.width, figure.height) + panels(count, 3) + plots};
  return figure;
}

Figure recovery_figure(const Subject& subject) {
  const Answers& answers = subject.diagnostics.answers;
  const auto D = static_cast<std::size_t>(answers.parameters);
  const int episodes = std::min(subject.diagnostics.evaluation.episodes, most_points);
  Figure figure{
      "recovery",
      "Truth against estimate",
      "Points on the diagonal are recovered exactly; bars are ALFI's 95 % intervals, and where they are as long "
      "as the axis the data say nothing about that parameter.",
      {}};
  figure.height = 380 * panel_rows(D, 2);
  if (D == 1) figure.width = 520;
  std::string plots;
  bool finite = true;
  for (std::size_t d = 0; d < D; ++d) {
    const ParameterInfo& prior = subject.simulator.parameters[d];
    Table table{"recovery_" + prior.name, {"truth", "estimate", "lower", "upper"}, {}};
    bool intervals = true;
    Window window = estimates_window(prior);
    for (int b = 0; b < episodes; ++b) {
      const std::size_t i = answers.at(b, static_cast<int>(d));
      table.rows.push_back({natural_of(prior, answers.truth[i]), natural_of(prior, answers.alfi[i]),
                            natural_of(prior, answers.alfi_lower[i]), natural_of(prior, answers.alfi_upper[i])});
      window.count(natural_of(prior, answers.alfi[i]), is_shown(prior, natural_of(prior, answers.truth[i])));
      finite = finite && std::isfinite(answers.alfi[i]);
      intervals = intervals && std::isfinite(answers.alfi_deviation[i]);
    }
    plots += fmt::format("set title {}\n", literal(window.text())) + diagonal(prior);
    if (intervals)
      plots += fmt::format(", '{}.csv' using 1:3:(0):($4-$3) with vectors nohead lw 0.8 lc rgb '{}'", table.name,
                           band_colour);
    plots += fmt::format(", '{}.csv' using 1:2 with points pt 7 ps 0.35 lc rgb '{}'\n", table.name, alfi_colour);
    figure.tables.push_back(std::move(table));
  }
  draw(figure, D, plots, finite);
  return figure;
}

Figure before_after_figure(const Subject& subject) {
  const Course &trained = subject.diagnostics.trained, &untrained = subject.diagnostics.untrained;
  const auto D = static_cast<std::size_t>(trained.parameters);
  const int episodes = std::min(trained.episodes, most_points), T = trained.iterations;
  Figure figure{
      "before_after",
      "Before and after training",
      "Estimates of the same problems by the networks' initial weights, which know nothing, and by the trained "
      "ones, which should lie on the diagonal where the data determine the parameter.",
      {}};
  figure.height = 380 * panel_rows(D, 2);
  if (D == 1) figure.width = 620;
  std::string plots;
  bool finite = true;
  for (std::size_t k = 0; k < D; ++k) {
    const int d = static_cast<int>(k);
    const ParameterInfo& prior = subject.simulator.parameters[k];
    Table table{"before_after_" + prior.name, {"truth", "untrained", "trained"}, {}};
    Window at_first = estimates_window(prior), at_last = at_first;
    for (int b = 0; b < episodes; ++b) {
      const double truth = natural_of(prior, trained.truth[static_cast<std::size_t>(b) * D + k]);
      const double before = untrained.estimate[untrained.at(b, T, d)], after = trained.estimate[trained.at(b, T, d)];
      table.rows.push_back({truth, natural_of(prior, before), natural_of(prior, after)});
      at_first.count(natural_of(prior, before), is_shown(prior, truth));
      at_last.count(natural_of(prior, after), is_shown(prior, truth));
      finite = finite && std::isfinite(after);
    }
    plots += "set key above horizontal\n" + diagonal(prior) +
             fmt::format(
                 ", '{}.csv' using 1:2 with points pt 6 ps 0.5 lc rgb '{}' title {}, '' using 1:3 with "
                 "points pt 7 ps 0.4 lc rgb '{}' title {}\n",
                 table.name, untrained_colour, literal("untrained" + at_first.text(", ")), alfi_colour,
                 literal("trained" + at_last.text(", ")));
    figure.tables.push_back(std::move(table));
  }
  draw(figure, D, plots, finite);
  return figure;
}

}  // namespace alfi::report
