// No simulator is called on the host between these tests' kernels, so that they need none of what calls it.
#include <cstdlib>

#include "src/backends/cuda/host_simulation.hpp"

namespace alfi::cuda {

void HostSimulation::put_problems(const DeviceWork&) { std::abort(); }
void HostSimulation::put_proposals(const DeviceWork&) { std::abort(); }

}  // namespace alfi::cuda
