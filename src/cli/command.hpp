// The subcommands of `alfi`, a file each. Exit codes: 0 done, 1 the run failed, 2 the call or its input is wrong.
// With --json one JSON object goes to standard output; everything else goes to standard error.
#pragma once

#include <CLI/CLI.hpp>

namespace alfi::cli {

// Add a subcommand each to the application. The work happens in the subcommand's callback, which throws alfi::Error.
void add_train(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_infer(CLI::App& app);
void add_simulate(CLI::App& app);
void add_simulator(CLI::App& app);
void add_bench(CLI::App& app);
void add_replay(CLI::App& app);
void add_convert(CLI::App& app);
void add_report(CLI::App& app);
void add_baseline(CLI::App& app);
void add_info(CLI::App& app);

}  // namespace alfi::cli
