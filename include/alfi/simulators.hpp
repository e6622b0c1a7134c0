// The simulators alfi knows: their parameters with units and priors, and what they produce.
#pragma once

#include <string>
#include <vector>

namespace alfi {

/// One component of θ: uniform prior on [low, high] in natural units.
struct ParameterInfo {
  std::string name, unit;
  double low, high;
  double mean() const { return (low + high) / 2; }
  double deviation() const { return (high - low) * 0.28867513459481288225; }  // 1/√12 of the width
};

/// What an observation is: `dimension` numbers in [low, high], whole ones if `whole`. `meaning` is a plural noun.
struct ObservationInfo {
  int dimension;
  bool whole;
  double low, high;
  std::string meaning;
};

struct SimulatorInfo {
  std::string name, description;
  std::vector<ParameterInfo> parameters;
  ObservationInfo observations;
};

const std::vector<SimulatorInfo>& simulators();

/// Throws InputError naming the simulators there are.
const SimulatorInfo& find_simulator(const std::string& name);

/// `count` observations at theta (D values, natural units), row-major (count, X). The same seed gives the same numbers
/// on every machine. θ outside the simulator's domain is moved into it; throws InputError for a wrong number of
/// parameters or one that is not finite.
std::vector<float> simulate(const std::string& simulator, const std::vector<double>& theta, int count,
                            unsigned long seed);

}  // namespace alfi
