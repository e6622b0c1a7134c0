#include "src/simulators/simulators.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "alfi/error.hpp"
#include "kernels/sim/list.hpp"
#include "src/simulators/module.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/registry.hpp"
#include "src/system/atomic_file.hpp"
#include "src/system/instruction_set.hpp"

namespace alfi {
namespace {

/// Returns what simulator `number` says of itself.
SimulatorFacts facts_of(int number) {
  if (!is_built_in(number)) return LoadedSimulators::all().at(number).facts;
  SimulatorFacts facts{};
  Simulators::with(number, [&]<class Sim>() { facts = Sim::facts; });
  return facts;
}

// A function: simulators() is asked before this file's constants are made.
ConstantInfo dimensions() { return {"dimensions", "of θ", true, 1, most_parameters, 10}; }

ConstantInfo info_of(const ConstantFacts& c) { return {c.name, c.meaning, c.is_whole, c.low, c.high, c.usual}; }

std::vector<ConstantInfo> constants_of(const SimulatorFacts& facts) {
  std::vector<ConstantInfo> constants;
  for (int i = 0; i < facts.constant_count; ++i) constants.push_back(info_of(facts.constants[i]));
  return constants;
}

/// Returns the name of a configured simulator or objective, and its constants.
std::pair<std::string, std::vector<ConstantInfo>> constants_of(const Configuration::Simulator& simulator) {
  for (const ObjectiveInfo& objective : objectives())
    if (objective.name == simulator.name) return {objective.name, objective.constants};
  Configuration::Simulator usual = simulator;
  usual.parameters.clear();
  const SimulatorFacts facts = facts_of(simulator_number(usual));
  return {facts.name, constants_of(facts)};
}

/// Throws where these constants are not allowed, or are not those that a module was compiled with.
void require_constants(const Configuration::Simulator& simulator) {
  const std::string must = refused_constants(simulator);
  if (must.empty()) return;
  std::vector<std::string> given;
  for (const auto& [name, value] : simulator.parameters) given.push_back(fmt::format("{}: {}", name, value));
  throw InputError(fmt::format("simulator.parameters = {{{}}}: must be {}", fmt::join(given, ", "), must));
}

/// Throws where a loaded simulator was compiled with other constants than these.
void require_compiled_with(int number, const std::map<std::string, double>& constants) {
  if (is_built_in(number)) return;
  const SimulatorFacts facts = facts_of(number);
  for (int i = 0; i < facts.constant_count; ++i) {
    const ConstantFacts& constant = facts.constants[i];
    const auto given = constants.find(constant.name);
    if (given != constants.end() && given->second != constant.value)
      throw InputError(
          fmt::format("simulator.parameters.{0} is {1}, but the simulator {2} was compiled with {0} = {3}; "
                      "alfi simulator build --parameter {0}={1} compiles another one",
                      constant.name, given->second, facts.name, constant.value));
  }
}

double value_of(const std::map<std::string, double>& constants, const ConstantInfo& constant) {
  const auto found = constants.find(constant.name);
  return found == constants.end() ? constant.usual : found->second;
}

ParameterInfo info_of(const ParameterFacts& facts, const std::string& name) {
  const PriorLaw& law = facts.law;
  return {name, facts.unit, law.low, law.high, law.prior, law.first, law.second};
}

std::vector<ParameterInfo> parameters_of(const SimulatorFacts& facts, const std::map<std::string, double>& constants) {
  std::vector<ParameterInfo> parameters;
  for (int kind = 0; kind < facts.parameter_count; ++kind) {
    const ParameterFacts& parameter = facts.parameters[kind];
    if (!parameter.repeated) {
      parameters.push_back(info_of(parameter, parameter.name));
      continue;
    }
    const int count = static_cast<int>(value_of(constants, info_of(facts.constants[0])));
    for (int i = 1; i <= count; ++i) parameters.push_back(info_of(parameter, fmt::format("{}_{}", parameter.name, i)));
  }
  return parameters;
}

SimulatorInfo describe(int number, const std::map<std::string, double>& constants) {
  const SimulatorFacts facts = facts_of(number);
  const std::vector<ParameterInfo> parameters = parameters_of(facts, constants);
  const auto& [dimension, kind, meaning] = facts.observation;
  const int X = dimension == any_size ? static_cast<int>(parameters.size()) : dimension;
  return {.name = facts.name,
          .description = facts.description,
          .parameters = parameters,
          .observations = {X, kind.is_whole, kind.low, kind.high, meaning},
          .constants = constants_of(facts),
          .number = number};
}

/// Describes a configured simulator with its own priors.
SimulatorInfo described(const Configuration::Simulator& simulator) {
  return describe(simulator_number(simulator), simulator.parameters);
}

}  // namespace

bool is_built_in(int simulator) { return simulator < Simulators::size; }

const char* device_code(int simulator) {
  return is_built_in(simulator) ? nullptr : LoadedSimulators::all().at(simulator).device_code;
}

const std::vector<SimulatorInfo>& simulators() {
  static const std::vector<SimulatorInfo> all = [] {
    std::vector<SimulatorInfo> infos;
    for (int i = 0; i < Simulators::size; ++i) infos.push_back(describe(i, {}));
    return infos;
  }();
  return all;
}

int simulator_number(const std::string& name) {
  for (std::size_t i = 0; i < simulators().size(); ++i)
    if (simulators()[i].name == name) return static_cast<int>(i);
  if (const int number = LoadedSimulators::all().registered(name); number >= 0) return number;
  std::vector<std::string> names;
  for (const SimulatorInfo& info : simulators()) names.push_back(info.name);
  throw InputError(fmt::format("simulator '{}' {}; there are {}", name,
                               minimises({name, {}, {}}) ? "is an objective, which has no observations" : "is unknown",
                               fmt::join(names, ", ")));
}

int simulator_number(const Configuration::Simulator& simulator) {
  if (!simulator.program.empty()) return LoadedSimulators::all().number_of_program(simulator);
  if (!simulator.parameters.empty()) require_constants(simulator);
  int number;
  if (!simulator.source.empty()) {
    number = LoadedSimulators::all().number_of_module(build_module(simulator.source, simulator.parameters));
  } else if (!simulator.module.empty()) {
    const std::vector<std::byte> bytes = read_file(simulator.module);
    number = LoadedSimulators::all().number_of_module({simulator.module, XXH3_64bits(bytes.data(), bytes.size()), {}});
  } else {
    number = simulator_number(simulator.name);
  }
  require_compiled_with(number, simulator.parameters);
  return number;
}

std::vector<std::string_view> registered_simulators() { return LoadedSimulators::all().registered(); }

void register_simulator(Simulator simulator) {
  const auto taken = [&](const auto& known) { return known.name == simulator.name; };
  if (std::ranges::any_of(simulators(), taken) || std::ranges::any_of(objectives(), taken))
    throw InputError(fmt::format("the simulator {}: alfi has one of this name; it must have another", simulator.name));
  LoadedSimulators::all().add_function(std::move(simulator));
}

int waiting_threads(int simulator) {
  return is_built_in(simulator) ? 0 : LoadedSimulators::all().at(simulator).waiting;
}

bool is_called(int simulator) { return !is_built_in(simulator) && LoadedSimulators::all().at(simulator).is_called(); }

void keep_simulator_log(int simulator, const std::filesystem::path& file) {
  if (!is_built_in(simulator) && LoadedSimulators::all().at(simulator).keep_log)
    LoadedSimulators::all().at(simulator).keep_log(file);
}

void stop_simulator_when(int simulator, std::function<bool()> stop) {
  if (!is_built_in(simulator) && LoadedSimulators::all().at(simulator).stop_when)
    LoadedSimulators::all().at(simulator).stop_when(std::move(stop));
}

std::span<const SourceFile> simulator_sources(int simulator) {
  if (is_built_in(simulator)) return {};
  return LoadedSimulators::all().at(simulator).sources;
}

std::uint64_t simulator_fingerprint(int simulator) {
  return is_built_in(simulator) ? 0 : LoadedSimulators::all().at(simulator).fingerprint;
}

int table_size(int simulator) {
  if (!is_built_in(simulator)) return LoadedSimulators::all().at(simulator).table;
  int size = 0;
  Simulators::with(simulator, [&]<class Sim>() { size = table_of<Sim>(); });
  return size;
}

int largest_table() {
  int most = 0;
  for (int i = 0; i < LoadedSimulators::all().end(); ++i) most = std::max(most, table_size(i));
  return most;
}

bool may_fail(int simulator) { return !facts_of(simulator).is_finite; }

double number_price(int simulator) { return facts_of(simulator).number_price; }

const std::vector<ObjectiveInfo>& objectives() {
  static const std::vector<ObjectiveInfo> all{
      {"quadratic", "‖Wθ − y‖² with standard normal W (D, D) and y (D), from θ = 0", {dimensions()}}};
  return all;
}

SimulatorInfo simulator_at(const std::string& what, const std::map<std::string, double>& constants) {
  Configuration::Simulator simulator{.name = {}, .parameters = constants};
  const bool is_named = what.find('.') == what.npos && what.find('/') == what.npos;
  (is_named ? simulator.name : what.ends_with(".so") ? simulator.module : simulator.source) = what;
  return described(simulator);
}

std::string simulator_name(const Configuration::Simulator& simulator) {
  return minimises(simulator) ? simulator.name : described(simulator).name;
}

bool minimises(const Configuration::Simulator& simulator) {
  return std::any_of(objectives().begin(), objectives().end(),
                     [&](const ObjectiveInfo& objective) { return objective.name == simulator.name; });
}

int dimensions_of(const Configuration::Simulator& simulator) {
  return static_cast<int>(value_of(simulator.parameters, dimensions()));
}

std::string refused_constants(const Configuration::Simulator& simulator) {
  if (simulator.parameters.empty()) return {};
  const auto known = constants_of(simulator);  // its name and they
  const std::vector<ConstantInfo>& constants = known.second;
  const auto allowed = [&](const auto& given) {
    return std::any_of(constants.begin(), constants.end(), [&](const ConstantInfo& constant) {
      return given.first == constant.name && std::isfinite(given.second) && given.second >= constant.low &&
             given.second <= constant.high && (!constant.whole || given.second == std::floor(given.second));
    });
  };
  if (std::all_of(simulator.parameters.begin(), simulator.parameters.end(), allowed)) return {};
  std::vector<std::string> names;
  for (const ConstantInfo& c : constants)
    names.push_back(fmt::format("{}: a {}number from {} to {}", c.name, c.whole ? "whole " : "", c.low, c.high));
  return fmt::format("{{{}}}{}", fmt::join(names, ", "),
                     names.empty() ? fmt::format(": the simulator {} has no parameters", known.first) : "");
}

SimulatorInfo find_simulator(const std::string& name, const std::map<std::string, double>& constants) {
  return described({.name = name, .parameters = constants});
}

SimulatorInfo find_simulator(const Configuration& configuration) {
  SimulatorInfo info = described(configuration.simulator);
  info.own_priors = configuration.prior.empty();
  for (ParameterInfo& p : info.parameters) {
    p.space = configuration.parameters.space;
    const auto other = configuration.prior.find(p.name);
    if (other == configuration.prior.end()) continue;
    const PriorLaw& law = other->second;
    p = {p.name, p.unit, law.low, law.high, law.prior, law.first, law.second, p.space};
  }
  return info;
}

Sample make_sample(const SimulatorInfo& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count) {
  if (theta.size() != simulator.parameters.size())
    throw InputError(fmt::format("theta: {} values given, {} has {} ({})", theta.size(), simulator.name,
                                 simulator.parameters.size(), simulator.parameters.front().name));
  Sample sample{simulator.number, static_cast<int>(theta.size()), simulator.observations.dimension, key, {}, 0, count,
                nullptr};
  for (std::size_t d = 0; d < theta.size(); ++d) {
    if (!std::isfinite(theta[d]))
      throw InputError(fmt::format("theta: {} = {} must be finite", simulator.parameters[d].name, theta[d]));
    sample.theta[d] = static_cast<float>(theta[d]);
  }
  return sample;
}

const HostSimulator* host_simulator(int simulator) { return host_simulator(simulator, host_kernels().name); }

const HostSimulator* host_simulator(int simulator, const std::string& set) {
  if (simulator == recorded) return nullptr;
  if (is_built_in(simulator)) return host_kernels(set).simulators + simulator;
  const LoadedSimulator& loaded = LoadedSimulators::all().at(simulator);
  for (const SimulatorFunctions& functions : loaded.sets)
    if (functions.instruction_set == nullptr || functions.instruction_set == set) return functions.functions;
  throw InputError(fmt::format("the module of {} has no functions for {}; build it again", loaded.facts.name, set));
}

double moved_into_domain(const SimulatorInfo& simulator, std::size_t d, double value) {
  std::vector<double> theta;
  for (const ParameterInfo& p : simulator.parameters) theta.push_back(natural_of_score(p, 0));
  theta[d] = value;
  Sample sample = make_sample(simulator, theta, {}, 1);
  move_into_domain(sample);
  return static_cast<double>(sample.theta[d]);
}

void move_into_domain(Sample& sample) {
  const HostSimulator& simulator = *host_simulator(sample.simulator);
  simulator.clamp(simulator.context, sample.theta, sample.D);
}

void simulate_into(const SimulatorInfo& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count,
                   float* x) {
  Sample sample = make_sample(simulator, theta, key, count);
  sample.x = x;
  const HostSimulator& functions = *host_simulator(sample.simulator);
  for (std::size_t d = 0; d < theta.size() && !functions.has_domain; ++d)
    sample.theta[d] = static_cast<float>(moved_into_prior(simulator.parameters[d], theta[d]));
  functions.draw_sample(functions.context, sample);
}

std::vector<float> simulate(const std::string& simulator, const std::vector<double>& theta, int count,
                            unsigned long seed, const std::map<std::string, double>& constants) {
  const SimulatorInfo info = find_simulator(simulator, constants);
  if (count < 1) throw InputError(fmt::format("count = {} must be at least 1", count));
  std::vector<float> x(static_cast<std::size_t>(count) * static_cast<std::size_t>(info.observations.dimension));
  // θ is where it was asked for, not where an episode would move it.
  Sample sample = make_sample(info, theta, stream_key(seed, Phase::simulation, Purpose::observe, 0), count);
  sample.x = x.data();
  const HostSimulator& functions = *host_simulator(sample.simulator);
  functions.draw_sample(functions.context, sample);
  return x;
}

}  // namespace alfi
