// A module's functions in one instruction set. Compiled once for each, with ALFI_SIMULATOR_HEADER, the user's header.
#include ALFI_SIMULATOR_HEADER

#include "kernels/launch/module.hpp"

#define ALFI_JOINED(a, b) a##b
#define ALFI_FUNCTIONS_OF(set) ALFI_JOINED(alfi_functions_, set)

extern "C" const alfi::HostSimulator ALFI_FUNCTIONS_OF(ALFI_ISA);
constexpr alfi::HostSimulator ALFI_FUNCTIONS_OF(ALFI_ISA) = alfi::host_simulator<alfi::ModuleSimulator>();
