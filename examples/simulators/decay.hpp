// Decay: waiting times of a radioactive source behind a detector that is dead for a while after each count:
// dead time + lifetime · E with E exponential of mean 1.
#include <alfi/simulator.hpp>

struct Decay {
  static constexpr auto facts = alfi::simulator("decay", "waiting times behind a detector with a dead time")
                                    .parameter("lifetime", "s", alfi::log_uniform(0.1, 10))
                                    .parameter("dead_time", "s", alfi::uniform(0, 1))
                                    .observations(1, alfi::real(0, alfi::infinity), "waiting times, s");

  template <class Random>
  ALFI_DEVICE static void simulate(const float* theta, Random& random, float* x) {
    x[0] = theta[1] + theta[0] * random.exponential();
  }
};
ALFI_SIMULATOR(Decay)
