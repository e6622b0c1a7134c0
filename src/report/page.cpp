#include "src/report/page.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "src/formats/percent.hpp"
#include "src/machine/fit.hpp"
#include "src/report/drawing.hpp"
#include "src/report/svg.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi::report {
namespace {

constexpr const char* style = R"(
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: #fff; color: #1a1a1a;
  font: 16px/1.5 system-ui, sans-serif; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2.5rem; font-size: 1.25rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 1rem 0.2rem 0; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top; }
td, .about th { white-space: nowrap; }
.about td { white-space: normal; }
.scroll { overflow-x: auto; }
.interval { color: #555; font-size: 0.85em; }
figure { margin: 0; }
svg { display: block; width: 100%; height: auto; }
figcaption { margin-top: 0.5rem; max-width: 45rem; color: #333; }
.missing { padding: 0.5rem 1rem; border-left: 4px solid #D55E00; }
pre { overflow-x: auto; padding: 1rem; background: #f5f5f5; font-size: 0.85rem; }
@media print { figure { break-inside: avoid; } }
)";

std::string value_text(const Measured& m) {
  if (!std::isfinite(m.value)) return "–";
  if (!std::isfinite(m.lower)) return fmt::format("{:.4g}", m.value);
  return fmt::format("{:.4g} <span class=\"interval\">[{:.3g}, {:.3g}]</span>", m.value, m.lower, m.upper);
}

std::string plain(double value) { return std::isfinite(value) ? fmt::format("{:.4g}", value) : "–"; }

std::string row(const std::string& name, const std::vector<std::string>& cells) {
  std::string text = fmt::format("<tr><th scope=\"row\">{}</th>", escaped(name));
  for (const std::string& cell : cells) text += fmt::format("<td>{}</td>", cell);
  return text + "</tr>\n";
}

std::string numbers(const Evaluation& e) {
  std::string text =
      "<div class=\"scroll\"><table>\n<thead><tr><td></td><th scope=\"col\">ALFI</th><th scope=\"col\">maximum "
      "likelihood</th><th scope=\"col\">exact posterior</th></tr></thead>\n<tbody>\n";
  const auto compared = [&](const std::string& name, const Compared& c) {
    text += row(name, {value_text(c.alfi), value_text(c.mle), value_text(c.posterior)});
  };
  compared("error, prior deviations", e.error);
  text += row("ALFI’s error over this", {"", value_text(e.error_over_mle), value_text(e.error_over_posterior)});
  for (std::size_t d = 0; d < e.rmse.size(); ++d) compared("root mean square, " + e.parameters[d], e.rmse[d]);
  text += row("loss, nats", {value_text(e.loss), "", value_text(e.loss_floor)});
  text += row("loss above the best Gaussian’s, nats", {value_text(e.loss_gap), "", ""});
  for (const Coverage& c : e.coverage)
    text += row(fmt::format("coverage of {} % intervals", c.percent),
                {std::isfinite(c.all) ? fmt::format("{:.1f} %", 100 * c.all) : "–", "", ""});
  text += row("calibration, p", {plain(e.sbc_p), "", ""});
  text += row("energy distance", {value_text(e.energy_distance), "", ""});
  if (e.clamped_draws > 0)
    text += row("draws outside the simulator’s domain", {fmt::format("{}", e.clamped_draws), "", ""});
  if (e.left_out > 0) {
    text += row("observations left out, no numbers", {percent_text(e.left_out), "", ""});
    for (std::size_t d = 0; d < e.parameters.size(); ++d) {
      std::vector<std::string> tenths;
      for (const double part : e.left_out_by_tenth[d]) tenths.push_back(percent_text(part));
      text += row(fmt::format("of real ones, by tenths of {}’s prior", e.parameters[d]),
                  {fmt::format("{}", fmt::join(tenths, ", ")), "", ""});
    }
  }
  if (e.not_finite > 0) text += row("answers not finite", {fmt::format("{}", e.not_finite), "", ""});
  return text + "</tbody></table></div>\n";
}

std::string training(const Configuration& c, std::int64_t step) {
  return step == c.training.steps
             ? fmt::format("{} steps of {} episodes", step, c.training.meta_batch)
             : fmt::format("stopped at step {} of {}, {} episodes each", step, c.training.steps, c.training.meta_batch);
}

std::string details(const Configuration& c) {
  return "<details><summary>The whole configuration</summary>\n<pre>" + escaped(to_yaml(c)) + "</pre></details>\n";
}

std::string machine(const Subject& subject) {
  const Configuration& c = subject.configuration;
  const Evaluation& e = subject.diagnostics.evaluation;
  std::vector<std::string> parameters;
  for (const ParameterInfo& p : subject.simulator.parameters)
    parameters.push_back(
        p.prior == Prior::normal    ? fmt::format("{} normal, {:g} ± {:.4g}", axis(p), p.mean(), p.deviation())
        : p.prior == Prior::uniform ? fmt::format("{} uniform in [{:.4g}, {:.4g}]", axis(p), p.low, p.high)
                                    : fmt::format("{} {}", axis(p), prior_text(p)));
  const auto& real = c.episode.real_observations;
  std::string text = "<table class=\"about\"><tbody>\n";
  text += row("simulator", {escaped(fmt::format("{}: {}", subject.simulator.name, subject.simulator.description))});
  text += row("parameters, prior", {escaped(fmt::format("{}", fmt::join(parameters, "; ")))});
  text += row(
      "an inference",
      {fmt::format("{} rollouts of {} iterations of {} parameters with {} observations each; {} real observations",
                   e.replicates, e.iterations, c.episode.thetas, c.episode.observations,
                   real.min == real.max ? fmt::format("{}", real.max) : fmt::format("{} to {}", real.min, real.max))});
  text += row("training", {training(c, e.step)});
  text += row("evaluation", {fmt::format("{} fresh problems, seed {}", e.episodes, c.engine.seed)});
  return text + "</tbody></table>\n" + details(c);
}

std::string machine(const MinimisationSubject& subject) {
  const Configuration& c = subject.configuration;
  const Optimisation& o = subject.optimisation;
  std::string text = "<table class=\"about\"><tbody>\n";
  for (const ObjectiveInfo& objective : objectives())
    if (objective.name == o.objective)
      text += row("objective",
                  {escaped(fmt::format("{}: {}; D = {}", objective.name, objective.description, o.dimensions))});
  text += row("a descent", {fmt::format("{} iterations, each coordinate moved by its gradient", o.iterations)});
  text += row("training", {training(c, o.step)});
  text += row("evaluation", {fmt::format("{} fresh problems, seed {}", o.episodes, c.engine.seed)});
  return text + "</tbody></table>\n" + details(c);
}

std::string numbers(const Optimisation& o) {
  std::string text =
      "<div class=\"scroll\"><table>\n<thead><tr><td></td><th scope=\"col\">mean final loss</th><th "
      "scope=\"col\">median</th><th scope=\"col\">ALFI’s over this</th><th scope=\"col\">as "
      "tuned</th></tr></thead>\n<tbody>\n";
  for (const Minimiser& m : o.minimisers)
    text += row(m.name, {value_text(m.final_loss), plain(m.median),
                         &m == o.minimisers.data() ? "" : value_text(m.alfi_over_this), escaped(m.settings)});
  for (const Minimiser& m : o.minimisers)
    if (m.not_finite > 0) text += row(m.name + ", not finite", {fmt::format("{}", m.not_finite)});
  return text + "</tbody></table></div>\n";
}

std::string machine_title(const std::string& name) { return fmt::format("An alfi machine for {}", name); }

std::string introduction(const DataSubject& subject) {
  const Posterior& posterior = subject.posterior;
  const std::size_t count = subject.data.size() / static_cast<std::size_t>(subject.simulator.observations.dimension);
  std::string text = "<table class=\"about\"><tbody>\n";
  text += row("simulator", {escaped(fmt::format("{}: {}", subject.simulator.name, subject.simulator.description))});
  text += row("data", {escaped(fmt::format("{}, {} observations{}", subject.name, count,
                                           static_cast<std::size_t>(posterior.used) == count
                                               ? ""
                                               : fmt::format(", of which {} were used", posterior.used)))});
  text += row("an answer", {fmt::format("{} rollouts combined{}", posterior.replicates,
                                        posterior.truncated ? ", truncated to the prior" : "")});
  text += "</tbody></table>\n";
  for (const Warning& warning : posterior.warnings)
    text += fmt::format("<p class=\"missing\">{}</p>\n", escaped(warning.text));
  return text + details(subject.configuration);
}

std::string numbers(const DataSubject& subject) {
  std::string text = fmt::format(
      "<div class=\"scroll\"><table>\n<thead><tr><td></td><th scope=\"col\">estimate</th><th "
      "scope=\"col\">deviation</th><th scope=\"col\">{:g} % interval</th><th scope=\"col\">maximum "
      "likelihood</th></tr></thead>\n<tbody>\n",
      100 * subject.posterior.level);
  for (std::size_t d = 0; d < subject.posterior.parameters.size(); ++d) {
    const ParameterEstimate& p = subject.posterior.parameters[d];
    const bool known = !subject.maximum_likelihood.empty();
    text += row(axis(subject.simulator.parameters[d]),
                {plain(p.mean), plain(p.deviation),
                 std::isfinite(p.lower) ? fmt::format("[{:.4g}, {:.4g}]", p.lower, p.upper) : "–",
                 known ? plain(subject.maximum_likelihood[d]) : "–"});
  }
  text += "</tbody></table></div>\n<div class=\"scroll\"><table>\n<tbody>\n";
  const Fit& fit = subject.posterior.fit;
  text += row("fit, p", {plain(fit.p)});
  text += row("simulated sets as unlike the others, p", {plain(fit.predictive_p)});
  text += row("energy distance", {fmt::format("{}, p = {}", plain(fit.energy_distance), plain(fit.energy_p))});
  text += row("shares of cells, p", {plain(fit.shape_p)});
  text += row("deviation, p", {plain(fit.spread_p)});
  text += row("least and largest values, p", {plain(fit.extremes_p)});
  text += row("distance of the code from training’s, deviations",
              {fmt::format("{}, p = {}", plain(fit.code_distance), plain(fit.code_p))});
  text += row("maximum likelihood, p", {plain(fit.likelihood_p)});
  return text + "</tbody></table></div>\n";
}

/// A page of an introduction, numbers with what is to be said of them, and figures.
std::string assembled(const std::string& title, const std::string& introduction, const std::string& heading,
                      const std::string& numbers, const std::vector<Figure>& figures,
                      const std::vector<std::string>& pictures) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{0}</title>\n"
      "<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
      escaped(title), style);
  html += introduction + fmt::format("<h2>{}</h2>\n", heading) + numbers;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const Figure& figure = figures[i];
    html += fmt::format("<h2>{}</h2>\n<figure id=\"{}\">\n", escaped(figure.title), figure.name);
    if (pictures[i].empty())
      html += fmt::format("<p class=\"missing\">{}</p>\n", escaped(figure.missing));
    else
      html += pictures[i] + fmt::format("<figcaption>{}</figcaption>\n", escaped(figure.caption));
    html += "</figure>\n";
  }
  return html + "</body>\n</html>\n";
}

}  // namespace

Table summary(const Evaluation& e) {
  Table table{"evaluation", {"quantity", "method", "value", "lower", "upper"}, {}};
  const auto add = [&](const std::string& quantity, const char* method, const Measured& m) {
    table.rows.push_back({quantity, method, m.value, m.lower, m.upper});
  };
  const auto compared = [&](const std::string& quantity, const Compared& c) {
    add(quantity, "alfi", c.alfi);
    add(quantity, "mle", c.mle);
    add(quantity, "posterior", c.posterior);
  };
  compared("error", e.error);
  add("error_ratio", "mle", e.error_over_mle);
  add("error_ratio", "posterior", e.error_over_posterior);
  for (std::size_t d = 0; d < e.rmse.size(); ++d) compared("rmse_" + e.parameters[d], e.rmse[d]);
  add("loss", "alfi", e.loss);
  add("loss", "posterior", e.loss_floor);
  add("loss_gap", "alfi", e.loss_gap);
  const double nan = std::nan("");
  for (const Coverage& c : e.coverage) add(fmt::format("coverage_{}", c.percent), "alfi", {c.all, nan, nan});
  add("sbc_p", "alfi", {e.sbc_p, nan, nan});
  add("energy_distance", "alfi", e.energy_distance);
  add("clamped_draws", "alfi", {static_cast<double>(e.clamped_draws), nan, nan});
  add("observations_left_out", "alfi", {e.left_out, nan, nan});
  add("not_finite", "alfi", {static_cast<double>(e.not_finite), nan, nan});
  return table;
}

Table summary(const Optimisation& o) {
  Table table{"evaluation", {"quantity", "method", "value", "lower", "upper"}, {}};
  const double nan = std::nan("");
  for (const Minimiser& m : o.minimisers) {
    table.rows.push_back({"final_loss", m.name, m.final_loss.value, m.final_loss.lower, m.final_loss.upper});
    table.rows.push_back({"final_loss_median", m.name, m.median, nan, nan});
    table.rows.push_back(
        {"alfi_over_this", m.name, m.alfi_over_this.value, m.alfi_over_this.lower, m.alfi_over_this.upper});
    table.rows.push_back({"not_finite", m.name, static_cast<double>(m.not_finite), nan, nan});
  }
  return table;
}

Table summary(const DataSubject& subject) {
  Table table{"answer", {"quantity", "value", "deviation", "lower", "upper", "maximum_likelihood"}, {}};
  const double nan = std::nan("");
  for (std::size_t d = 0; d < subject.posterior.parameters.size(); ++d) {
    const ParameterEstimate& p = subject.posterior.parameters[d];
    const double most_likely = subject.maximum_likelihood.empty() ? nan : subject.maximum_likelihood[d];
    table.rows.push_back({p.name, p.mean, p.deviation, p.lower, p.upper, most_likely});
  }
  for (const auto& [name, number] : numbers_of(subject.posterior.fit))
    table.rows.push_back({std::string("fit_") + name, number, nan, nan, nan, nan});
  return table;
}

std::string page(const Subject& subject, const std::vector<Figure>& figures, const std::vector<std::string>& pictures) {
  return assembled(machine_title(subject.simulator.name), machine(subject), "Evaluation",
                   "<p>All methods answer for the same problems; in brackets, 95 % intervals. Errors count parameters "
                   "in deviations of their prior.</p>\n" +
                       numbers(subject.diagnostics.evaluation),
                   figures, pictures);
}

std::string page(const MinimisationSubject& subject, const std::vector<Figure>& figures,
                 const std::vector<std::string>& pictures) {
  return assembled(
      machine_title(subject.optimisation.objective), machine(subject), "Evaluation",
      "<p>All descend on the same problems; in brackets, 95 % intervals. The optimizers were tuned for the "
      "mean final loss, on problems of their own.</p>\n" +
          numbers(subject.optimisation),
      figures, pictures);
}

std::string page(const DataSubject& subject, const std::vector<Figure>& figures,
                 const std::vector<std::string>& pictures) {
  return assembled(fmt::format("An alfi answer to {}: {}", subject.name, subject.simulator.name), introduction(subject),
                   "Answer", numbers(subject), figures, pictures);
}

}  // namespace alfi::report
