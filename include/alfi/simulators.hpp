// The simulators alfi knows: their parameters with units and priors, and what they produce. And simulators of one's own
// that are functions of the program that uses the library.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "alfi/prior.hpp"

namespace alfi {

/// One component of θ, in natural units. Its prior is 0 outside of [low, high]; a normal one has them four deviations
/// below and above its mean. `first` and `second` are the parameters of a prior whose ends do not tell: of
/// normal, log_normal and truncated_normal mean and deviation, beta a and b, gamma shape and scale, exponential the
/// rate.
struct ParameterInfo {
  std::string name, unit;
  double low, high;
  Prior prior = Prior::uniform;
  double first = 0, second = 0;
  Space space = Space::automatic;
  /// Returns the prior's mean.
  double mean() const;
  /// Returns the prior's deviation.
  double deviation() const;
};

/// Description of an observation: `dimension` numbers in [low, high], whole ones if `whole`. `meaning` is a plural
/// noun.
struct ObservationInfo {
  int dimension = 1;
  bool whole = false;
  double low = -infinity, high = infinity;
  std::string meaning;
  bool operator==(const ObservationInfo&) const = default;
};

/// A constant that a configuration may give a simulator (simulator.parameters): a number in [low, high], a whole one if
/// `whole`.
struct ConstantInfo {
  std::string name, meaning;
  bool whole;
  double low, high, usual;
};

struct SimulatorInfo {
  std::string name, description;
  std::vector<ParameterInfo> parameters;
  ObservationInfo observations;
  std::vector<ConstantInfo> constants;
  int number = -1;         ///< by which the engine knows it in this process
  bool own_priors = true;  ///< no configuration gave it others
};

/// Returns all simulators, with the usual constants.
const std::vector<SimulatorInfo>& simulators();

/// Parameter of a simulator of one's own.
struct SimulatorParameter {
  std::string name, unit;
  PriorLaw prior;
  bool operator==(const SimulatorParameter&) const = default;
};

/// Question to a simulator of one's own: observations of each of several parameters.
struct SimulatorBatch {
  std::span<const float> theta;  ///< (parameters, D), natural units
  int parameters;
  int observations;    ///< of each
  std::uint32_t seed;  ///< below 2³¹. Equal questions have equal seeds, in any training and on any number of threads
  std::span<float> x;  ///< (parameters, observations, X), to be written
};

/// A simulator of one's own that is a function of this program.
struct Simulator {
  std::string name, description;
  std::vector<SimulatorParameter> parameters;
  ObservationInfo observations;
  /// Draws observations. It is called by several threads at once. What it throws ends the training, or whatever else
  /// asked, with its message; an earlier checkpoint stays.
  std::function<void(const SimulatorBatch&)> simulate;
};

/// Makes a simulator known to this process by its name, for simulator.name of configurations and for runs that were
/// trained with it. One that has the name already is replaced for what begins later. Throws InputError where its facts
/// contradict themselves, or the name is that of one of alfi's simulators or objectives.
void register_simulator(Simulator simulator);

/// Objective that a machine can be trained to minimise, from gradients, instead of to infer: simulator.name may be its
/// name too.
struct ObjectiveInfo {
  std::string name, description;
  std::vector<ConstantInfo> constants;
};

/// Returns all objectives.
const std::vector<ObjectiveInfo>& objectives();

/// Returns the simulator with these constants and the usual ones. Throws InputError naming the simulators there are, or
/// the constants it has.
SimulatorInfo find_simulator(const std::string& name, const std::map<std::string, double>& constants = {});

/// Draws `count` observations at theta (D values, natural units): row-major (count, X). A seed gives equal numbers on
/// every machine. θ outside the simulator's domain is moved into it. Throws InputError for a wrong number of parameters
/// or one that is not finite.
std::vector<float> simulate(const std::string& simulator, const std::vector<double>& theta, int count,
                            unsigned long seed, const std::map<std::string, double>& constants = {});

}  // namespace alfi
