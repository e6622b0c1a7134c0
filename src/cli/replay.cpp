// alfi replay: a recorded run through this engine's kernels, for comparison with what was recorded.
#include "src/machine/replay.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "alfi/error.hpp"
#include "src/cli/backend.hpp"
#include "src/cli/command.hpp"
#include "src/cli/destination.hpp"
#include "src/cli/output.hpp"
#include "src/engine/processors.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi::cli {
namespace {

struct Arguments {
  std::string tape, out;
  BackendArguments backend;
  bool force = false;
};

void run_replay(const Arguments& arguments) {
  require_other_file("--out", arguments.out, arguments.tape, "the recorded run");
  require_ending("--out", arguments.out, {".safetensors", ""});
  require_free("--out", arguments.out, arguments.force);
  say_why_not_cuda(arguments.backend.engine);
  const auto processor = make_processor(arguments.backend.engine);
  write_file_atomically(arguments.out, serialize(replay(read_safetensors(arguments.tape), *processor)));
}

}  // namespace

void add_replay(CLI::App& app) {
  CLI::App* const command =
      app.add_subcommand("replay", "Runs recorded weights and draws through the engine's kernels");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("TAPE", arguments->tape, "The recorded run, in safetensors")->required();
  command->add_option("--out", arguments->out, "psi, loss_per_iteration, loss and grad.*, in safetensors")
      ->type_name("FILE")
      ->required();
  command->add_flag("--force", arguments->force, "Replace the file of --out that is there");
  arguments->backend.add_to(*command);
  command->callback([arguments] { run_replay(*arguments); });
}

}  // namespace alfi::cli
