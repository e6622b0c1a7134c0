// The simulator of one's own that a run was trained with: what a run folder keeps of it, and finding it again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/model/plan.hpp"

namespace alfi {

/// Writes the header that a plan's simulator was compiled from, and what it includes, to `run`/simulator, as they lay
/// to each other; or has a program's standard error written to `run`/simulator.log. Does nothing for other simulators.
void keep_simulator(const std::filesystem::path& run, const Plan& plan);

/// Returns a text that tells what a plan's simulator was made of from everything else; empty for alfi's own.
std::string fingerprint_of(const Plan& plan);

/// Places where a run's simulator may be.
struct SimulatorPlaces {
  std::filesystem::path run;    ///< the run folder, which may have a copy
  std::filesystem::path given;  ///< where the user says it is, of a program also the folder of its files; or empty
};

/// Returns overrides that lead a run's configuration (YAML) to a simulator of this fingerprint: to `given`, to where it
/// was in training, or to the run's copy. Throws InputError where there is none, or it has changed.
std::vector<std::string> find_simulator_of_run(const std::string& configuration, const std::string& fingerprint,
                                               const SimulatorPlaces& places);

}  // namespace alfi
