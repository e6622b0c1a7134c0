#include "src/simulators/registry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "alfi/error.hpp"
#include "alfi/stamp.hpp"
#include "kernels/sim/list.hpp"
#include "src/simulators/called_simulator.hpp"
#include "src/simulators/module.hpp"
#include "src/simulators/program.hpp"
#include "src/simulators/watchdog.hpp"

namespace alfi {
namespace {

/// Beginning of the identities of functions and linked simulators, before their name.
constexpr std::string_view named = "named ";

LoadedSimulator called(const std::string& identity, Simulator simulator, std::uint64_t fingerprint) {
  const auto owned = std::make_shared<const CalledSimulator>(std::move(simulator));
  return {.identity = identity,
          .facts = owned->facts(),
          .sets = {{nullptr, &owned->functions()}},
          .fingerprint = fingerprint,
          .owner = owned};
}

/// Runs a function of the program that uses the library; what it throws says what it was asked for.
void call(const Simulator& simulator, const SimulatorBatch& batch) {
  const auto failed = [&](const char* why) {
    return RunError(
        fmt::format("the simulator {} failed when it was asked for {}: {}", simulator.name, question_text(batch), why));
  };
  try {
    simulator.simulate(batch);
  } catch (const std::exception& error) {
    throw failed(error.what());
  } catch (...) {
    throw failed("it threw what is no std::exception");
  }
}

}  // namespace

LoadedSimulators& LoadedSimulators::all() {
  static LoadedSimulators loaded;
  return loaded;
}

int LoadedSimulators::number_of_module(BuiltModule module) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const std::string identity = fmt::format("module {:016x} {}", module.fingerprint, module.file.string());
  if (const int number = find(identity); number >= 0) return number;
  const std::filesystem::path header = module.sources.empty() ? "" : module.sources.front().path;
  const SimulatorModule& loaded = *load_module(module.file, header);
  return add_module(identity, loaded, module.fingerprint, std::move(module.sources));
}

int LoadedSimulators::number_of_program(const Configuration::Simulator& simulator) {
  const std::uint64_t fingerprint = program_fingerprint(simulator);
  const std::string identity =
      fmt::format("program {:016x} {} {} {} {}", fingerprint, simulator.workers, simulator.timeout_seconds,
                  static_cast<int>(simulator.protocol), fmt::join(simulator.program, "\n"));
  const std::lock_guard<std::mutex> guard(mutex_);
  if (const int number = find(identity); number >= 0) return number;
  const auto program = std::make_shared<Program>(simulator);
  Simulator described = described_program(simulator);
  described.simulate = [program](const SimulatorBatch& batch) { program->simulate(batch); };
  LoadedSimulator loaded = called(identity, std::move(described), fingerprint);
  loaded.waiting = simulator.workers;
  loaded.keep_log = [program](const std::filesystem::path& file) { program->keep_log(file); };
  loaded.stop_when = [program](std::function<bool()> stop) { program->stop_when(std::move(stop)); };
  return add(std::move(loaded));
}

void LoadedSimulators::add_function(Simulator simulator) {
  const std::string identity = fmt::format("{}{}", named, simulator.name);
  const std::uint64_t fingerprint = facts_hash(simulator);
  Simulator guarded = simulator;
  guarded.simulate = [own = std::move(simulator)](const SimulatorBatch& batch) { call(own, batch); };
  const std::lock_guard<std::mutex> guard(mutex_);
  add(called(identity, std::move(guarded), fingerprint));
}

void LoadedSimulators::add_linked(const SimulatorModule& module, std::uint64_t fingerprint) {
  const std::lock_guard<std::mutex> guard(mutex_);
  add_module(fmt::format("{}{}", named, module.facts.name), module, fingerprint, {});
}

int LoadedSimulators::registered(const std::string& name) {
  const std::lock_guard<std::mutex> guard(mutex_);
  return find(fmt::format("{}{}", named, name));
}

std::vector<std::string_view> LoadedSimulators::registered() {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::vector<std::string_view> names;
  for (const LoadedSimulator& one : loaded_)
    if (one.identity.starts_with(named) && std::ranges::find(names, one.facts.name) == names.end())
      names.emplace_back(one.facts.name);
  return names;
}

int LoadedSimulators::end() {
  const std::lock_guard<std::mutex> guard(mutex_);
  return Simulators::size + static_cast<int>(loaded_.size());
}

const LoadedSimulator& LoadedSimulators::at(int number) {
  const std::lock_guard<std::mutex> guard(mutex_);
  return loaded_[static_cast<std::size_t>(number - Simulators::size)];
}

int LoadedSimulators::find(const std::string& identity) const {
  for (std::size_t i = loaded_.size(); i-- > 0;)
    if (loaded_[i].identity == identity) return Simulators::size + static_cast<int>(i);
  return -1;
}

int LoadedSimulators::add(LoadedSimulator simulator) {
  loaded_.push_back(std::move(simulator));
  return Simulators::size + static_cast<int>(loaded_.size()) - 1;
}

int LoadedSimulators::add_module(const std::string& identity, const SimulatorModule& module, std::uint64_t fingerprint,
                                 std::vector<SourceFile> sources) {
  const auto watched = std::make_shared<std::deque<WatchedSimulator>>();
  std::vector<SimulatorFunctions> sets;
  for (int i = 0; i < module.set_count; ++i)
    sets.push_back(
        {module.sets[i].instruction_set, &watched->emplace_back(module.facts, *module.sets[i].functions).functions()});
  return add({.identity = identity,
              .facts = module.facts,
              .sets = std::move(sets),
              .table = module.table,
              .device_code = module.device_code,
              .fingerprint = fingerprint,
              .sources = std::move(sources),
              .owner = watched});
}

void register_linked_simulator(const char* stamp, const SimulatorModule& module, std::uint64_t fingerprint) {
  std::string refused = refused_facts(module.facts);
  if (std::string_view(stamp) != ALFI_STAMP) refused = "was compiled with the kernels of another alfi; build it again";
  bool taken = false;
  for (int i = 0; i < Simulators::size; ++i)
    Simulators::with(i, [&]<class Sim>() { taken = taken || std::string_view(Sim::facts.name) == module.facts.name; });
  if (taken) refused = "has the name of one of alfi's own";
  if (refused.empty())
    LoadedSimulators::all().add_linked(module, fingerprint);
  else
    std::fputs(fmt::format("alfi: the linked simulator {} cannot be used: it {}\n", module.facts.name, refused).c_str(),
               stderr);
}

}  // namespace alfi
