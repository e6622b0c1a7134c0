#include "src/simulators.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "alfi/error.hpp"
#include "kernels/sim/list.hpp"
#include "src/instruction_set.hpp"

namespace alfi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// A function: simulators() is asked before this file's constants are made.
ConstantInfo inputs() { return {"inputs", "of the regression", 1, Sample::most_parameters - 1, 3}; }
ConstantInfo dimensions() { return {"dimensions", "of θ", 1, Sample::most_parameters, 10}; }

std::vector<ConstantInfo> constants_of(const std::string& name) {
  if (name == LinearRegression::name) return {inputs()};
  if (name == GaussianLinear::name) return {dimensions()};
  for (const ObjectiveInfo& objective : objectives())
    if (objective.name == name) return objective.constants;
  return {};
}

double value_of(const std::map<std::string, double>& constants, const ConstantInfo& constant) {
  const auto found = constants.find(constant.name);
  return found == constants.end() ? constant.usual : found->second;
}

/// What the kernels' list does not say about a simulator.
struct Words {
  std::string description;
  std::vector<std::pair<std::string, std::string>> parameters;  // name, unit
  ObservationInfo observations;
};

Words words_of(const std::string& name, const std::map<std::string, double>& constants) {
  if (name == "poisson")
    return {"counts with an unknown rate", {{"log_rate", "log counts"}}, {1, true, 0, infinity, "counts"}};
  if (name == "gaussian")
    return {"normal numbers with unknown mean and deviation",
            {{"mean", ""}, {"log_deviation", ""}},
            {1, false, -infinity, infinity, "real numbers"}};
  if (name == "weinberg")
    return {"angles of muon pairs from electron-positron collisions; only a combination of energy and coupling shows",
            {{"beam_energy", "GeV"}, {"fermi_constant", "nominal"}},
            {1, false, -1, 1, "cosines"}};
  if (name == "multi_distribution")
    return {"five components of different laws, mixed linearly; three of them depend on the parameters",
            {{"mean", ""}, {"spread", ""}, {"upper_end", ""}},
            {5, false, -infinity, infinity, "real numbers"}};
  if (name == "linear_regression") {
    const int count = static_cast<int>(value_of(constants, inputs()));
    Words words{"a linear function of uniform inputs, with noise; the slopes are tangents of angles",
                {},
                {count + 1, false, -infinity, infinity, "inputs and what follows of them, real numbers"}};
    for (int i = 1; i <= count; ++i) words.parameters.emplace_back(fmt::format("angle_{}", i), "rad");
    words.parameters.emplace_back("offset", "");
    return words;
  }
  if (name == "gaussian_linear") {
    const int count = static_cast<int>(value_of(constants, dimensions()));
    Words words{"the mean of a normal law of several dimensions, itself normal before anything is observed",
                {},
                {count, false, -infinity, infinity, "real numbers"}};
    for (int i = 1; i <= count; ++i) words.parameters.emplace_back(fmt::format("mean_{}", i), "");
    return words;
  }
  throw InputError(fmt::format("simulator '{}' has no description", name));
}

template <class Sim>
SimulatorInfo describe(const std::map<std::string, double>& constants) {
  const Words words = words_of(Sim::name, constants);
  SimulatorInfo info{Sim::name, words.description, {}, words.observations, constants_of(Sim::name)};
  const std::size_t D = words.parameters.size();
  for (std::size_t d = 0; d < D; ++d) {
    // With any size there are two kinds of parameters: the last one, and the others.
    const std::size_t kind = Sim::D != any_size ? d : d + 1 == D ? 1 : 0;
    const auto& [name, unit] = words.parameters[d];
    info.parameters.push_back(
        {name, unit, Sim::low[kind], Sim::high[kind], has_normal_prior<Sim>() ? Prior::normal : Prior::uniform});
  }
  return info;
}

SimulatorInfo describe(int number, const std::map<std::string, double>& constants) {
  SimulatorInfo info;
  Simulators::with(number, [&]<class Sim>() { info = describe<Sim>(constants); });
  return info;
}

}  // namespace

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
  std::vector<std::string> names;
  for (const SimulatorInfo& info : simulators()) names.push_back(info.name);
  throw InputError(fmt::format("simulator '{}' {}; there are {}", name,
                               minimises({name, {}, {}}) ? "is an objective, which has no observations" : "is unknown",
                               fmt::join(names, ", ")));
}

int table_size(int simulator) {
  int size = 0;
  Simulators::with(simulator, [&]<class Sim>() { size = table_of<Sim>(); });
  return size;
}

int largest_table() {
  int most = 0;
  for (int i = 0; i < Simulators::size; ++i) most = std::max(most, table_size(i));
  return most;
}

const std::vector<ObjectiveInfo>& objectives() {
  static const std::vector<ObjectiveInfo> all{
      {"quadratic", "‖Wθ − y‖² with standard normal W (D, D) and y (D), from θ = 0", {dimensions()}}};
  return all;
}

bool minimises(const Configuration::Simulator& simulator) {
  return std::any_of(objectives().begin(), objectives().end(),
                     [&](const ObjectiveInfo& objective) { return objective.name == simulator.name; });
}

int dimensions_of(const Configuration::Simulator& simulator) {
  return static_cast<int>(value_of(simulator.parameters, dimensions()));
}

std::string refused_constants(const std::string& name, const std::map<std::string, double>& constants) {
  const std::vector<ConstantInfo> known = constants_of(name);
  const auto allowed = [&](const auto& given) {
    return std::any_of(known.begin(), known.end(), [&](const ConstantInfo& constant) {
      return given.first == constant.name && given.second >= constant.least && given.second <= constant.most &&
             given.second == std::floor(given.second);
    });
  };
  if (std::all_of(constants.begin(), constants.end(), allowed)) return {};
  std::vector<std::string> names;
  for (const ConstantInfo& c : known)
    names.push_back(fmt::format("{}: a whole number from {} to {}", c.name, c.least, c.most));
  return fmt::format("{{{}}}{}", fmt::join(names, ", "),
                     names.empty() ? fmt::format(": the simulator {} has no parameters", name) : "");
}

SimulatorInfo find_simulator(const std::string& name, const std::map<std::string, double>& constants) {
  const int number = simulator_number(name);
  const std::string must = refused_constants(name, constants);
  if (!must.empty()) throw InputError(fmt::format("simulator.parameters must be {}", must));
  return describe(number, constants);
}

SimulatorInfo find_simulator(const Configuration::Simulator& simulator) {
  return find_simulator(simulator.name, simulator.parameters);
}

Sample make_sample(const SimulatorInfo& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count) {
  if (theta.size() != simulator.parameters.size())
    throw InputError(fmt::format("theta: {} values given, {} has {} ({})", theta.size(), simulator.name,
                                 simulator.parameters.size(), simulator.parameters.front().name));
  Sample sample{simulator_number(simulator.name),
                static_cast<int>(theta.size()),
                simulator.observations.dimension,
                key,
                {},
                0,
                count,
                nullptr};
  for (std::size_t d = 0; d < theta.size(); ++d) {
    if (!std::isfinite(theta[d]))
      throw InputError(fmt::format("theta: {} = {} must be finite", simulator.parameters[d].name, theta[d]));
    sample.theta[d] = static_cast<float>(theta[d]);
  }
  return sample;
}

void move_into_domain(Sample& sample) {
  Simulators::with(sample.simulator, [&]<class Sim>() {
    if constexpr (Sim::D == any_size) {
      for (int d = 0; d < sample.D; ++d) (void)Sim::template clamp<float>(d, sample.D, sample.theta[d]);
    } else {
      float theta[Sim::D];
      std::copy_n(sample.theta, Sim::D, theta);
      (void)Sim::template clamp<float>(theta);
      std::copy_n(theta, Sim::D, sample.theta);
    }
  });
}

void simulate_into(const SimulatorInfo& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count,
                   float* x) {
  Sample sample = make_sample(simulator, theta, key, count);
  sample.x = x;
  host_kernels().draw_sample(sample);
}

std::vector<float> simulate(const std::string& simulator, const std::vector<double>& theta, int count,
                            unsigned long seed, const std::map<std::string, double>& constants) {
  const SimulatorInfo info = find_simulator(simulator, constants);
  if (count < 1) throw InputError(fmt::format("count = {} must be at least 1", count));
  std::vector<float> x(static_cast<std::size_t>(count) * static_cast<std::size_t>(info.observations.dimension));
  simulate_into(info, theta, stream_key(seed, Phase::simulation, Purpose::observe, 0), count, x.data());
  return x;
}

}  // namespace alfi
