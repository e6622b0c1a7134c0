#include "tests/support/simulated_kernels.hpp"

#include <iterator>

#include "tests/support/fiber_team.hpp"

namespace alfi::test {
namespace {

/// body.operator()<kernel, variant>() of what is built for these.
template <int kernel = 0, int variant = 0, class Body>
void with_kernel(DeviceKernel wanted, Variant plan, Body body) {
  constexpr auto candidate = static_cast<DeviceKernel>(kernel);
  if constexpr (variant_of(candidate, variants[variant]) == variants[variant]) {
    if (wanted == candidate && variant_of(wanted, plan) == variants[variant])
      return body.template operator()<candidate, variants[variant]>();
  }
  if constexpr (variant + 1 < static_cast<int>(std::size(variants)))
    with_kernel<kernel, variant + 1>(wanted, plan, body);
  else if constexpr (kernel + 1 < static_cast<int>(std::size(device_kernel_names)))
    with_kernel<kernel + 1>(wanted, plan, body);
}

}  // namespace

void run_kernel_on_lanes(DeviceKernel kernel, Variant variant, const std::vector<float*>& shared,
                         const DeviceWork& work) {
  with_kernel(kernel, variant, [&]<DeviceKernel which, Variant built>() {
    // Last blocks first: nothing may hang on their order.
    for (int block = static_cast<int>(shared.size()) - 1; block >= 0; --block)
      run_device_kernel<which, built>(HostTeam<FloatLanes>{}, block, shared[static_cast<std::size_t>(block)], work);
  });
}

void run_kernel_on_fibers(DeviceKernel kernel, Variant variant, const std::vector<float*>& shared,
                          const DeviceWork& work, std::uint64_t seed) {
  with_kernel(kernel, variant, [&]<DeviceKernel which, Variant built>() {
    launch_fibers({device_threads, seed, static_cast<int>(shared.size())}, [&](const FiberTeam& team, int block) {
      run_device_kernel<which, built>(team, block, shared[static_cast<std::size_t>(block)], work);
    });
  });
}

}  // namespace alfi::test
