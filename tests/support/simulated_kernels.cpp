#include "tests/support/simulated_kernels.hpp"

#include "tests/support/fiber_team.hpp"

namespace alfi::test {
void run_kernel_on_lanes(DeviceKernel kernel, Variant variant, const std::vector<float*>& shared,
                         const DeviceWork& work) {
  with_device_kernel(kernel, variant, [&]<DeviceKernel which, int number>() {
    // Last blocks first: nothing may hang on their order.
    for (int block = static_cast<int>(shared.size()) - 1; block >= 0; --block)
      run_device_kernel<which, variants[number]>(HostTeam<FloatLanes>{}, block, shared[static_cast<std::size_t>(block)],
                                                 work);
  });
}

void run_kernel_on_fibers(DeviceKernel kernel, Variant variant, const std::vector<float*>& shared,
                          const DeviceWork& work, std::uint64_t seed) {
  with_device_kernel(kernel, variant, [&]<DeviceKernel which, int number>() {
    constexpr int threads = block_threads(which, variants[number]);
    launch_fibers({threads, seed, static_cast<int>(shared.size())}, [&](const FiberTeam& team, int block) {
      run_device_kernel<which, variants[number]>(team, block, shared[static_cast<std::size_t>(block)], work);
    });
  });
}

}  // namespace alfi::test
