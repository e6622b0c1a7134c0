// alfi evaluate: a machine beside maximum likelihood and the exact posterior; a table, and numbers in the run folder.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alfi/evaluation.hpp"
#include "alfi/optimisation.hpp"
#include "src/cli/backend.hpp"
#include "src/cli/command.hpp"
#include "src/cli/destination.hpp"
#include "src/cli/machine_arguments.hpp"
#include "src/cli/output.hpp"
#include "src/cli/progress.hpp"
#include "src/formats/percent.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi::cli {
namespace {

struct Arguments {
  MachineArguments machine;
  EvaluationOptions evaluation;
  BackendArguments backend;
  std::string out;
  bool json = false, force = false;
};

std::string number(double value) { return std::isfinite(value) ? fmt::format("{:.4g}", value) : "-"; }

std::string with_interval(const Measured& m) {
  return std::isfinite(m.value) ? fmt::format("{:.4g} [{:.4g}, {:.4g}]", m.value, m.lower, m.upper) : "-";
}

std::string percentages(int level, const std::vector<double>& covered) {
  std::vector<std::string> values;
  for (const double value : covered)
    values.push_back(std::isfinite(value) ? fmt::format("{:.1f} %", 100 * value) : "-");
  return fmt::format("{} % interval: {}", level, fmt::join(values, " / "));
}

/// Says which parameters the machine learned nothing of.
void print_unlearned(const Evaluation& e) {
  constexpr double nothing = 0.95;  // an error of one deviation is that of the prior's mean, whatever the data
  std::vector<std::string> unlearned;
  for (std::size_t d = 0; d < e.rmse.size(); ++d)
    if (e.rmse[d].alfi.value > nothing) unlearned.push_back(e.parameters[d]);
  if (!unlearned.empty())
    fmt::print(
        "\nnothing was learned of {}: an error of 1 is that of the prior's mean. Where the data do tell, more steps, "
        "training.loss: beta_normal, proposal.family: gaussian_full or a larger networks.rim.bound may help.\n",
        fmt::join(unlearned, ", "));
}

void print_table(const Evaluation& e, const Configuration& configuration) {
  const bool posterior = std::isfinite(e.error.posterior.value), any = posterior || std::isfinite(e.error.mle.value);
  fmt::print(
      "{}, step {}: {} episodes, {} iterations, {} replicates, {:.1f} s. Errors in units of the prior's deviation, [95 "
      "% "
      "interval].\n\n",
      e.simulator, e.step, e.episodes, e.iterations, e.replicates, e.seconds);
  const auto row = [any](const std::string& name, const std::string& alfi, const std::string& mle,
                         const std::string& exact) {
    if (any)
      fmt::print("{:<20} {:<28} {:<28} {}\n", name, alfi, mle, exact);
    else
      fmt::print("{:<20} {}\n", name, alfi);
  };
  const auto compared = [&](const std::string& name, const Compared& c) {
    row(name, with_interval(c.alfi), with_interval(c.mle), with_interval(c.posterior));
  };
  row("", "ALFI", "maximum likelihood", "exact posterior");
  compared("error", e.error);
  if (any) row("ALFI / this", "", with_interval(e.error_over_mle), with_interval(e.error_over_posterior));
  for (std::size_t d = 0; d < e.rmse.size(); ++d) compared("rmse " + e.parameters[d], e.rmse[d]);
  row("loss, nats", with_interval(e.loss), "", number(e.loss_floor.value));
  if (posterior) fmt::print("{:<20} {}\n", "gap, nats", with_interval(e.loss_gap));
  std::vector<std::string> coverage, best, errors;
  for (const Coverage& c : e.coverage) {
    coverage.push_back(percentages(c.percent, c.per_parameter));
    best.push_back(percentages(c.percent, c.best_gaussian));
  }
  for (const double error : e.error_by_iteration) errors.push_back(number(error));
  fmt::print("{:<20} {}\n", "coverage", fmt::join(coverage, ", "));
  if (posterior) fmt::print("{:<20} {}\n", "of best Gaussian", fmt::join(best, ", "));
  fmt::print("{:<20} p = {}\n", "calibration", number(e.sbc_p));
  fmt::print("{:<20} {}, {} episodes\n", "energy distance", with_interval(e.energy_distance),
             e.energy_distance_episodes);
  fmt::print("{:<20} {}\n", "error by iteration", fmt::join(errors, " "));
  const double draws = static_cast<double>(e.episodes) * e.replicates * e.iterations * configuration.episode.thetas;
  fmt::print("{:<20} {} of {:.0f}\n", "clamped draws", e.clamped_draws, draws);
  if (e.left_out > 0) {
    fmt::print("{:<20} {} of the observations were no numbers; of real ones, by tenths of the prior:\n", "left out",
               percent_text(e.left_out));
    for (std::size_t d = 0; d < e.parameters.size(); ++d) {
      std::vector<std::string> tenths;
      for (const double part : e.left_out_by_tenth[d]) tenths.push_back(percent_text(part));
      fmt::print("{:<20} {}\n", "  " + e.parameters[d], fmt::join(tenths, ", "));
    }
  }
  if (e.not_finite > 0) fmt::print("{:<20} {} episodes: the machine's training diverged\n", "not finite", e.not_finite);
  print_unlearned(e);
}

void print_table(const Optimisation& o, const Configuration&) {
  fmt::print(
      "{} of {} dimensions, step {}: {} problems, {} iterations, {:.1f} s. Loss is f(θ), [95 % interval]; the others "
      "were tuned on problems of their own.\n\n",
      o.objective, o.dimensions, o.step, o.episodes, o.iterations, o.seconds);
  const auto row = [](const auto&... cells) { fmt::print("{:<18} {:<30} {:<12} {:<26} {}\n", cells...); };
  row("", "mean final loss", "median", "ALFI's over this", "as tuned");
  for (const Minimiser& m : o.minimisers)
    row(m.name, with_interval(m.final_loss), number(m.median),
        &m == o.minimisers.data() ? "" : with_interval(m.alfi_over_this), m.settings);
  constexpr int columns = 10;
  fmt::print("\nmean loss by iteration\n{:<18}", "");
  const auto iteration = [&](int i) { return static_cast<std::size_t>(std::int64_t{o.iterations} * i / columns); };
  for (int i = 0; i <= columns; ++i) fmt::print(" {:>9}", iteration(i));
  for (const Minimiser& m : o.minimisers) {
    fmt::print("\n{:<18}", m.name);
    for (int i = 0; i <= columns; ++i) fmt::print(" {:>9}", number(m.loss_by_step[iteration(i)]));
  }
  fmt::print("\n");
  for (const Minimiser& m : o.minimisers)
    if (m.not_finite > 0) fmt::print("{}: {} final losses are not finite\n", m.name, m.not_finite);
}

/// Names the file in the run folder by what differs from the configured evaluation, so that none replaces another's.
std::string name_of_results(const EvaluationOptions& options, const Configuration::Evaluation& configured) {
  std::string name = "evaluation";
  const auto add = [&](int given, int usual, const char* of) {
    if (given != 0 && given != usual) name += fmt::format("-{}-{}", given, of);
  };
  add(options.episodes, configured.episodes, "episodes");
  add(options.iterations, configured.iterations, "iterations");
  add(options.replicates, configured.replicates, "replicates");
  return name + ".json";
}

/// Returns the file for the results; an empty path where they go into none.
std::filesystem::path file_of_results(const Arguments& arguments, const Configuration& configuration) {
  if (!arguments.out.empty()) return arguments.out;
  const std::filesystem::path run = arguments.machine.run;
  if (!std::filesystem::is_directory(run)) return {};
  return run / name_of_results(arguments.evaluation, configuration.evaluation);
}

void evaluate(const Arguments& arguments) {
  if (!arguments.out.empty()) {
    require_ending("--out", arguments.out, {".json"});
    require_free("--out", arguments.out, arguments.force);
  }
  const Machine machine = arguments.machine.load();
  EvaluationOptions options = arguments.evaluation;
  options.backend = arguments.backend.engine.backend;
  options.device = arguments.backend.engine.device;
  const Configuration::Simulator& simulator = machine.configuration().simulator;
  say_why_not_cuda(simulator, arguments.backend.engine);
  std::optional<JobProgress> progress(std::in_place);
  options.progress = [&progress](double done) { progress->show(done); };
  const auto show = [&](const auto& evaluation) {
    progress.reset();  // its line ends before the table
    std::string json = to_json(evaluation);
    if (arguments.json)
      fmt::print("{}", json);
    else
      print_table(evaluation, machine.configuration());
    return json;
  };
  const std::string json =
      minimises(simulator) ? show(evaluate_minimiser(machine, options)) : show(alfi::evaluate(machine, options));
  const std::filesystem::path file = file_of_results(arguments, machine.configuration());
  if (file.empty()) return;
  write_file_atomically(file, std::as_bytes(std::span(json)));
  say("written: {}\n", file.string());
}

}  // namespace

void add_evaluate(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("evaluate",
                         "How good a machine is, beside maximum likelihood and the exact posterior, or of one "
                         "that minimises, beside tuned optimizers");
  arguments->machine.add_to(
      *command, "run",
      "Run folder (its newest checkpoint; evaluation.json is written there, or evaluation-N-episodes.json "
      "of other numbers than configured) or checkpoint file");
  command->add_option("--episodes", arguments->evaluation.episodes, "Episodes; 0: as configured");
  command->add_option("--iterations", arguments->evaluation.iterations, "Iterations T; 0: as configured");
  command->add_option("--replicates", arguments->evaluation.replicates,
                      "Rollouts an answer combines: 1, 2, 4, 8 or 16; 0: as configured");
  command->add_option("--threads", arguments->evaluation.threads, "Threads; 0: as configured");
  arguments->backend.add_to(*command);
  command->add_option("--out", arguments->out, "Where to write the numbers instead")->type_name("FILE.json");
  command->add_flag("--force", arguments->force, "Replace the file of --out that is there");
  command->add_flag("--json", arguments->json, "One JSON object to standard output");
  command->callback([arguments] { evaluate(*arguments); });
}

}  // namespace alfi::cli
