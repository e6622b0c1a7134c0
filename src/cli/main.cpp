// `alfi`: the subcommands, and what becomes of their errors.
//
// Exit codes: 0 done, 1 the run failed, 2 the call or its input is wrong, 3 stopped, and what was done is saved. A
// write beyond a limit on file sizes or into a closed pipe is an error like any other, so the signals that would kill
// are ignored; src/cli/output.hpp says what happens when the reader of standard output goes.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "alfi/error.hpp"
#include "src/cli/command.hpp"
#include "src/cli/output.hpp"
#include "src/cli/stop.hpp"
#include "src/cli/version.hpp"

namespace {

// Takes no memory: there may be none.
int fail(int code, const char* message) {
  std::fprintf(stderr, "alfi: error: %s\n", message);
  return code;
}

/// Returns the subcommand that was called, or a subcommand of it.
const CLI::App& called(const CLI::App& app) {
  const auto below = app.get_subcommands();
  return below.empty() ? app : called(*below.front());
}

/// Lets all options refuse empty values: an empty name of a file, mostly a variable that is not set, is none.
void require_values(CLI::App& app) {
  for (CLI::Option* const option : app.get_options()) {
    if (option->get_items_expected_max() == 0) continue;
    const auto refuse_empty = [option](const std::string& value) {
      if (value.empty()) throw alfi::InputError(fmt::format("{} '' is no value", option->get_name()));
      return std::string();
    };
    option->check(CLI::Validator(refuse_empty, ""));
  }
  for (CLI::App* const command : app.get_subcommands({})) require_values(*command);
}

/// Says what is wrong with the arguments. CLI11 lists those it does not know from the last to the first, says of a text
/// that should be a number only that it was not converted, and only misses a command where the one given is unknown.
std::string complaint(const CLI::ParseError& error, const CLI::App& app) {
  const std::vector<std::string> rest = app.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !app.get_subcommands().empty())
    return fmt::format("unknown to alfi {}: {}", called(app).get_name(), fmt::join(rest, " "));
  constexpr std::string_view converting = "Could not convert: ";
  if (const std::string text = error.what(); text.starts_with(converting))
    return fmt::format("{}: must be a number, whole where it counts", text.substr(converting.size()));
  if (!app.get_subcommands().empty() || rest.empty()) return error.what();
  std::vector<std::string> names;
  for (const CLI::App* const command : app.get_subcommands({})) names.push_back(command->get_name());
  return fmt::format("'{}' is no command or option of alfi; its commands are {}", rest.front(), fmt::join(names, ", "));
}

int run(int argc, char** argv) {
  CLI::App app("Learns to infer the parameters of a simulator from its observations, without a likelihood.", "alfi");
  app.set_version_flag("--version", std::string("alfi ") + alfi::cli::version);
  app.require_subcommand(1);
  alfi::cli::add_train(app);
  alfi::cli::add_evaluate(app);
  alfi::cli::add_infer(app);
  alfi::cli::add_simulate(app);
  alfi::cli::add_simulator(app);
  alfi::cli::add_bench(app);
  alfi::cli::add_replay(app);
  alfi::cli::add_convert(app);
  alfi::cli::add_report(app);
  alfi::cli::add_baseline(app);
  alfi::cli::add_info(app);
  require_values(app);
  try {
    app.parse(argc, argv);
    alfi::cli::flush_output();
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return fail(2, (complaint(error, app) + " (alfi --help, alfi COMMAND --help)").c_str());
  }
}

/// Says what fmt::print threw of standard output, or what else the system refused.
int fail(const std::system_error& error) {
  if (std::ferror(stdout) == 0) return fail(1, error.what());
  if (error.code() == std::errc::broken_pipe) return 0;
  return fail(1, ("standard output cannot be written: " + error.code().message()).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  alfi::cli::open_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const alfi::cli::ReaderGone&) {
    return 0;
  } catch (const alfi::cli::Stopped& stopped) {
    std::fputs(stopped.what(), stderr);
    return 3;
  } catch (const alfi::InputError& error) {
    return fail(2, error.what());
  } catch (const std::bad_alloc&) {
    return fail(1, "memory ran out");
  } catch (const std::system_error& error) {
    return fail(error);
  } catch (const std::exception& error) {
    return fail(1, error.what());
  }
}
