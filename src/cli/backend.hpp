// Backend of a command that takes no configuration.
#pragma once

#include <CLI/CLI.hpp>

#include "alfi/configuration.hpp"

namespace alfi::cli {

struct BackendArguments {
  Configuration::Engine engine;

  /// Adds --backend and --device. They refer to this object, which has to outlive the parse.
  void add_to(CLI::App& command);
};

/// Writes a line to standard error where backend auto takes the CPU, with the reason.
void say_why_not_cuda(const Configuration::Engine& engine);
/// Says why a machine, which may run on the CPU alone, is not on a CUDA device.
void say_why_not_cuda(const Configuration::Simulator& simulator, const Configuration::Engine& engine);

}  // namespace alfi::cli
