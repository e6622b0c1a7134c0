// The simulator that an argument names, and its constants.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "alfi/simulators.hpp"

namespace alfi::cli {

/// Reads NAME=VALUE of --parameter, as simulator.parameters has them. Throws InputError.
std::map<std::string, double> parse_constants(const std::vector<std::string>& texts);

/// Says whether an argument is the path of a configuration.
bool is_configuration(const std::string& what);

/// Finds a simulator by its name, header or module, or that of a configuration (.yaml). Throws InputError where there
/// is none.
SimulatorInfo given_simulator(const std::string& what, const std::map<std::string, double>& constants);

}  // namespace alfi::cli
