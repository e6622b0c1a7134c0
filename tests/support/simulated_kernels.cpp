#include "tests/support/simulated_kernels.hpp"

#include "tests/support/fiber_team.hpp"

namespace alfi::test {
namespace {

/// body.operator()<kernel, variant>()
template <class Body>
void with_kernel(DeviceKernel kernel, Variant variant, Body body) {
  const auto one = [&]<DeviceKernel candidate>() {
    if (kernel != candidate) return;
    if constexpr (has_variants(candidate)) {
      if (variant == variants[1]) return body.template operator()<candidate, variants[1]>();
      if (variant == variants[2]) return body.template operator()<candidate, variants[2]>();
      if (variant == variants[3]) return body.template operator()<candidate, variants[3]>();
      if (variant == variants[4]) return body.template operator()<candidate, variants[4]>();
    }
    body.template operator()<candidate, Variant{}>();
  };
  one.template operator()<DeviceKernel::draw_problems>();
  one.template operator()<DeviceKernel::rollout>();
  one.template operator()<DeviceKernel::encoder_gradient>();
  one.template operator()<DeviceKernel::sum_partials>();
  one.template operator()<DeviceKernel::gradient_norm>();
  one.template operator()<DeviceKernel::apply_update>();
  one.template operator()<DeviceKernel::conclude>();
  one.template operator()<DeviceKernel::draw_sample>();
  one.template operator()<DeviceKernel::spin>();
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
