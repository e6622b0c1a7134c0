// alfi train: a run folder from a configuration.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "alfi/trainer.hpp"
#include "src/cli/backend.hpp"
#include "src/cli/command.hpp"
#include "src/cli/configuration_arguments.hpp"
#include "src/cli/progress.hpp"
#include "src/cli/stop.hpp"

namespace alfi::cli {
namespace {

/// Quotes a word for a line to be pasted into a shell.
std::string quoted(const std::string& text) {
  if (!text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                              "_./+-=:,@%") == std::string::npos)
    return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

struct Arguments {
  ConfigurationArguments configuration;
  std::string run;
  bool resume = false, force = false;
};

void run_training(const Arguments& arguments) {
  const Configuration configuration = arguments.configuration.load();
  say_why_not_cuda(configuration.simulator, configuration.engine);
  listen_for_stop();
  TrainingOptions options;
  options.resume = arguments.resume;
  options.force = arguments.force;
  TrainingOutcome outcome{};
  options.estimate = [](double seconds) { fmt::print(stderr, "should take about {}\n", duration_text(seconds)); };
  {
    ProgressLine line;
    bool noticed = false;
    options.progress = [&](const TrainingProgress& progress) {
      if (!noticed && !progress.notice.empty()) fmt::print(stderr, "warning: {}\n", progress.notice);
      noticed = noticed || !progress.notice.empty();
      line.show(progress.step >= progress.steps, [&](int bar) { return progress_text(progress, bar); });
      return !stop_wanted();
    };
    outcome = train(configuration, arguments.run, options);
  }
  const std::string checkpoint = outcome.checkpoint.string();
  std::string message;
  if (outcome.finished) {
    message = fmt::format("trained to step {} in {}", outcome.step, duration_text(outcome.seconds));
    if (!std::isnan(outcome.validation_loss))
      message += fmt::format(", validation loss {:.4f}", outcome.validation_loss);
    message += fmt::format("; {}\n", checkpoint);
  } else {
    const std::filesystem::path run(arguments.run);
    message = fmt::format("stopped at step {} of {}; saved {}\nto go on: alfi train {} --out {} --resume\n",
                          outcome.step, configuration.training.steps, checkpoint,
                          quoted((run / "config.yaml").string()), quoted(run.string()));
  }
  if (outcome.skipped > 0)
    message += fmt::format("{} updates were skipped: their gradients were not finite\n", outcome.skipped);
  std::fputs(message.c_str(), stderr);
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* const command = app.add_subcommand("train", "Meta-trains a machine into a run folder");
  const auto arguments = std::make_shared<Arguments>();
  arguments->configuration.add_to(*command, true);
  command->add_option("--out", arguments->run, "The run folder")->type_name("RUN")->required();
  CLI::Option* const resume = command->add_flag("--resume", arguments->resume,
                                                "Go on from the newest checkpoint in the run folder, bit for bit");
  command->add_flag("--force", arguments->force, "Replace the run that is in the folder")->excludes(resume);
  command->footer(
      "Ctrl-C saves and stops; a second one kills.\n"
      "A configuration of the published PyTorch code is read as alfi's own, which RUN/config.yaml then holds.");
  command->callback([arguments] { run_training(*arguments); });
}

}  // namespace alfi::cli
