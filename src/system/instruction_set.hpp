// Instruction sets of the kernels, and which of them this machine runs.
#pragma once

#include <string>
#include <vector>

#include "kernels/launch/host_kernels.hpp"

namespace alfi {

/// Names the instruction sets this machine can run, the best last.
std::vector<std::string> instruction_sets();

/// Returns the kernels of the best instruction set, or of the one the environment variable ALFI_ISA names. Throws
/// InputError where that is unknown or cannot run here.
const HostKernels& host_kernels();

/// Returns the kernels of a named instruction set. Throws InputError where the name is unknown or cannot run here.
const HostKernels& host_kernels(const std::string& name);

}  // namespace alfi
