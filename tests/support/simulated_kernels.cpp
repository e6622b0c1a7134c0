#include "tests/support/simulated_kernels.hpp"

#include "tests/support/fiber_team.hpp"

namespace alfi::test {
namespace {

/// body(kernel as a Constant)
template <class Body>
void with_kernel(DeviceKernel kernel, Body body) {
  const auto one = [&]<DeviceKernel candidate>() {
    if (kernel == candidate) body.template operator()<candidate>();
  };
  one.template operator()<DeviceKernel::draw_problems>();
  one.template operator()<DeviceKernel::rollout>();
  one.template operator()<DeviceKernel::encoder_gradient>();
  one.template operator()<DeviceKernel::sum_partials>();
  one.template operator()<DeviceKernel::gradient_norm>();
  one.template operator()<DeviceKernel::apply_update>();
  one.template operator()<DeviceKernel::conclude>();
}

}  // namespace

void run_kernel_on_lanes(DeviceKernel kernel, const std::vector<float*>& shared, const DeviceWork& work) {
  with_kernel(kernel, [&]<DeviceKernel which>() {
    // Last blocks first: nothing may hang on their order.
    for (int block = static_cast<int>(shared.size()) - 1; block >= 0; --block)
      run_device_kernel<which>(HostTeam<FloatLanes>{}, block, shared[static_cast<std::size_t>(block)], work);
  });
}

void run_kernel_on_fibers(DeviceKernel kernel, const std::vector<float*>& shared, const DeviceWork& work,
                          std::uint64_t seed) {
  with_kernel(kernel, [&]<DeviceKernel which>() {
    launch_fibers({device_threads, seed, static_cast<int>(shared.size())}, [&](const FiberTeam& team, int block) {
      run_device_kernel<which>(team, block, shared[static_cast<std::size_t>(block)], work);
    });
  });
}

}  // namespace alfi::test
