// The figures of a machine that minimises.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "src/report/drawing.hpp"
#include "src/report/figures.hpp"

namespace alfi::report {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// Returns a column's name.
std::string column_of(const Minimiser& minimiser) {
  std::string name = minimiser.name;
  for (char& c : name) c = c == ' ' ? '_' : static_cast<char>(std::tolower(c));
  return name;
}

Figure training_figure(const MinimisationSubject& subject) {
  Figure figure{
      .name = "training",
      .title = "Training",
      .caption =
          "Left, the training loss and validation on fresh problems, both weighted over the iterations; right, the "
          "mean loss after the last iteration should come below the tuned optimizers’.",
      .tables = {{"training", {"step", "loss"}, {}}, {"validation", {"step", "loss", "final_loss"}, {}}}};
  const Metrics& metrics = subject.metrics;
  for (const auto& line : metrics.losses) figure.tables[0].rows.push_back({line.step, line.loss});
  for (const auto& line : metrics.validations) figure.tables[1].rows.push_back({line.step, line.loss, line.error});
  if (metrics.losses.empty() || metrics.validations.empty()) {
    figure.missing = "The run folder has no metrics.jsonl with finite losses and validations.";
    return figure;
  }
  std::vector<std::string> last{fmt::format(
      "'validation.csv' using 1:3 with linespoints pt 7 ps 0.5 lc rgb '{}' title 'ALFI, validation'", alfi_colour)};
  const auto& minimisers = subject.optimisation.minimisers;
  for (std::size_t i = 1; i < minimisers.size(); ++i)
    if (std::isfinite(minimisers[i].final_loss.value))
      last.push_back(fmt::format("{} with lines dt {} lw 1.5 lc rgb '{}' title {}", minimisers[i].final_loss.value,
                                 i + 1, series_colour(i), literal(minimisers[i].name)));
  figure.height = 400;
  figure.frames = {
      drawing(figure.width, figure.height) + panels(2, 2) +
      "set key tmargin left vertical maxrows 4\nset logscale y\nset format y '%g'\n" + step_axis(metrics) +
      "set ylabel 'loss'\n" +
      fmt::format("plot 'training.csv' using 1:2 with lines lc rgb '{}' title 'training', 'validation.csv' "
                  "using 1:2 with linespoints pt 7 ps 0.5 lc rgb '{}' title 'validation'\n",
                  band_colour, alfi_colour) +
      fmt::format("set ylabel 'mean loss after iteration {}'\nplot {}\n", subject.optimisation.iterations,
                  fmt::join(last, ", "))};
  return figure;
}

Figure loss_figure(const MinimisationSubject& subject) {
  const Optimisation& o = subject.optimisation;
  Figure figure{.name = "loss_by_iteration",
                .title = "Loss by iteration",
                .caption = fmt::format(
                    "The mean of f(θ) over the same {} problems. Gradient descent, momentum and Adam have the "
                    "settings with the least mean loss at the last iteration on problems of their own. A curve "
                    "that rises to the right left the bounds of stability in a problem.",
                    o.episodes),
                .tables = {{"loss_by_iteration", {"iteration"}, {}}}};
  std::vector<std::string> curves;
  double least = INFINITY;
  for (const Minimiser& m : o.minimisers) {
    figure.tables[0].columns.push_back(column_of(m));
    for (const double loss : m.loss_by_step)
      if (loss > 0) least = std::min(least, loss);
  }
  for (std::size_t t = 0; t <= at(o.iterations); ++t) {
    figure.tables[0].rows.push_back({static_cast<double>(t)});
    for (const Minimiser& m : o.minimisers) figure.tables[0].rows.back().emplace_back(m.loss_by_step[t]);
  }
  const double start = o.minimisers.front().loss_by_step.front();
  if (!std::isfinite(least) || !std::isfinite(start)) {
    figure.missing = "No loss is finite.";
    return figure;
  }
  const double low = 0.8 * least, high = 3 * start;
  for (std::size_t i = 0; i < o.minimisers.size(); ++i) {
    const Minimiser& m = o.minimisers[i];
    Window window{low, high};
    for (const double loss : m.loss_by_step) window.count(loss);
    const std::string name = m.settings.empty() ? m.name : m.name + ": " + m.settings;
    curves.push_back(fmt::format("'loss_by_iteration.csv' using 1:{} with lines lw {} dt {} lc rgb '{}' title {}",
                                 i + 2, i == 0 ? 2.5 : 1.5, i + 1, series_colour(i),
                                 literal(name + window.text(", "))));
  }
  figure.height = 440;
  figure.frames = {
      drawing(figure.width, figure.height) + "set logscale y\nset format y '%g'\n" + iteration_axis(o.iterations) +
      fmt::format("set ylabel 'mean of f(θ)'\nset yrange [{}:{}]\nplot {}\n", low, high, fmt::join(curves, ", "))};
  return figure;
}

/// A contour has a quarter of the next one's loss.
constexpr int contours = 6;

using Point = std::array<double, 2>;

/// Problem `b` of two dimensions, min ‖Wθ − y‖².
struct PlaneProblem {
  PlaneProblem(const MinimiserPaths& paths, int b)
      : w(paths.matrix.data() + 4 * b), y{paths.target[at(2 * b)], paths.target[at(2 * b + 1)]} {}

  /// Returns W⁻¹ of a point.
  Point solve(Point point) const {
    const double determinant = w[0] * w[3] - w[1] * w[2];
    return {(w[3] * point[0] - w[1] * point[1]) / determinant, (w[0] * point[1] - w[2] * point[0]) / determinant};
  }

  const double* w;
  Point y;
};

/// Returns θ_t of minimiser `i` in problem `b`.
Point theta(const MinimisationSubject& subject, std::size_t i, int b, int t) {
  const std::size_t first = at((b * (subject.optimisation.iterations + 1) + t) * 2);
  return {subject.paths.theta[i][first], subject.paths.theta[i][first + 1]};
}

/// Adds problem `b` and the ways through it to the figure's data.
void add_rows(Figure& figure, const MinimisationSubject& subject, int b) {
  const PlaneProblem problem(subject.paths, b);
  figure.tables[1].rows.push_back(
      {b + 1.0, problem.w[0], problem.w[1], problem.w[2], problem.w[3], problem.y[0], problem.y[1]});
  for (int t = 0; t <= subject.optimisation.iterations; ++t) {
    figure.tables[0].rows.push_back({b + 1.0, static_cast<double>(t)});
    for (std::size_t i = 0; i < subject.optimisation.minimisers.size(); ++i)
      for (const double value : theta(subject, i, b, t)) figure.tables[0].rows.back().emplace_back(value);
  }
}

/// The part of the plane that a panel shows.
struct Square {
  Point centre;
  double half_width;
};

/// Returns a square around the machine's way through problem `b`; none where that is not finite. The minimum is shown
/// too, unless W is so nearly singular that it lies far away.
std::optional<Square> square_around(const MinimisationSubject& subject, int b) {
  Point low{0, 0}, high{0, 0};
  const auto include = [&](const Point& point) {
    for (std::size_t d = 0; d < 2; ++d) {
      low[d] = std::min(low[d], point[d]);
      high[d] = std::max(high[d], point[d]);
    }
  };
  for (int t = 0; t <= subject.optimisation.iterations; ++t) include(theta(subject, 0, b, t));
  double span = std::max({high[0] - low[0], high[1] - low[1], 1e-3});
  if (!std::isfinite(span)) return std::nullopt;
  const PlaneProblem problem(subject.paths, b);
  const Point minimum = problem.solve(problem.y);
  if (std::hypot(minimum[0], minimum[1]) < 4 * span) include(minimum);
  span = std::max({high[0] - low[0], high[1] - low[1], span});
  return Square{{(low[0] + high[0]) / 2, (low[1] + high[1]) / 2}, 0.8 * span};
}

/// Counts the points of all ways through problem `b`, and those beyond the square.
Window window_on(const MinimisationSubject& subject, const Square& square, int b) {
  Window window{-square.half_width, square.half_width};
  for (std::size_t i = 0; i < subject.optimisation.minimisers.size(); ++i)
    for (int t = 0; t <= subject.optimisation.iterations; ++t) {
      const Point point = theta(subject, i, b, t);
      window.count(point[0] - square.centre[0], std::abs(point[1] - square.centre[1]) <= square.half_width);
    }
  return window;
}

/// Returns what is plotted of problem `b`: contours, the ways, the minimum. A contour is an ellipse: W⁻¹ of a circle
/// around y.
std::vector<std::string> layers_of(const MinimisationSubject& subject, int b) {
  const PlaneProblem problem(subject.paths, b);
  const Point minimum = problem.solve(problem.y);
  std::vector<std::string> layers;
  double radius = std::hypot(problem.y[0], problem.y[1]);
  for (int i = 0; i < contours; ++i, radius /= 2) {
    const Point along = problem.solve({radius, 0}), across = problem.solve({0, radius});
    layers.push_back(
        fmt::format("{}+({})*cos(t)+({})*sin(t),{}+({})*cos(t)+({})*sin(t) with lines lw 0.7 lc rgb "
                    "'#888888'",
                    minimum[0], along[0], across[0], minimum[1], along[1], across[1]));
  }
  const auto& minimisers = subject.optimisation.minimisers;
  const int T = subject.optimisation.iterations;
  for (std::size_t i = minimisers.size(); i-- > 0;)  // the machine on top
    layers.push_back(
        fmt::format("'paths.csv' every ::{}::{} using {}:{} with linespoints pt 7 ps 0.25 lw {} lc rgb "
                    "'{}' title {}",
                    b * (T + 1), b * (T + 1) + T, 2 * i + 3, 2 * i + 4, i == 0 ? 1.6 : 0.9, series_colour(i),
                    literal(minimisers[i].name)));
  layers.push_back(fmt::format("{},{} with points pt 2 ps 1.2 lw 1.6 lc rgb '#000000'", minimum[0], minimum[1]));
  return layers;
}

/// Draws the ways of D = 2, a panel a problem.
Figure paths_figure(const MinimisationSubject& subject) {
  Figure figure{
      .name = "paths",
      .title = "Ways to the minimum",
      .caption =
          "The evaluation’s first problems from θ = 0, a point an iteration, over contours of f, each of a quarter "
          "of the next one’s; the cross is the minimum.",
      .tables = {{"paths", {"problem", "iteration"}, {}},
                 {"problems", {"problem", "w_11", "w_12", "w_21", "w_22", "y_1", "y_2"}, {}}}};
  for (const Minimiser& m : subject.optimisation.minimisers)
    for (const char* const end : {"_1", "_2"}) figure.tables[0].columns.push_back(column_of(m) + end);
  const int count = subject.paths.problems;
  figure.height = 420 * panel_rows(at(count), 2);
  std::string commands = drawing(figure.width, figure.height) + panels(at(count), 2) +
                         "set parametric\nset trange [0:2*pi]\nset samples 181\nset border 15\nset key outside bottom "
                         "center horizontal\nset xlabel 'θ₁'\nset ylabel 'θ₂'\n";
  for (int b = 0; b < count; ++b) {
    add_rows(figure, subject, b);
    const std::optional<Square> square = square_around(subject, b);
    if (!square) {
      figure.missing = "Some of the machine’s ways are not finite: its training diverged.";
      return figure;
    }
    for (std::size_t d = 0; d < 2; ++d)
      commands += fmt::format("set {}range [{}:{}]\n", d == 0 ? "x" : "y", square->centre[d] - square->half_width,
                              square->centre[d] + square->half_width);
    commands += fmt::format("set title 'problem {}{}'\nplot {}\n", b + 1, window_on(subject, *square, b).text("; "),
                            fmt::join(layers_of(subject, b), ", "));
  }
  figure.frames = {commands};
  return figure;
}

}  // namespace

std::vector<Figure> figures(const MinimisationSubject& subject) {
  std::vector<Figure> all{loss_figure(subject), training_figure(subject)};
  if (subject.optimisation.dimensions == 2) all.insert(all.begin() + 1, paths_figure(subject));
  return all;
}

}  // namespace alfi::report
