// The simulators' names, to be the values of a test's parameter.
#pragma once

#include <string>
#include <vector>

#include "alfi/simulators.hpp"

namespace alfi::test {

inline std::vector<std::string> simulator_names() {
  std::vector<std::string> names;
  for (const SimulatorInfo& simulator : simulators()) names.push_back(simulator.name);
  return names;
}

}  // namespace alfi::test
