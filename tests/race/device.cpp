#include "tests/race/device.hpp"

#include <cstdio>
#include <vector>

#include "tests/support/run_device.hpp"

namespace alfi::test {
namespace {

struct Case {
  DrawnChoices choices;
  DeviceRollout rollout;
};

/// Every simulator; each with another family of ψ, pooling and variant of the kernels in other rounds, its rollout
/// whole, split, and with products that are no kernel's. 70 episodes are five tiles; three blocks share 5 parameters
/// and 3 blocks of observations, 2 of the real set.
std::vector<Case> cases(std::uint64_t seed) {
  constexpr int episodes = 70;
  constexpr Family families[] = {Family::gaussian, Family::gaussian_fixed, Family::point, Family::gaussian_full};
  constexpr Variant built[] = {variants[0], variants[4], variants[2]};
  std::vector<Case> all;
  for (int simulator = 0; simulator < Simulators::size; ++simulator) {
    const std::uint64_t turn = seed + static_cast<std::uint64_t>(simulator);
    const bool even = turn % 2 == 0;
    const Variant variant = built[turn % 3];
    for (const DeviceRollout& rollout :
         {DeviceRollout{variant, 1}, {variant, 3}, {variant, 3, cuda::EncoderKernels::cublas}})
      all.push_back(
          {{simulator, seed, episodes, families[turn % 4], even ? Pooling::moments : Pooling::mean, even}, rollout});
  }
  return all;
}

}  // namespace

bool device_is_right(std::uint64_t seed, CallSite left_out) {
  for (const auto& [choices, rollout] : cases(seed)) {
    const DeviceMemory on_host = run_device(choices, rollout, [](int blocks, auto body) {
      // Last blocks first: nothing may hang on their order.
      for (int block = blocks - 1; block >= 0; --block) body(HostTeam<float>{}, block);
    });
    for (int threads : {32, device_threads}) {
      const DeviceMemory on_fibers = run_device(choices, rollout, [&](int blocks, auto body) {
        launch_fibers({threads, seed, blocks, left_out}, body);
      });
      for (std::size_t i = 0; i < on_host.size(); ++i) {
        if (on_host[i] == on_fibers[i]) continue;
        std::printf("wrong numbers: %s of simulator %d and family %d differ between %d threads and the host\n",
                    on_host[i].name.c_str(), choices.simulator, static_cast<int>(choices.family), threads);
        return false;
      }
    }
  }
  return true;
}

}  // namespace alfi::test
