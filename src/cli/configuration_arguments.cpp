#include "src/cli/configuration_arguments.hpp"

#include "alfi/error.hpp"

namespace alfi::cli {
namespace {

void require_built(const Configuration::Engine& engine) {
  if (engine.backend == Backend::cuda)
    throw RunError("engine.backend = cuda was not built; auto and cpu run on the processor");
  if (engine.precision != Precision::fp32)
    throw RunError("engine.precision = tf32x3 and bf16 were not built; fp32 is there");
  if (engine.encoder == Encoder::table || engine.encoder == Encoder::segments)
    throw RunError("engine.encoder = table and segments were not built; auto and dense are there");
}

}  // namespace

void ConfigurationArguments::add_to(CLI::App& command, bool file_required) {
  auto* const config = command.add_option("CONFIG", file, "Configuration in YAML; alfi info --config lists its keys");
  if (file_required) config->required();
  command.add_option("--set", overrides, "Overrides one value of the configuration; may be repeated")
      ->type_name("section.key=value")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  command.add_option("--backend", backend, "engine.backend: auto, cpu or cuda")->type_name("NAME");
  command.add_option("--threads", threads, "engine.threads: 0 takes all cores")->type_name("N");
  command.add_option("--seed", seed, "engine.seed: names all random numbers")->type_name("S");
}

Configuration ConfigurationArguments::load(const std::string& otherwise) const {
  std::vector<std::string> all = overrides;
  if (!backend.empty()) all.push_back("engine.backend=" + backend);
  if (!threads.empty()) all.push_back("engine.threads=" + threads);
  if (!seed.empty()) all.push_back("engine.seed=" + seed);
  const Configuration configuration =
      file.empty() ? parse_configuration(otherwise, all) : load_configuration(file, all);
  require_built(configuration.engine);
  return configuration;
}

}  // namespace alfi::cli
