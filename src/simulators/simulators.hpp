// The simulators' numbers in the kernels' list, and samples of them.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "alfi/configuration.hpp"
#include "alfi/simulators.hpp"
#include "kernels/launch/sample.hpp"

namespace alfi {

/// Position in the kernels' list of simulators.
int simulator_number(const std::string& name);

/// Whole numbers its observations mostly are, from 0 on; 0 where they are not whole. The number may be `recorded`.
int table_size(int simulator);
/// Returns the largest table of all simulators.
int largest_table();
/// SimulatorFacts::number_price of a simulator in the list.
double number_price(int simulator);
/// The simulator a configuration names.
SimulatorInfo find_simulator(const Configuration::Simulator& simulator);

/// Says whether it names an objective to minimise instead of a simulator.
bool minimises(const Configuration::Simulator& simulator);
/// Numbers D in the θ of a configured objective.
int dimensions_of(const Configuration::Simulator& simulator);

/// Says what these constants of a simulator or an objective must be, where they are not; else nothing.
std::string refused_constants(const std::string& name, const std::map<std::string, double>& constants);

/// The first `count` observations at theta (D, natural units), with no place for them yet. InputError for a wrong
/// number of parameters or one that is not finite.
Sample make_sample(const SimulatorInfo& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count);

/// θ as the kernels will move it.
void move_into_domain(Sample& sample);

/// Draws them on this thread, into x (count, X).
void simulate_into(const SimulatorInfo& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count,
                   float* x);

}  // namespace alfi
