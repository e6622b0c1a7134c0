// Real observations beside those simulated at the answers to them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "src/report/bins.hpp"
#include "src/report/drawing.hpp"
#include "src/report/figures.hpp"

namespace alfi::report {
namespace {

std::string several(const std::vector<double>& values) {
  return values.size() == 1 ? fmt::format("{:.3g}", values[0]) : fmt::format("({:.3g})", fmt::join(values, ", "));
}

}  // namespace

Figure observations_figure(const Subject& subject) {
  const auto& examples = subject.diagnostics.regenerated;
  const ObservationInfo& info = subject.simulator.observations;
  const int X = info.dimension;
  Figure figure{"observations",
                "Real and regenerated observations",
                "Of the evaluation's first problems, what was observed (filled) and as many observations simulated at "
                "ALFI's estimate (line): the two should differ no more than two samples of one law do.",
                {}};
  std::string plots;
  for (int k = 0; k < X; ++k)
    for (std::size_t e = 0; e < examples.size(); ++e) {
      const Regenerated& example = examples[e];
      const std::vector<double> real = column(example.real, X, k), simulated = column(example.simulated, X, k);
      const Bins bins(real, simulated, info.whole);
      Table table{fmt::format("observations_{}{}", e + 1, X > 1 ? fmt::format("_x{}", k + 1) : ""),
                  {"middle", "real_percent", "regenerated_percent"},
                  {}};
      const std::vector<double> real_parts = bins.parts(real), parts = bins.parts(simulated);
      for (std::size_t i = 0; i < real_parts.size(); ++i)
        table.rows.push_back(
            {bins.middle(static_cast<int>(i)), real_parts[i], simulated.empty() ? std::nan("") : parts[i]});
      std::string title = fmt::format("problem {}", e + 1);
      if (k == 0 && example.truth.size() <= 2)
        title += fmt::format("\\nθ* {}, estimate {}", several(example.truth), several(example.estimate));
      Window window{0, static_cast<double>(bins.count)};
      for (const double x : simulated) window.count((x - bins.low) / bins.width);
      title += window.text("\\nregenerated: ");
      plots += wide_ticks(bins.low, bins.high());
      plots += fmt::format(
          "set title \"{}\"\nset xlabel {}\nset ylabel '{}'\nset xrange [{}:{}]\nset yrange [0:*]\nset boxwidth {}\n"
          "plot '{}.csv' using 1:2 with boxes fs solid 0.45 noborder lc rgb '{}'",
          title, literal(X > 1 ? fmt::format("{}, component {}", info.meaning, k + 1) : info.meaning),
          e == 0 ? "observations (%)" : "", bins.low, bins.high(), bins.width, table.name, band_colour);
      if (!simulated.empty()) plots += fmt::format(", '' using 1:3 with histeps lc rgb '{}'", mle_colour);
      plots += "\n";
      figure.tables.push_back(std::move(table));
    }
  figure.height = 280 * X;
  figure.frames = {drawing(figure.width, figure.height) +
                   fmt::format("set multiplot layout {},{}\n", X, examples.size()) + plots};
  return figure;
}

Figure energy_figure(const Subject& subject) {
  const EnergyDistances& energy = subject.diagnostics.energy;
  Figure figure{"energy",
                "Posterior predictive check",
                "Energy distance between real observations and as many regenerated at the estimate, which should be "
                "spread as it is at the true parameters, where chance alone makes it (0 on average).",
                {{"energy", box_columns("regenerated_at"), {}}}};
  std::vector<std::string> boxes, labels;
  const auto add = [&](const char* label, const std::vector<double>& values, const char* colour) {
    if (!add_box(figure.tables[0], label, values)) return;
    boxes.push_back(box("energy", labels.size(), static_cast<double>(labels.size()), colour));
    labels.emplace_back(label);
  };
  add("truth", energy.truth, "#666666");
  add("ALFI", energy.alfi, alfi_colour);
  add("maximum likelihood", energy.mle, mle_colour);
  if (boxes.empty()) {
    figure.missing = "Energy distances need two observations or more for each problem.";
    return figure;
  }
  figure.width = 620;
  figure.frames = {drawing(figure.width, figure.height) + labelled_ticks(labels) +
                   fmt::format("set xlabel 'regenerated at'\nset ylabel 'energy distance (standardised observations)'\n"
                               "set boxwidth 0.5\nset xzeroaxis dt 2 lc rgb '#666666'\nplot {}\n",
                               fmt::join(boxes, ", "))};
  return figure;
}

}  // namespace alfi::report
