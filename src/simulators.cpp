#include "src/simulators.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>

#include "alfi/error.hpp"
#include "kernels/sim/list.hpp"
#include "src/instruction_set.hpp"

namespace alfi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// What the kernels' list does not say about a simulator.
struct Words {
  std::string description;
  std::vector<std::pair<std::string, std::string>> parameters;  // name, unit
  ObservationInfo observations;
};

Words words_of(const std::string& name) {
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
            {{"mean", ""}, {"triple_log_deviation", ""}, {"upper_end", ""}},
            {5, false, -infinity, infinity, "real numbers"}};
  throw InputError(fmt::format("simulator '{}' has no description", name));
}

template <class Sim>
SimulatorInfo describe() {
  const Words words = words_of(Sim::name);
  SimulatorInfo info{Sim::name, words.description, {}, words.observations};
  for (int d = 0; d < Sim::D; ++d) {
    const auto& [name, unit] = words.parameters.at(static_cast<std::size_t>(d));
    info.parameters.push_back({name, unit, Sim::low[d], Sim::high[d]});
  }
  return info;
}

}  // namespace

const std::vector<SimulatorInfo>& simulators() {
  static const std::vector<SimulatorInfo> all = [] {
    std::vector<SimulatorInfo> infos;
    for (int i = 0; i < Simulators::size; ++i)
      Simulators::with(i, [&]<class Sim>() { infos.push_back(describe<Sim>()); });
    return infos;
  }();
  return all;
}

int simulator_number(const std::string& name) {
  for (std::size_t i = 0; i < simulators().size(); ++i)
    if (simulators()[i].name == name) return static_cast<int>(i);
  std::vector<std::string> names;
  for (const SimulatorInfo& info : simulators()) names.push_back(info.name);
  throw InputError(fmt::format("simulator '{}' is unknown; there are {}", name, fmt::join(names, ", ")));
}

const SimulatorInfo& find_simulator(const std::string& name) {
  return simulators()[static_cast<std::size_t>(simulator_number(name))];
}

Sample make_sample(const std::string& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count) {
  const SimulatorInfo& info = find_simulator(simulator);
  if (theta.size() != info.parameters.size())
    throw InputError(fmt::format("theta: {} values given, {} has {} ({})", theta.size(), simulator,
                                 info.parameters.size(), info.parameters.front().name));
  Sample sample{simulator_number(simulator), key, {}, 0, count, nullptr};
  for (std::size_t d = 0; d < theta.size(); ++d) {
    if (!std::isfinite(theta[d]))
      throw InputError(fmt::format("theta: {} = {} must be finite", info.parameters[d].name, theta[d]));
    sample.theta[d] = static_cast<float>(theta[d]);
  }
  return sample;
}

void simulate_into(const std::string& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count,
                   float* x) {
  Sample sample = make_sample(simulator, theta, key, count);
  sample.x = x;
  host_kernels().draw_sample(sample);
}

std::vector<float> simulate(const std::string& simulator, const std::vector<double>& theta, int count,
                            unsigned long seed) {
  const SimulatorInfo& info = find_simulator(simulator);
  if (count < 1) throw InputError(fmt::format("count = {} must be at least 1", count));
  std::vector<float> x(static_cast<std::size_t>(count) * static_cast<std::size_t>(info.observations.dimension));
  simulate_into(simulator, theta, stream_key(seed, Phase::simulation, Purpose::observe, 0), count, x.data());
  return x;
}

}  // namespace alfi
