// alfi train: a run folder from a configuration.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "alfi/error.hpp"
#include "alfi/trainer.hpp"
#include "src/cli/backend.hpp"
#include "src/cli/command.hpp"
#include "src/cli/configuration_arguments.hpp"
#include "src/cli/duration.hpp"
#include "src/cli/output.hpp"
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
  std::string run, from, time_limit;
  bool resume = false, force = false;
};

/// Says what a training came to. Throws Stopped where it was stopped, by the time limit or a signal; RunError where it
/// is worse than at its start.
void tell(const TrainingOutcome& outcome, const Arguments& arguments, int steps, bool time_is_up) {
  const std::string checkpoint = outcome.checkpoint.string(), best = outcome.best.string();
  std::string message;
  if (outcome.skipped > 0)
    message = fmt::format("{} updates were skipped: their gradients were not finite\n", outcome.skipped);
  if (!outcome.finished) {
    const char* const by = time_is_up ? "by --time-limit " : "";
    if (checkpoint.empty())
      throw Stopped(fmt::format("stopped {}before the first step; there is nothing to save\n", by));
    const std::filesystem::path run(arguments.run);
    throw Stopped(message +
                  fmt::format("stopped {}at step {} of {}; saved {}\nto go on: alfi train {} --out {} --resume\n", by,
                              outcome.step, steps, checkpoint, quoted((run / "config.yaml").string()),
                              quoted(run.string())));
  }
  message += fmt::format("trained to step {} in {}", outcome.step, duration_text(outcome.seconds));
  if (!std::isnan(outcome.validation_loss)) message += fmt::format(", validation loss {:.4f}", outcome.validation_loss);
  message += fmt::format("; {}\n", checkpoint);
  if (outcome.out_of_patience) message += fmt::format("ended before step {}: training.patience ran out\n", steps);
  if (!best.empty() && best != checkpoint) message += fmt::format("the best by validation is {}\n", best);
  say("{}", message);
  if (!outcome.worse.empty()) throw RunError(outcome.worse);
}

void run_training(const Arguments& arguments) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  const double most_seconds = arguments.time_limit.empty() ? INFINITY : parse_duration(arguments.time_limit);
  const auto time_is_up = [&] { return std::chrono::duration<double>(Clock::now() - begin).count() >= most_seconds; };
  const Configuration configuration = arguments.configuration.load();
  say_why_not_cuda(configuration.simulator, configuration.engine);
  listen_for_stop();
  TrainingOptions options;
  options.resume = arguments.resume;
  options.force = arguments.force;
  options.from = arguments.from;
  options.stop = [&] { return stop_wanted() || time_is_up(); };
  options.note = [](const std::string& note) { say("{}\n", note); };
  options.estimate = [](double seconds) { say("should take about {}\n", duration_text(seconds)); };
  TrainingOutcome outcome{};
  {
    ProgressLine line;
    bool noticed = false;
    options.progress = [&](const TrainingProgress& progress) {
      if (!noticed && !progress.notice.empty()) say("warning: {}\n", progress.notice);
      noticed = noticed || !progress.notice.empty();
      line.show(progress.step >= progress.steps, [&](int bar) { return progress_text(progress, bar); });
      return !options.stop();
    };
    outcome = train(configuration, arguments.run, options);
  }
  tell(outcome, arguments, configuration.training.steps, time_is_up());
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* const command = app.add_subcommand("train", "Meta-trains a machine into a run folder");
  const auto arguments = std::make_shared<Arguments>();
  arguments->configuration.add_to(*command, true);
  command->add_option("--out", arguments->run, "The run folder")->type_name("RUN")->required();
  CLI::Option* const resume =
      command->add_flag("--resume", arguments->resume,
                        "Go on from the newest checkpoint in the run folder, bit for bit. Lengthens with "
                        "--set training.steps=N, of schedule cooldown or constant");
  command->add_flag("--force", arguments->force, "Replace the run that is in the folder")->excludes(resume);
  command->add_option("--from", arguments->from, "Begin with the weights of this run or checkpoint, of equal networks")
      ->type_name("RUN")
      ->excludes(resume);
  command->add_option("--time-limit", arguments->time_limit, "Save and stop by then: 90 (seconds), 15m, 3h50m, 1d12h")
      ->type_name("DURATION");
  command->footer(
      "Ctrl-C saves and stops, with exit code 3; a second one kills. So do SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, "
      "SIGXCPU.\n"
      "A configuration of the published PyTorch code is read as alfi's own, which RUN/config.yaml then holds.");
  command->callback([arguments] { run_training(*arguments); });
}

}  // namespace alfi::cli
