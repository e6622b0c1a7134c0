// alfi baseline: another method on the problems of a configuration or a run, with as many simulator calls as ALFI and
// more.
#include "alfi/baseline.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "alfi/error.hpp"
#include "src/cli/command.hpp"
#include "src/cli/configuration_arguments.hpp"
#include "src/cli/machine_arguments.hpp"
#include "src/cli/output.hpp"
#include "src/cli/progress.hpp"
#include "src/cli/stop.hpp"

namespace alfi::cli {
namespace {

struct Arguments {
  Baseline baseline{};
  ConfigurationArguments configuration;
  MachineArguments machine;  ///< where it is a run that is given
  BaselineOptions options;
  bool json = false;
};

std::string with_interval(const Measured& m) {
  return std::isfinite(m.value) ? fmt::format("{:.4g} [{:.4g}, {:.4g}]", m.value, m.lower, m.upper) : "-";
}

void print_table(const BaselineComparison& c) {
  fmt::print(
      "{} on {}, {} episodes of its evaluation. One inference by ALFI makes {} simulator calls.\n"
      "Mean errors in units of the prior's deviation and their ratios, [95 % interval].\n\n",
      c.method, c.simulator, c.episodes, c.calls_of_alfi);
  constexpr const char* row = "{:<20} {:<28} {:<24} {:<24} {:<24} {:>8}\n";
  fmt::print(row, "calls an episode", "error", "/ ALFI", "/ maximum likelihood", "/ exact posterior", "seconds");
  for (const BaselineResult& r : c.results)
    fmt::print(row, fmt::format("{} ({} ×)", r.calls, r.calls / c.calls_of_alfi), with_interval(r.error),
               with_interval(r.over_alfi), with_interval(r.over_mle), with_interval(r.over_posterior),
               fmt::format("{:.1f}", r.seconds));
  const auto other = [](const char* name, const Measured& error) {
    fmt::print("{:<20} {}\n", name, with_interval(error));
  };
  other("ALFI", c.error.alfi);
  other("maximum likelihood", c.error.mle);
  other("exact posterior", c.error.posterior);
}

BaselineComparison compare(const Arguments& arguments, const BaselineOptions& options) {
  const ConfigurationArguments& given = arguments.configuration;
  const std::filesystem::path path(given.file);
  std::error_code hidden;  // what cannot be looked at is said by who opens it
  if (!std::filesystem::is_directory(path, hidden) && path.extension() != ".safetensors")
    return alfi::compare(arguments.baseline, given.load(), options);
  if (!given.overrides.empty())
    throw InputError(
        fmt::format("--set {}: {} is a run, whose configuration stands", given.overrides.front(), given.file));
  return alfi::compare(arguments.baseline, Machine::load(path, arguments.machine.simulator), options);
}

void run_baseline(const Arguments& arguments) {
  listen_for_stop();
  std::optional<JobProgress> progress(std::in_place);
  BaselineOptions options = arguments.options;
  options.progress = [&progress](double done) {
    progress->show(done);
    return !stop_wanted();
  };
  const BaselineComparison comparison = compare(arguments, options);
  progress.reset();  // its line ends before the table
  if (arguments.json)
    fmt::print("{}", to_json(comparison));
  else
    print_table(comparison);
  if (comparison.finished) return;
  std::string message = "stopped: what was finished is shown";
  for (const BaselineResult& r : comparison.results)
    if (r.episodes < comparison.episodes) message += fmt::format("; {} calls are of {} episodes", r.calls, r.episodes);
  throw Stopped(message + "\n");
}

}  // namespace

void add_baseline(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand("baseline", "Another method on the same problems: error against calls");
  std::map<std::string, Baseline> names;
  for (const Baseline baseline : {Baseline::maximum_likelihood, Baseline::nes, Baseline::avo, Baseline::abc})
    names[to_text(baseline)] = baseline;
  command->add_option("NAME", arguments->baseline, "maximum_likelihood, nes, avo or abc")
      ->required()
      ->transform(CLI::CheckedTransformer(names).description(""));
  command
      ->add_option("CONFIG", arguments->configuration.file,
                   "Configuration in YAML; or a run folder or checkpoint file, whose machine is compared too")
      ->required();
  arguments->configuration.add_set(*command);
  arguments->machine.add_simulator(*command);
  command->add_option("--episodes", arguments->options.episodes, "The first so many of an evaluation")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--calls", arguments->options.multiples, "Simulator calls, times those of one inference by ALFI")
      ->type_name("K,…")
      ->delimiter(',')
      ->capture_default_str();
  command
      ->add_option("--replicates", arguments->options.replicates,
                   "Rollouts ALFI's answer combines: 1, 2, 4, 8 or 16; 0: as configured")
      ->type_name("K");
  command->add_option("--threads", arguments->options.threads, "Threads; 0: as configured")->type_name("N");
  command->add_flag("--json", arguments->json, "One JSON object to standard output");
  command->footer(
      "nes: natural evolution strategies; avo: adversarial variational optimization; abc: rejection ABC.\n"
      "They run on the CPU. Ctrl-C stops and shows what was finished; a second one kills.");
  command->callback([arguments] { run_baseline(*arguments); });
}

}  // namespace alfi::cli
