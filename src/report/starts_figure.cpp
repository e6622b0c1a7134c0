#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "src/report/drawing.hpp"
#include "src/report/figures.hpp"

namespace alfi::report {

Figure starts_figure(const Subject& subject) {
  const StartInfluence& influence = subject.diagnostics.starts;
  const std::size_t count = influence.starts.size();
  Figure figure{
      "starts",
      "Influence of the start",
      fmt::format("The same problems from several starts μ₀ (training knew {}): left, the curves should meet; "
                  "right, the final answers' distances to their mean over the starts should be small beside "
                  "the error, the dashed line.",
                  subject.configuration.proposal.start == Start::prior ? "0 alone" : "all of the prior's"),
      {{"starts_error", {"iteration"}, {}}, {"starts_shift", box_columns("start"), {}}}};
  std::vector<double> values;
  std::vector<std::string> curves, boxes, labels;
  for (std::size_t s = 0; s < count; ++s) {
    figure.tables[0].columns.push_back(fmt::format("start_{:g}", influence.starts[s]));
    labels.push_back(influence.starts[s] == 0 ? "0" : fmt::format("{:+g}", influence.starts[s]));
    curves.push_back(fmt::format("'starts_error.csv' using 1:{} with linespoints pt {} ps 0.6 lc rgb '{}' title {}",
                                 s + 2, s + 4, series_colour(s), literal("μ₀ = " + labels.back())));
  }
  const int T = influence.courses.front().iterations;
  for (int t = 0; t <= T; ++t) {
    figure.tables[0].rows.push_back({static_cast<double>(t)});
    for (const Course& course : influence.courses) {
      const std::vector<double> errors = course.errors(t);
      values.push_back(std::accumulate(errors.begin(), errors.end(), 0.0) / static_cast<double>(errors.size()));
      figure.tables[0].rows.back().emplace_back(values.back());
    }
  }
  std::vector<double> shifts;
  for (std::size_t s = 0; s < count; ++s) {
    if (!add_box(figure.tables[1], labels[s], influence.shifts(s))) {
      figure.missing = "Some of the machine's answers are not finite: its training diverged.";
      return figure;
    }
    shifts.push_back(std::get<double>(figure.tables[1].rows.back()[1]));
    boxes.push_back(box("starts_shift", s, static_cast<double>(s), series_colour(s)));
  }
  const std::vector<double> errors = subject.diagnostics.trained.errors(T);
  const double error = std::accumulate(errors.begin(), errors.end(), 0.0) / static_cast<double>(errors.size());
  shifts.push_back(error);
  figure.frames = {drawing(figure.width, figure.height) + panels(2, 2) + "set key above horizontal\n" +
                   iteration_axis(T) + error_axis("mean error (prior deviations)", values) +
                   fmt::format("plot {}\n", fmt::join(curves, ", ")) +
                   "set xlabel 'start μ₀ of every parameter (prior deviations)'\n" + labelled_ticks(labels) +
                   error_axis("shift of the answer (prior deviations)", shifts) +
                   fmt::format("set boxwidth 0.5\nplot {}, {} with lines lc rgb '#333333' dt 2 title 'mean error from "
                               "the configured start'\n",
                               fmt::join(boxes, ", "), error)};
  return figure;
}

}  // namespace alfi::report
