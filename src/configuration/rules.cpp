#include "src/configuration/rules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <variant>
#include <vector>

#include "kernels/choice_facts.hpp"
#include "kernels/shape.hpp"
#include "src/configuration/nearest.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace configuration {

InputError refusal(const std::string& origin, std::string_view path, std::string_view value, std::string_view must) {
  return InputError(fmt::format("{}{} = {}: must be {}", origin, path, value, must));
}

InputError refusal(const std::string& origin, const Key& key, const std::string& value) {
  std::string must = allowed(key);
  if (const Choice* choice = std::get_if<Choice>(&key.kind)) {
    must += nearest(choice->names(), value);
  }
  return refusal(origin, key.path, value, must);
}

namespace {

/// Throws where a simulator is given in no way, or in several.
void require_one_simulator(const Configuration& configuration, const Origins& origins) {
  const auto& given = configuration.simulator;
  const bool all[] = {given.name.empty(), given.source.empty(), given.module.empty(), given.program.empty()};
  const auto ways = std::count(std::begin(all), std::end(all), false);
  if (ways == 0) {
    throw InputError(fmt::format("{}simulator.name is missing: must be {}", origins.of("simulator.name"),
                                 allowed(*find_key("simulator.name"))));
  }
  if (ways > 1) {
    throw InputError(
        fmt::format("{}simulator: a simulator is given by one of name, source, module and program; there are {}",
                    origins.of("simulator.name"), ways));
  }
}

/// Throws where constants are given for parameters of a program or the other way round, or a program's facts contradict
/// themselves.
void require_program(const Configuration::Simulator& simulator, const Origins& origins) {
  const std::string& origin = origins.of("simulator.parameters");
  if (simulator.program.empty()) {
    if (!simulator.program_parameters.empty())
      throw InputError(
          fmt::format("{}simulator.parameters: a list of parameters is of a simulator.program; of another "
                      "simulator it must be a mapping of constants to numbers",
                      origin));
    return;
  }
  if (!simulator.parameters.empty())
    throw InputError(
        fmt::format("{}simulator.parameters: of a program it must be a list of its parameters; a program "
                    "gets constants as arguments",
                    origin));
  try {
    (void)simulator_number(simulator);
  } catch (const InputError& error) {
    throw InputError(origin + error.what());
  }
}

/// Throws where a prior is of no parameter, or no law.
void require_priors(const Configuration& configuration, const SimulatorInfo& simulator, const Origins& origins) {
  for (const auto& [name, law] : configuration.prior) {
    std::vector<std::string_view> names;
    for (const ParameterInfo& p : simulator.parameters) names.push_back(p.name);
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw InputError(fmt::format("{}prior.{}: is no parameter of {}; there are {}", origins.of("prior"), name,
                                   simulator.name, fmt::join(names, ", ")));
    const std::string fault = refused_prior(law);
    if (!fault.empty()) throw InputError(fmt::format("{}prior.{}: the prior {}", origins.of("prior"), name, fault));
  }
  for (std::size_t d = 0; d < simulator.parameters.size(); ++d) {
    const ParameterInfo& p = simulator.parameters[d];
    if (!configuration.prior.contains(p.name)) continue;
    const auto [low, high] = shown_range(p);
    for (const double end : {low, high}) {
      const double domain = moved_into_domain(simulator, d, end);
      if (std::abs(domain - end) > 0.01 * p.deviation())
        throw InputError(fmt::format("{}prior.{}: the prior reaches {:.6g}; the domain of {} ends at {:.6g}",
                                     origins.of("prior"), p.name, end, simulator.name, domain));
    }
  }
}

}  // namespace

void check(const Configuration& configuration, const Origins& origins) {
  require_one_simulator(configuration, origins);
  for (const Key& key : keys) {
    if (applies(key, configuration) &&
        !std::visit([&](const auto& kind) { return kind.valid(configuration); }, key.kind)) {
      throw refusal(origins.of(key.path), key, text_of(key, configuration));
    }
  }
  require_program(configuration.simulator, origins);

  const Configuration defaults;
  for (const Key& key : keys) {
    if (applies(key, configuration)) continue;
    const std::string value = text_of(key, configuration), usual = text_of(key, defaults);
    if (value == usual) continue;
    if (is_of_programs(key))
      throw refusal(origins.of(key.path), key.path, value, "left out: it is a key of a simulator.program");
    throw refusal(origins.of(key.path), key.path, value,
                  fmt::format("left out, or {}: {} has no observations to infer from and runs on the CPU", usual,
                              configuration.simulator.name));
  }

  const auto require = [&](bool holds, std::string_view path, std::string_view must) {
    if (!holds) throw refusal(origins.of(path), path, text_of(*find_key(path), configuration), must);
  };
  const auto& [simulator, prior, parameters, episode, proposal, networks, training, evaluation, engine] = configuration;
  const bool density = has_density(proposal.family);
  const std::string constants = refused_constants(simulator);
  require(constants.empty(), "simulator.parameters", constants);
  require(networks.rim.update != Update::tanh || networks.rim.bound > 0, "networks.rim.bound",
          "above 0 where networks.rim.update is tanh: an update is bound * tanh(x / bound)");
  if (minimises(simulator)) {
    require(engine.backend != Backend::cuda, "engine.backend",
            fmt::format("auto or cpu: {} runs on the CPU", simulator.name));
    return;
  }
  const SimulatorInfo known = find_simulator(configuration);
  require_priors(configuration, known, origins);
  const bool needs_nonnegative = simulator.transform == Transform::sqrt || simulator.transform == Transform::log1p;
  require(!needs_nonnegative || known.observations.low >= 0, "simulator.transform",
          fmt::format("none or asinh: observations of {} can be negative", known.name));
  require(tile_lanes % evaluation.replicates == 0, "evaluation.replicates",
          "1, 2, 4, 8 or 16: problems share the 16 lanes of a tile evenly");
  require(!density || episode.thetas >= 2, "episode.thetas",
          "at least 2 unless proposal.family is point: the aggregator standardises over the drawn parameters");
  require(density || !needs_density(training.loss), "training.loss",
          "mse or l1 where proposal.family is point: a point has no density");
  require(
      !weighs_by_deviation(training.loss) || learns_deviation(proposal.family), "training.loss",
      "normal, mse or l1 unless proposal.family is gaussian or gaussian_full: beta_normal weights by a learned sigma");
  const ObservationInfo& observations = known.observations;
  require(engine.encoder != Encoder::table || (observations.whole && observations.dimension == 1), "engine.encoder",
          fmt::format("auto, dense or segments: observations of {} are not single whole numbers", known.name));
  require(engine.encoder != Encoder::segments || observations.dimension == 1, "engine.encoder",
          fmt::format("auto or dense: an observation of {} is {} numbers", known.name, observations.dimension));
}

}  // namespace configuration

void validate(const Configuration& configuration) { configuration::check(configuration, {}); }

}  // namespace alfi
