// The simulator that an argument names.
#pragma once

#include <map>
#include <string>

#include "alfi/error.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::cli {

/// Finds a simulator by its name, header or module, or that of a configuration (.yaml). Throws InputError where there
/// is none.
inline SimulatorInfo given_simulator(const std::string& what, const std::map<std::string, double>& constants) {
  if (!what.ends_with(".yaml") && !what.ends_with(".yml")) return simulator_at(what, constants);
  if (!constants.empty())
    throw InputError("--parameter does not go with a configuration, which has simulator.parameters");
  const Configuration configuration = load_configuration(what);
  if (minimises(configuration.simulator)) (void)simulator_number(configuration.simulator.name);  // says that it is none
  return find_simulator(configuration);
}

}  // namespace alfi::cli
