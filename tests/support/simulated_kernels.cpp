#include "tests/support/simulated_kernels.hpp"

#include "tests/support/fiber_team.hpp"

namespace alfi::test {
namespace {

/// body.operator()<kernel, precision>()
template <class Body>
void with_kernel(DeviceKernel kernel, Precision precision, Body body) {
  const auto one = [&]<DeviceKernel candidate>() {
    if (kernel != candidate) return;
    if constexpr (candidate == DeviceKernel::rollout || candidate == DeviceKernel::encoder_gradient) {
      if (precision == Precision::bf16) return body.template operator()<candidate, Precision::bf16>();
      if (precision == Precision::tf32x3) return body.template operator()<candidate, Precision::tf32x3>();
    }
    body.template operator()<candidate, Precision::fp32>();
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

void run_kernel_on_lanes(DeviceKernel kernel, Precision precision, const std::vector<float*>& shared,
                         const DeviceWork& work) {
  with_kernel(kernel, precision, [&]<DeviceKernel which, Precision rounding>() {
    // Last blocks first: nothing may hang on their order.
    for (int block = static_cast<int>(shared.size()) - 1; block >= 0; --block)
      run_device_kernel<which, rounding>(HostTeam<FloatLanes>{}, block, shared[static_cast<std::size_t>(block)], work);
  });
}

void run_kernel_on_fibers(DeviceKernel kernel, Precision precision, const std::vector<float*>& shared,
                          const DeviceWork& work, std::uint64_t seed) {
  with_kernel(kernel, precision, [&]<DeviceKernel which, Precision rounding>() {
    launch_fibers({device_threads, seed, static_cast<int>(shared.size())}, [&](const FiberTeam& team, int block) {
      run_device_kernel<which, rounding>(team, block, shared[static_cast<std::size_t>(block)], work);
    });
  });
}

}  // namespace alfi::test
