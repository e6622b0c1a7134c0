// The simulators' numbers in the kernels' list, and samples of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alfi/configuration.hpp"
#include "alfi/simulators.hpp"
#include "kernels/episode/called_simulator.hpp"
#include "src/simulators/module.hpp"

namespace alfi {

/// Returns the position in the kernels' list of simulators.
int simulator_number(const std::string& name);
/// Returns the number of a configured simulator: of one in the list its position, of a loaded one a number above those.
/// Compiles a header that was not compiled before, and loads a module.
int simulator_number(const Configuration::Simulator& simulator);
/// Lists the names of functions that were registered as simulators.
std::vector<std::string_view> registered_simulators();
/// Returns whether alfi's kernels were built with it.
bool is_built_in(int simulator);
/// Returns the PTX of a simulator's own kernels for devices; null where there is none: those of alfi have it, or a
/// device calls it on the host, between its kernels.
const char* device_code(int simulator);
/// Returns a hash of what a loaded simulator was made of; 0 for one in the list.
std::uint64_t simulator_fingerprint(int simulator);

/// Returns whether it is a program or a function, which kernels call with batches.
bool is_called(int simulator);
/// Returns the number of threads that may wait for it while others compute.
int waiting_threads(int simulator);
/// Keeps what a program writes to standard error in this file from now on; does nothing for other simulators.
void keep_simulator_log(int simulator, const std::filesystem::path& file);
/// Asks `stop` while a program is waited for, from now on and from any thread: where it returns true, its simulations
/// throw Abandoned. Does nothing for other simulators.
void stop_simulator_when(int simulator, std::function<bool()> stop);

/// Returns the files that a header's module was compiled from, as they were then; none for other simulators.
std::span<const SourceFile> simulator_sources(int simulator);

/// Counts the whole numbers its observations mostly are, from 0 on; 0 where they are not whole. The simulator's number
/// may be `recorded`.
int table_size(int simulator);
/// Returns the largest table of all simulators, those loaded so far among them.
int largest_table();
/// Says whether an observation of a simulator may be no number.
bool may_fail(int simulator);
/// Returns SimulatorFacts::number_price of a simulator in the list.
double number_price(int simulator);
/// Finds the simulator of a configuration, with the configuration's priors, and loads it where it is not in the list.
SimulatorInfo find_simulator(const Configuration& configuration);

/// Finds a simulator by its name or, where `what` is a path with an ending, by its header or module (.so).
SimulatorInfo simulator_at(const std::string& what, const std::map<std::string, double>& constants);
/// Returns the name of the simulator or objective of a configuration.
std::string simulator_name(const Configuration::Simulator& simulator);
/// Says whether it names an objective to minimise instead of a simulator.
bool minimises(const Configuration::Simulator& simulator);
/// Returns the dimension D of θ of a configured objective.
int dimensions_of(const Configuration::Simulator& simulator);

/// Says what the constants (parameters) of a configured simulator or objective must be, where they are not; else
/// nothing.
std::string refused_constants(const Configuration::Simulator& simulator);

/// Asks for the first `count` observations at theta (D, natural units), with no place for them yet. Throws InputError
/// for a wrong number of parameters or one that is not finite.
Sample make_sample(const SimulatorInfo& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count);

/// Returns the functions of a simulator in the list, in the instruction set in use; of `recorded` null.
const HostSimulator* host_simulator(int simulator);
/// Returns those in a named instruction set.
const HostSimulator* host_simulator(int simulator, const std::string& instruction_set);

/// Returns where the simulator's domain moves a value of parameter d, the others at their priors' medians.
double moved_into_domain(const SimulatorInfo& simulator, std::size_t d, double value);
/// Moves θ into the domain as the kernels will.
void move_into_domain(Sample& sample);

/// Draws observations x (count, X) on this thread, at θ moved to where an episode would move it.
void simulate_into(const SimulatorInfo& simulator, std::span<const double> theta, PhiloxKey key, std::int64_t count,
                   float* x);

}  // namespace alfi
