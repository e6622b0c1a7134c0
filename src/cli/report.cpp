// alfi report: RUN/report.html, a machine's figures and numbers on one page.
#include "alfi/report.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "alfi/error.hpp"
#include "src/cli/backend.hpp"
#include "src/cli/command.hpp"
#include "src/cli/data_arguments.hpp"
#include "src/cli/machine_arguments.hpp"
#include "src/cli/output.hpp"
#include "src/cli/progress.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::cli {
namespace {

struct Arguments {
  MachineArguments machine;
  std::string out;
  EvaluationOptions evaluation;
  BackendArguments backend;
  DataArguments data;
  InferenceOptions inference;
  bool force = false;
};

/// Writes a page of one set of real observations.
Report report_data(const Arguments& arguments, const std::filesystem::path& run) {
  if (arguments.evaluation.episodes != 0)
    throw InputError("--episodes does not go with --data: a report of data evaluates nothing");
  const Machine machine = arguments.machine.load();
  const Observations data = arguments.data.load(find_simulator(machine.configuration()).observations);
  if (!data.names.empty())
    throw InputError(fmt::format("--data has {} sets; a report is of one. alfi infer answers many", data.names.size()));
  DataReportOptions options{arguments.inference, arguments.out, arguments.machine.simulator, arguments.force};
  options.inference.backend = arguments.backend.engine.backend;
  options.inference.device = arguments.backend.engine.device;
  const std::string& file = arguments.data.files.front();
  return write_data_report(run, {data.values, data.count}, file == "-" ? "data" : file, options);
}

void report(const Arguments& arguments) {
  ReportOptions options{arguments.evaluation, arguments.out, arguments.machine.simulator, arguments.force};
  options.evaluation.backend = arguments.backend.engine.backend;
  options.evaluation.device = arguments.backend.engine.device;
  if (std::filesystem::is_directory(arguments.machine.run))  // else write_report says what is wrong
    say_why_not_cuda(arguments.machine.load().configuration().simulator, arguments.backend.engine);
  const auto said = [](const Report& written) {
    say("written: {}; its figures and numbers, each by itself: {}\n", written.page.string(), written.numbers.string());
  };
  if (!arguments.data.files.empty()) return said(report_data(arguments, arguments.machine.run));
  std::optional<JobProgress> progress(std::in_place);
  options.evaluation.progress = [&progress](double done) { progress->show(done); };
  const Report written = write_report(arguments.machine.run, options);
  progress.reset();  // its line ends
  said(written);
}

}  // namespace

void add_report(CLI::App& app) {
  CLI::App* const command =
      app.add_subcommand("report", "A page of figures and numbers: how good a machine is, or what it says of data");
  const auto arguments = std::make_shared<Arguments>();
  arguments->machine.add_to(*command, "RUN", "Run folder (its newest checkpoint)");
  command->add_option("--episodes", arguments->evaluation.episodes, "Problems to evaluate on; 0: as configured")
      ->type_name("N");
  command->add_option("--threads", arguments->evaluation.threads, "Threads; 0: as configured")->type_name("N");
  command
      ->add_option("--out", arguments->out,
                   "The page; RUN/report.html, of --data RUN/report-DATA.html, if not given. Its figures and numbers "
                   "go into a folder beside it, of its "
                   "name without .html")
      ->type_name("FILE.html");
  command->add_flag("--force", arguments->force, "Write where something else than a report is");
  arguments->backend.add_to(*command);
  arguments->data.add_to(*command)->description(
      "Real observations: a page of the answer to them, the posterior and how well it fits, instead of one about the "
      "machine");
  command->add_option("--level", arguments->inference.level, "Of --data: probability of the intervals")
      ->capture_default_str();
  command->add_option("--seed", arguments->inference.seed, "Of --data: names the simulations' random numbers");
  command->footer("gnuplot draws the figures (Debian: gnuplot-nox). Without it the numbers are written all the same.");
  command->callback([arguments] { report(*arguments); });
}

}  // namespace alfi::cli
