#include "src/cli/configuration_arguments.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "src/cli/output.hpp"

namespace alfi::cli {

CLI::Option* ConfigurationArguments::add_set(CLI::App& command) {
  return command
      .add_option("--set", overrides, "Overrides one value of the configuration, by alfi's key; may be repeated")
      ->type_name("section.key=value")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
}

void ConfigurationArguments::add_to(CLI::App& command, bool file_required) {
  auto* const config = command.add_option(
      "CONFIG", file, "Configuration in YAML, alfi's own (alfi info --config lists its keys) or the published code's");
  if (file_required) config->required();
  add_set(command);
  command.add_option("--backend", backend, "engine.backend: auto, cpu or cuda")->type_name("NAME");
  command.add_option("--threads", threads, "engine.threads: 0 takes all cores")->type_name("N");
  command.add_option("--seed", seed, "engine.seed: names all random numbers")->type_name("S");
}

Configuration ConfigurationArguments::load(const std::string& otherwise) const {
  std::vector<std::string> all = overrides;
  if (!backend.empty()) all.push_back("engine.backend=" + backend);
  if (!threads.empty()) all.push_back("engine.threads=" + threads);
  if (!seed.empty()) all.push_back("engine.seed=" + seed);
  if (file.empty()) return parse_configuration(otherwise, all);
  std::vector<std::string> notes;
  Configuration configuration = load_configuration(file, all, &notes);
  for (const std::string& note : notes) say("{}{}\n", &note == notes.data() ? "" : "  ", note);
  return configuration;
}

}  // namespace alfi::cli
