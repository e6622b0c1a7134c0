// Include of a simulator of one's own. Compiled, it is a module that alfi loads:
//
//   #include <alfi/simulator.hpp>
//   struct Decay {
//     static constexpr auto facts = alfi::simulator("decay", "waiting times with an unknown lifetime")
//         .parameter("lifetime", "s", alfi::log_uniform(0.1, 10))
//         .observations(1, alfi::real(0, alfi::infinity), "waiting times, s");
//     template <class Random>
//     ALFI_DEVICE static void simulate(const float* theta, Random& random, float* x) {
//       x[0] = theta[0] * random.exponential();
//     }
//   };
//   ALFI_SIMULATOR(Decay)
//
// alfi::exp, log, pow, sqrt, sin, cos, tan, tanh, … have equal bits everywhere, as long as their arguments are float.
#pragma once

#define ALFI_MODULE  // before the kernels' headers: their functions of double

#include "kernels/lanes/angles.hpp"
#include "kernels/sim/list.hpp"
#include "kernels/sim/one_episode.hpp"
#include "kernels/sim/stepwise.hpp"

#ifdef __CUDACC__
#define ALFI_DEVICE __host__ __device__
#else
#define ALFI_DEVICE
#endif

namespace alfi::inline ALFI_ISA {

template <class User>
struct KernelForm {
  using Type = User;
};
template <ForOneEpisode User>
struct KernelForm<User> {
  using Type = OneEpisode<User>;
};
template <ForSteps User>
struct KernelForm<User> {
  using Type = Stepwise<User>;
};

}  // namespace alfi::inline ALFI_ISA

/// Names the struct that a header is there for, outside of every namespace, once.
#define ALFI_SIMULATOR(Struct)                                 \
  namespace alfi::inline ALFI_ISA {                            \
  using ModuleSimulator = typename KernelForm<::Struct>::Type; \
  }
