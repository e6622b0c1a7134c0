// alfi report: RUN/report.html, a machine's figures and numbers on one page.
#include "alfi/report.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "src/cli/backend.hpp"
#include "src/cli/command.hpp"
#include "src/cli/machine_arguments.hpp"
#include "src/cli/output.hpp"
#include "src/cli/progress.hpp"

namespace alfi::cli {
namespace {

struct Arguments {
  MachineArguments machine;
  std::string out;
  EvaluationOptions evaluation;
  BackendArguments backend;
};

void report(const Arguments& arguments) {
  ReportOptions options{arguments.evaluation, arguments.out, arguments.machine.simulator};
  options.evaluation.backend = arguments.backend.engine.backend;
  options.evaluation.device = arguments.backend.engine.device;
  if (std::filesystem::is_directory(arguments.machine.run))  // else write_report says what is wrong
    say_why_not_cuda(arguments.machine.load().configuration().simulator, arguments.backend.engine);
  std::optional<JobProgress> progress(std::in_place);
  options.evaluation.progress = [&progress](double done) { progress->show(done); };
  const Report written = write_report(arguments.machine.run, options);
  progress.reset();  // its line ends
  say("written: {}; its figures and numbers, each by itself: {}\n", written.page.string(), written.numbers.string());
}

}  // namespace

void add_report(CLI::App& app) {
  CLI::App* const command = app.add_subcommand("report", "A page of figures and numbers: how good a machine is");
  const auto arguments = std::make_shared<Arguments>();
  arguments->machine.add_to(*command, "RUN", "Run folder (its newest checkpoint)");
  command->add_option("--episodes", arguments->evaluation.episodes, "Problems to evaluate on; 0: as configured")
      ->type_name("N");
  command->add_option("--threads", arguments->evaluation.threads, "Threads; 0: as configured")->type_name("N");
  command
      ->add_option("--out", arguments->out,
                   "The page; RUN/report.html if not given. Its figures and numbers go into a folder beside it, of its "
                   "name without .html")
      ->type_name("FILE.html");
  arguments->backend.add_to(*command);
  command->footer("gnuplot draws the figures (Debian: gnuplot-nox). Without it the numbers are written all the same.");
  command->callback([arguments] { report(*arguments); });
}

}  // namespace alfi::cli
