// The run that a subcommand takes, and where its simulator is.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "alfi/machine.hpp"

namespace alfi::cli {

struct MachineArguments {
  std::string run, simulator;

  /// Adds the run, a positional argument of this name and description, and --simulator.
  void add_to(CLI::App& command, const std::string& name, const std::string& description) {
    command.add_option(name, run, description)->required();
    add_simulator(command);
  }
  void add_simulator(CLI::App& command) {
    command
        .add_option(
            "--simulator", simulator,
            "The header, module or program's file that the machine was trained with, where it is neither in its place "
            "nor in the run folder")
        ->type_name("PATH");
  }

  Machine load() const { return Machine::load(run, simulator); }
};

}  // namespace alfi::cli
