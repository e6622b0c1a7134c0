#include "src/model/simulator_of_run.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <system_error>

#include "alfi/error.hpp"
#include "src/simulators/module.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi {
namespace {

std::string text_of(std::uint64_t fingerprint) { return fmt::format("{:016x}", fingerprint); }

std::filesystem::path copy_in(const std::filesystem::path& run, const std::filesystem::path& source) {
  return run / "simulator" / source.filename();
}

}  // namespace

void keep_simulator(const std::filesystem::path& run, const Configuration::Simulator& simulator) {
  if (simulator.source.empty()) return;
  for (const std::filesystem::path& source : build_module(simulator.source).sources) {
    const std::filesystem::path copy = copy_in(run, source);
    std::filesystem::create_directories(copy.parent_path());
    std::error_code none;
    if (!std::filesystem::equivalent(source, copy, none)) write_file_atomically(copy, read_file(source));
  }
}

std::string fingerprint_of(const Plan& plan) {
  return plan.minimises || is_built_in(plan.number) ? "" : text_of(simulator_fingerprint(plan.number));
}

std::vector<std::string> find_simulator_of_run(const std::string& configuration, const std::string& fingerprint,
                                               const SimulatorPlaces& places) {
  const YAML::Node simulator = YAML::Load(configuration)["simulator"];
  const bool compiled = simulator["source"].IsDefined();
  if (!compiled && !simulator["module"].IsDefined()) return {};
  const char* const key = compiled ? "source" : "module";
  const std::filesystem::path trained = simulator[key].Scalar();
  std::vector<std::filesystem::path> candidates{places.given};
  if (places.given.empty()) {
    candidates = {trained};
    if (compiled) candidates.push_back(copy_in(places.run, trained));
  }
  std::string seen;
  for (const std::filesystem::path& candidate : candidates) {
    std::error_code hidden;
    if (!std::filesystem::exists(candidate, hidden)) {
      seen += fmt::format("; {} is not there", candidate.string());
      continue;
    }
    Configuration::Simulator tried;
    (compiled ? tried.source : tried.module) = candidate.string();
    try {
      if (text_of(simulator_fingerprint(simulator_number(tried))) == fingerprint) {
        YAML::Emitter path;
        path << YAML::DoubleQuoted << std::filesystem::absolute(candidate).string();
        return {fmt::format("simulator.{}={}", key, path.c_str())};
      }
    } catch (const InputError&) {  // it does not even compile, or load: it is not what the run was trained with
    }
    seen += fmt::format("; {} was changed since", candidate.string());
  }
  throw InputError(fmt::format("{}: the simulator it was trained with is missing{}. --simulator PATH says where it is",
                               places.run.string(), seen));
}

}  // namespace alfi
