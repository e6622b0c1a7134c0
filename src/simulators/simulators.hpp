// The simulators' numbers in the kernels' list, and samples of them.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "alfi/configuration.hpp"
#include "alfi/simulators.hpp"
#include "kernels/episode/called_simulator.hpp"

namespace alfi {

/// Returns the position in the kernels' list of simulators.
int simulator_number(const std::string& name);

/// Counts the whole numbers its observations mostly are, from 0 on; 0 where they are not whole. The simulator's number
/// may be `recorded`.
int table_size(int simulator);
/// Returns the largest table of all simulators.
int largest_table();
/// Returns SimulatorFacts::number_price of a simulator in the list.
double number_price(int simulator);
/// Finds the simulator a configuration names.
SimulatorInfo find_simulator(const Configuration::Simulator& simulator);

/// Says whether it names an objective to minimise instead of a simulator.
bool minimises(const Configuration::Simulator& simulator);
/// Returns the dimension D of θ of a configured objective.
int dimensions_of(const Configuration::Simulator& simulator);

/// Says what these constants of a simulator or an objective must be, where they are not; else nothing.
std::string refused_constants(const std::string& name, const std::map<std::string, double>& constants);

/// Asks for the first `count` observations at theta (D, natural units), with no place for them yet. Throws InputError
/// for a wrong number of parameters or one that is not finite.
Sample make_sample(const SimulatorInfo& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count);

/// Returns the functions of a simulator in the list, in the instruction set in use; of `recorded` null.
const HostSimulator* host_simulator(int simulator);

/// Moves θ into the domain as the kernels will.
void move_into_domain(Sample& sample);

/// Draws them on this thread, into x (count, X).
void simulate_into(const SimulatorInfo& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count,
                   float* x);

}  // namespace alfi
