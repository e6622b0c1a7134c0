// alfi info: what this build has and this machine runs.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <oneapi/tbb/task_arena.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "alfi/backends.hpp"
#include "alfi/configuration.hpp"
#include "alfi/simulators.hpp"
#include "src/cli/command.hpp"
#include "src/cli/output.hpp"
#include "src/cli/version.hpp"
#include "src/configuration/keys.hpp"
#include "src/configuration/names.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/system/instruction_set.hpp"

namespace alfi::cli {
namespace {

struct Arguments {
  bool json = false, configuration = false;
};

int thread_count() { return tbb::this_task_arena::max_concurrency(); }

nlohmann::ordered_json as_json(const std::vector<ConstantInfo>& all) {
  nlohmann::ordered_json constants = nlohmann::json::array();
  for (const ConstantInfo& c : all)
    constants.push_back({{"name", c.name},
                         {"meaning", c.meaning},
                         {"whole", c.whole},
                         {"low", c.low},
                         {"high", c.high},
                         {"default", c.usual}});
  return constants;
}

nlohmann::ordered_json prior_as_json(const ParameterInfo& p) {
  if (p.prior == Prior::normal) return {{"law", "normal"}, {"mean", p.mean()}, {"deviation", p.deviation()}};
  if (p.prior == Prior::uniform) return {{"law", "uniform"}, {"low", p.low}, {"high", p.high}};
  return prior_text(p);
}

nlohmann::ordered_json as_json(const SimulatorInfo& simulator) {
  nlohmann::ordered_json parameters = nlohmann::json::array();
  for (const ParameterInfo& p : simulator.parameters)
    parameters.push_back({{"name", p.name}, {"unit", p.unit}, {"prior", prior_as_json(p)}});
  // JSON has no infinity: a bound that is none is null.
  const ObservationInfo& o = simulator.observations;
  return {{"name", simulator.name},
          {"description", simulator.description},
          {"constants", as_json(simulator.constants)},
          {"parameters", parameters},
          {"observations",
           {{"dimension", o.dimension}, {"whole", o.whole}, {"low", o.low}, {"high", o.high}, {"meaning", o.meaning}}}};
}

/// Describes every key of a configuration.
nlohmann::ordered_json keys_as_json() {
  nlohmann::ordered_json all = nlohmann::json::array();
  for (const configuration::Key& key : configuration::keys)
    all.push_back({{"key", key.path},
                   {"meaning", key.meaning},
                   {"allowed", allowed(key)},
                   {"default", configuration::default_text(key)}});
  return all;
}

/// Name and constants of a simulator or an objective.
std::string heading(const auto& info) {
  std::string text = fmt::format("  {}: {}\n", info.name, info.description);
  for (const ConstantInfo& c : info.constants)
    text += fmt::format("    {} {} ({} to {}), {} unless given\n", c.name, c.meaning, c.low, c.high, c.usual);
  return text;
}

std::string as_text(const SimulatorInfo& simulator) {
  std::string text = heading(simulator);
  for (const ParameterInfo& p : simulator.parameters)
    text += fmt::format("    {}{}, prior {}\n", p.name, p.unit.empty() ? "" : " (" + p.unit + ")", prior_text(p));
  const ObservationInfo& o = simulator.observations;
  return text + fmt::format("    observations: {}{}{}\n", o.dimension > 1 ? fmt::format("{} ", o.dimension) : "",
                            o.meaning,
                            std::isfinite(o.high)  ? fmt::format(" in [{}, {}]", o.low, o.high)
                            : std::isfinite(o.low) ? fmt::format(" from {}", o.low)
                                                   : "");
}

void show_info(const Arguments& arguments) {
  const CudaDevices cuda = cuda_devices();
  if (arguments.json) {
    nlohmann::ordered_json simulator_list = nlohmann::json::array();
    for (const SimulatorInfo& simulator : simulators()) simulator_list.push_back(as_json(simulator));
    nlohmann::ordered_json objective_list = nlohmann::json::array();
    for (const ObjectiveInfo& o : objectives())
      objective_list.push_back({{"name", o.name}, {"description", o.description}, {"constants", as_json(o.constants)}});
    constexpr std::string_view cpu = name_of(Backend::cpu);
    nlohmann::ordered_json info{
        {"version", version},
        {"backends", cuda.names.empty() ? nlohmann::json{cpu} : nlohmann::json{cpu, name_of(Backend::cuda)}},
        {"cuda_devices", cuda.names},
        {"cuda_fused_widths", cuda.fused_widths},
        {"instruction_set", host_kernels().name},
        {"instruction_sets", instruction_sets()},
        {"threads", thread_count()},
        {"simulators", simulator_list},
        {"objectives", objective_list}};
    if (arguments.configuration) info["configuration"] = keys_as_json();
    write_output(info.dump(2) + "\n");
    return;
  }
  if (arguments.configuration) {
    write_output(describe_configuration());
    return;
  }
  std::vector<std::string> devices;
  for (std::size_t i = 0; i < cuda.names.size(); ++i)
    devices.push_back(fmt::format("{}, encoders up to {} wide in fused kernels and others through cuBLAS",
                                  cuda.names[i], cuda.fused_widths[i]));
  std::string text = fmt::format(
      "alfi {}\ninstruction sets: {}; {} is used (ALFI_ISA chooses another)\n"
      "threads: {}\nCUDA devices: {}\nsimulators:\n",
      version, fmt::join(instruction_sets(), ", "), host_kernels().name, thread_count(),
      cuda.names.empty() ? "none: " + cuda.trouble : fmt::format("{}", fmt::join(devices, "; ")));
  for (const SimulatorInfo& simulator : simulators()) text += as_text(simulator);
  text += "objectives, to be minimised instead of inferred from (train, evaluate, report):\n";
  for (const ObjectiveInfo& objective : objectives()) text += heading(objective);
  write_output(text);
}

}  // namespace

void add_info(CLI::App& app) {
  CLI::App* const command = app.add_subcommand("info", "Shows the version, simulators and what runs here");
  const auto arguments = std::make_shared<Arguments>();
  command->add_flag("--json", arguments->json, "One JSON object on standard output");
  command->add_flag("--config", arguments->configuration, "Every key of a configuration: meaning, values, default");
  command->callback([arguments] { show_info(*arguments); });
}

}  // namespace alfi::cli
