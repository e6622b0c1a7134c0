// alfi convert: weights between the published PyTorch code and alfi, as a state_dict in a safetensors file.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "alfi/error.hpp"
#include "kernels/choice_facts.hpp"
#include "src/cli/command.hpp"
#include "src/cli/configuration_arguments.hpp"
#include "src/cli/destination.hpp"
#include "src/cli/output.hpp"
#include "src/configuration/names.hpp"
#include "src/formats/printable.hpp"
#include "src/machine/state_dict.hpp"
#include "src/model/checkpoint.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi::cli {
namespace {

struct Arguments {
  std::filesystem::path source, out;
  ConfigurationArguments configuration;
  bool force = false;
};

void import_state_dict(const Arguments& arguments) {
  if (arguments.force) throw InputError("--force does not go with --config: a new run folder is needed");
  if (const std::string ending = arguments.out.extension().string(); ending == ".safetensors")
    throw InputError(
        fmt::format("--out {} must be a folder, for a run; --config imports", printable(arguments.out.string())));
  const Plan plan = arguments.configuration.load();
  const SafeTensors state_dict = read_safetensors(arguments.source);
  const Checkpoint checkpoint = import_weights(state_dict, plan);
  write_run(arguments.out, checkpoint);
  if (std::ranges::any_of(state_dict.tensors, [](const auto& tensor) { return tensor.second.dtype == "F64"; }))
    say("numbers of 64 bits were rounded to 32\n");
  say("written: {}\n", checkpoint_path(arguments.out, checkpoint.step).string());
}

/// Returns what the published code could not do with a machine's weights.
std::vector<std::string> beyond_reference(const Configuration& c) {
  std::vector<std::string> beyond;
  if (const Loss loss = c.training.loss; weighs_by_deviation(loss))
    beyond.emplace_back(fmt::format("training.loss: {}", name_of(loss)));
  if (c.simulator.transform != Transform::none) beyond.emplace_back("simulator.transform");
  if (c.episode.real_observations.min != c.episode.real_observations.max)
    beyond.emplace_back("a range of episode.real_observations");
  if (c.networks.encoder.pooling != Pooling::mean) beyond.emplace_back("networks.encoder.pooling");
  if (c.networks.rim.update != Update::clamp) beyond.emplace_back("networks.rim.update");
  return beyond;
}

void export_state_dict(const Arguments& arguments) {
  std::error_code ignored;
  std::vector<std::filesystem::path> saved{arguments.source};
  if (std::filesystem::is_directory(arguments.source, ignored)) saved = checkpoints_of(arguments.source);
  if (saved.empty())
    throw InputError(
        fmt::format("{}: no run folder with a checkpoint (checkpoints/step-N.safetensors)", arguments.source.string()));
  for (const std::filesystem::path& checkpoint : saved)
    require_other_file("--out", arguments.out, checkpoint, "a checkpoint of the run");
  require_ending("--out", arguments.out, {".safetensors", ""});
  require_free("--out", arguments.out, arguments.force);
  const Checkpoint checkpoint = [&] {
    try {
      return read_newest(saved);
    } catch (const InputError& error) {
      throw InputError(fmt::format("{} (to import a state_dict: --config CONFIG)", error.what()));
    }
  }();
  const SafeTensors state_dict = export_weights(checkpoint);
  write_file_atomically(arguments.out, serialize(state_dict));
  const std::vector<std::string> beyond = beyond_reference(checkpoint.plan.configuration);
  for (const std::string& what : beyond)
    say("warning: the machine uses {}, which the published code has not: there it is another machine\n", what);
  say("written: {}\n", arguments.out.string());
}

void convert(const Arguments& arguments) {
  if (arguments.configuration.file.empty())
    export_state_dict(arguments);
  else
    import_state_dict(arguments);
}

}  // namespace

void add_convert(CLI::App& app) {
  CLI::App* const command =
      app.add_subcommand("convert", "Weights to and from the published PyTorch code's state_dict, in safetensors");
  const auto arguments = std::make_shared<Arguments>();
  command
      ->add_option(
          "SOURCE", arguments->source,
          "What to export: a run folder (its newest checkpoint) or a checkpoint; with --config, the state_dict "
          "to import")
      ->required();
  CLI::Option* const config =
      command
          ->add_option("--config", arguments->configuration.file,
                       "Imports: the machine the weights belong to, alfi's configuration or the published code's")
          ->type_name("CONFIG");
  arguments->configuration.add_set(*command)->needs(config);
  command->add_option("--out", arguments->out, "The file to export to, or the new run folder to import into")
      ->type_name("FILE|RUN")
      ->required();
  command->add_flag("--force", arguments->force, "Replace the file of --out that is there");
  command->footer(
      "alfi convert RUN --out weights.safetensors\n"
      "alfi convert weights.safetensors --config CONFIG --out RUN");
  command->callback([arguments] { convert(*arguments); });
}

}  // namespace alfi::cli
