// Contents of a module: a simulator compiled by itself, which the library loads at run time.
#pragma once

#include "kernels/episode/called_simulator.hpp"

namespace alfi {

/// A simulator's functions in one instruction set.
struct SimulatorFunctions {
  const char* instruction_set;
  const HostSimulator* functions;
};

struct SimulatorModule {
  static constexpr int most_sets = 3;

  SimulatorFacts facts;
  int table;  ///< whole numbers its observations mostly are, from 0 on; 0 where they are not whole
  SimulatorFunctions sets[most_sets];
  int set_count;
  const char* device_code;  ///< PTX of its own kernels for CUDA devices; null where it was compiled without nvcc
};

/// Makes a simulator that is linked into the program known by its name. It is called before main; a simulator that
/// cannot be taken is told on standard error.
void register_linked_simulator(const char* stamp, const SimulatorModule& module, std::uint64_t fingerprint);

// Names of what a module exports: the stamp, which has to be read first, and the rest.
inline constexpr const char* module_stamp_name = "alfi_module_stamp";
inline constexpr const char* module_name = "alfi_module";

}  // namespace alfi
