// Figures of a report of real observations.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "src/numerics/statistics.hpp"
#include "src/report/bins.hpp"
#include "src/report/data_subject.hpp"
#include "src/report/drawing.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi::report {
namespace {

constexpr int points = 200;

/// Rows of θ, natural units, the answer's density and the prior's, where the answer's is not negligible.
Table density_table(const DataSubject& subject, std::size_t d) {
  const ParameterInfo& p = subject.simulator.parameters[d];
  const TruncatedLaw& law = subject.law;
  constexpr double tail = 1e-4;
  // Steps of standard numbers, whose densities' slopes to natural ones are differences as well.
  const double from = law.quantile(d, tail), to = law.quantile(d, 1 - tail);
  Table table{"posterior_" + p.name, {"theta", "density", "inside"}, {}};
  for (int i = 0; i < points; ++i) {
    const double low = from + (to - from) * i / points, high = from + (to - from) * (i + 1) / points;
    const double theta = natural_of(p, (low + high) / 2), width = natural_of(p, high) - natural_of(p, low);
    const double density = width > 0 ? (law.probability(d, high) - law.probability(d, low)) / width : std::nan("");
    const ParameterEstimate& estimate = subject.posterior.parameters[d];
    const bool inside = theta >= estimate.lower && theta <= estimate.upper;
    table.rows.push_back({theta, density, inside ? density : std::nan("")});
  }
  return table;
}

}  // namespace

Figure posterior_figure(const DataSubject& subject) {
  const bool has_likelihood = !subject.maximum_likelihood.empty();
  Figure figure{"posterior",
                "Posterior",
                fmt::format("The density of each parameter given the data; filled, the {:g} % interval{}.",
                            100 * subject.posterior.level, has_likelihood ? "; dashed, maximum likelihood" : ""),
                {}};
  const std::size_t D = subject.simulator.parameters.size();
  std::string plots;
  for (std::size_t d = 0; d < D; ++d) {
    const ParameterInfo& p = subject.simulator.parameters[d];
    if (!std::isfinite(subject.posterior.parameters[d].deviation)) {
      figure.missing = "The answer has no deviation: the machine gives estimates alone, or it is not finite.";
      figure.tables.clear();
      return figure;
    }
    figure.tables.push_back(density_table(subject, d));
    const Table& table = figure.tables.back();
    const double low = std::get<double>(table.rows.front()[0]), high = std::get<double>(table.rows.back()[0]);
    plots += "unset arrow\n" + wide_ticks(low, high);
    if (has_likelihood && subject.maximum_likelihood[d] >= low && subject.maximum_likelihood[d] <= high)
      plots += fmt::format("set arrow from first {0},graph 0 to first {0},graph 1 nohead dt 2 lw 1.4 lc rgb '{1}'\n",
                           subject.maximum_likelihood[d], mle_colour);
    plots += fmt::format(
        "set xlabel {}\nset ylabel '{}'\nset xrange [{}:{}]\nset yrange [0:*]\n"
        "plot '{}.csv' using 1:3 with filledcurves y1=0 fs solid 0.3 lc rgb '{}', '' using 1:2 with lines lc rgb "
        "'{}'\n",
        literal(axis(p)), d % 3 == 0 ? "density" : "", low, high, table.name, alfi_colour, alfi_colour);
  }
  figure.height = 280 * panel_rows(D, 3);
  figure.frames = {drawing(figure.width, figure.height) + panels(D, 3) + plots};
  return figure;
}

Figure prediction_figure(const DataSubject& subject) {
  const ObservationInfo& info = subject.simulator.observations;
  const int X = info.dimension;
  Figure figure{
      "prediction",
      "Posterior predictive check",
      fmt::format("The data (filled), and of {} sets simulated at draws from the posterior the middle 90 % of "
                  "each bin (bars) with its median: where the model fits, the filled boxes end in the bars.",
                  subject.simulated.size()),
      {}};
  std::string plots;
  if (subject.simulated.empty()) {
    figure.missing =
        "There is nothing to simulate from: the machine gives estimates alone, or the answer is not finite.";
    return figure;
  }
  for (int k = 0; k < X; ++k) {
    const std::vector<double> real = column(subject.data, X, k);
    std::vector<std::vector<double>> sets;
    std::vector<double> all;
    for (const std::vector<float>& set : subject.simulated) {
      sets.push_back(column(set, X, k));
      std::erase_if(sets.back(), [](double value) { return !std::isfinite(value); });
      all.insert(all.end(), sets.back().begin(), sets.back().end());
    }
    const Bins bins(real, all, info.whole);
    Table table{X > 1 ? fmt::format("prediction_x{}", k + 1) : "prediction",
                {"middle", "data_percent", "q05", "median", "q95"},
                {}};
    const std::vector<double> real_parts = bins.parts(real);
    std::vector<std::vector<double>> parts;
    for (const std::vector<double>& set : sets) parts.push_back(bins.parts(set));
    for (int bin = 0; bin < bins.count; ++bin) {
      std::vector<double> of_bin;
      for (const auto& part : parts) of_bin.push_back(part[static_cast<std::size_t>(bin)]);
      std::sort(of_bin.begin(), of_bin.end());
      table.rows.push_back({bins.middle(bin), real_parts[static_cast<std::size_t>(bin)], quantile(of_bin, 0.05),
                            quantile(of_bin, 0.5), quantile(of_bin, 0.95)});
    }
    plots += wide_ticks(bins.low, bins.high());
    plots += fmt::format(
        "set xlabel {}\nset ylabel '{}'\nset xrange [{}:{}]\nset yrange [0:*]\nset boxwidth {}\n"
        "plot '{}.csv' using 1:2 with boxes fs solid 0.45 noborder lc rgb '{}', "
        "'' using 1:4:3:5 with yerrorbars pt 7 ps 0.4 lc rgb '{}'\n",
        literal(X > 1 ? fmt::format("{}, component {}", info.meaning, k + 1) : info.meaning),
        k % 2 == 0 ? "observations (%)" : "", bins.low, bins.high(), bins.width, table.name, band_colour, mle_colour);
    figure.tables.push_back(std::move(table));
  }
  figure.height = 300 * panel_rows(static_cast<std::size_t>(X), 2);
  figure.frames = {drawing(figure.width, figure.height) + panels(static_cast<std::size_t>(X), 2) + plots};
  return figure;
}

Figure fit_figure(const DataSubject& subject) {
  const Fit& fit = subject.posterior.fit;
  Figure figure{
      "fit",
      "Fit",
      fmt::format("Energy distances to observations simulated at the answer: of {} simulated sets, and of the "
                  "data (line). The data should be one among equals.",
                  fit.simulated_distances.size()),
      {{"fit", {"energy_distance", "sets"}, {}}}};
  std::vector<double> distances = fit.simulated_distances;
  if (distances.empty() || !std::isfinite(fit.energy_distance)) {
    figure.missing =
        "There is nothing to compare with: the machine gives estimates alone, or the answer is not finite.";
    return figure;
  }
  const auto [least, most] = std::ranges::minmax(distances);
  const double low = std::min(least, fit.energy_distance), high = std::max(most, fit.energy_distance);
  constexpr int bins = 40;
  const double width = high > low ? (high - low) / bins : 1;
  std::vector<double> counts(bins, 0);
  for (const double distance : distances)
    ++counts[static_cast<std::size_t>(std::min(static_cast<int>((distance - low) / width), bins - 1))];
  for (int bin = 0; bin < bins; ++bin)
    figure.tables[0].rows.push_back({low + (bin + 0.5) * width, counts[static_cast<std::size_t>(bin)]});
  figure.width = 620;
  figure.frames = {drawing(figure.width, figure.height) + wide_ticks(low, high) +
                   fmt::format("set xlabel 'energy distance (standardised observations)'\nset ylabel 'sets'\n"
                               "set yrange [0:*]\nset xrange [{}:{}]\nset boxwidth {}\n"
                               "set arrow from first {},graph 0 to first {},graph 1 nohead lw 2 lc rgb '{}'\n"
                               "plot 'fit.csv' using 1:2 with boxes fs solid 0.45 noborder lc rgb '#999999'\n",
                               low - width, high + width, width, fit.energy_distance, fit.energy_distance, mle_colour)};
  return figure;
}

std::vector<Figure> figures(const DataSubject& subject) {
  return {posterior_figure(subject), prediction_figure(subject), fit_figure(subject)};
}

}  // namespace alfi::report
