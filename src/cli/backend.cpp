#include "src/cli/backend.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <string>

#include "alfi/backends.hpp"
#include "alfi/error.hpp"
#include "src/cli/output.hpp"
#include "src/configuration/names.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::cli {

void BackendArguments::add_to(CLI::App& command) {
  static const auto names = [] {
    std::map<std::string, Backend> all;
    for (const auto& [backend, name] : choices_of<Backend>) all.emplace(name, backend);
    return all;
  }();
  command.add_option("--backend", engine.backend, "auto, cpu or cuda; auto takes a CUDA device where there is one")
      ->type_name("NAME")
      ->transform(CLI::CheckedTransformer(names).description(""));
  const CLI::Option* const device =
      command.add_option("--device", engine.device, "Which CUDA device, counting from 0")->type_name("N");
  command.parse_complete_callback([this, device] {
    if (device->count() > 0 && engine.backend == Backend::cpu)
      throw InputError(
          fmt::format("--device {} is a CUDA device's number; --backend must be cuda or auto with it", engine.device));
  });
}

void say_why_not_cuda(const Configuration::Engine& engine) {
  const std::string reason = why_not_cuda(engine);
  if (!reason.empty()) say("running on the CPU; no CUDA device: {}\n", reason);
}

void say_why_not_cuda(const Configuration::Simulator& simulator, const Configuration::Engine& engine) {
  if (!minimises(simulator))
    say_why_not_cuda(engine);
  else if (engine.backend == Backend::automatic)
    say("running on the CPU; {} does on every machine\n", simulator.name);
}

}  // namespace alfi::cli
