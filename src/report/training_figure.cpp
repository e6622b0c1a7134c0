#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/choice_facts.hpp"
#include "src/configuration/names.hpp"
#include "src/numerics/statistics.hpp"
#include "src/report/drawing.hpp"
#include "src/report/figures.hpp"

namespace alfi::report {
namespace {

/// Returns what the losses are counted in.
std::string unit(Loss loss) { return needs_density(loss) ? "nats" : "prior deviations, squared for mse"; }

/// The first losses of a training can be far above all others: where the picture ends.
double top(const Metrics& metrics) {
  std::vector<double> losses;
  for (const auto& line : metrics.losses) losses.push_back(line.loss);
  std::sort(losses.begin(), losses.end());
  double highest = losses.empty() ? -INFINITY : quantile(losses, 0.98);
  for (const auto& line : metrics.validations) highest = std::max(highest, line.loss);
  return highest;
}

}  // namespace

Figure training_figure(const Subject& subject) {
  const Metrics& metrics = subject.metrics;
  const Evaluation& evaluation = subject.diagnostics.evaluation;
  const Loss loss = subject.configuration.training.loss;
  const bool density = needs_density(loss), weighted = weighs_by_deviation(loss);
  Figure figure{
      "training",
      "Training",
      fmt::format("Left, validation on fresh problems should fall and level off, the training loss beside it{}; right, "
                  "the error should come down to what is known to be possible.",
                  weighted ? " or, as it weighs by σ² first, later" : ""),
      {{"training", {"step", "loss"}, {}}, {"validation", {"step", "validation_loss", "validation_error"}, {}}}};
  for (const auto& line : metrics.losses) figure.tables[0].rows.push_back({line.step, line.loss});
  for (const auto& line : metrics.validations) figure.tables[1].rows.push_back({line.step, line.loss, line.error});
  if (metrics.losses.empty() && metrics.validations.empty()) {
    figure.missing = "The run folder has no metrics.jsonl with finite losses: nothing is known of its training.";
    return figure;
  }

  Window window{-INFINITY, top(metrics)};
  for (const auto& line : metrics.losses) window.count(line.loss);
  std::vector<std::string> losses, errors;
  if (!metrics.losses.empty())
    losses.push_back(fmt::format("'training.csv' using 1:2 with lines lc rgb '{}' title 'training{}{}'", band_colour,
                                 weighted ? fmt::format(" ({})", name_of(loss)) : "", window.text(", ")));
  if (!metrics.validations.empty()) {
    losses.push_back(fmt::format(
        "'validation.csv' using 1:2 with linespoints pt 7 ps 0.5 lc rgb '{}' title 'validation'", alfi_colour));
    errors.push_back(fmt::format(
        "'validation.csv' using 1:3 with linespoints pt 7 ps 0.5 lc rgb '{}' title 'validation'", alfi_colour));
  }
  const auto level = [](double value, const char* colour, int dash, const std::string& title) {
    return fmt::format("{} with lines lc rgb '{}' dt {} lw 1.5 title {}", value, colour, dash, literal(title));
  };
  if (density && std::isfinite(evaluation.loss_floor.value))
    losses.push_back(level(evaluation.loss_floor.value, posterior_colour, 2, "best Gaussian's, last iteration"));
  std::vector<double> values;
  for (const auto& line : metrics.validations) values.push_back(line.error);
  if (std::isfinite(evaluation.error.mle.value)) {
    errors.push_back(level(evaluation.error.mle.value, mle_colour, 4, "maximum likelihood"));
    values.push_back(evaluation.error.mle.value);
  }
  if (std::isfinite(evaluation.error.posterior.value)) {
    errors.push_back(level(evaluation.error.posterior.value, posterior_colour, 2, "exact posterior mean"));
    values.push_back(evaluation.error.posterior.value);
  }
  figure.height = 400;
  std::string commands = drawing(figure.width, figure.height) + panels(metrics.validations.empty() ? 1 : 2, 2) +
                         "set key tmargin left vertical maxrows 3\n";
  commands += step_axis(metrics) + fmt::format("set ylabel 'loss ({})'\nset yrange [:{}]\nplot {}\n", unit(loss),
                                               window.high, fmt::join(losses, ", "));
  if (!metrics.validations.empty())
    commands += "set yrange [*:*]\n" + error_axis("mean error (prior deviations)", values) +
                fmt::format("plot {}\n", fmt::join(errors, ", "));
  figure.frames = {commands};
  return figure;
}

}  // namespace alfi::report
