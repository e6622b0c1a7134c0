// alfi simulate --prior-predictive: sets of observations, each at a θ of its own from the prior.
#pragma once

#include <cstdint>
#include <string>

#include "alfi/simulators.hpp"

namespace alfi::cli {

struct PriorPredictive {
  std::int64_t draws, count;   ///< sets, and observations of each
  std::uint64_t seed;          ///< names the random numbers
  std::string out, theta_out;  ///< .npy files: the sets; θ, natural units, where it is not empty
  bool force;                  ///< replaces files that hold other than arrays
};

/// Writes the sets (draws, count, X) and θ (draws, D). Throws InputError naming the option that is wrong.
void write_prior_predictive(const SimulatorInfo& simulator, const PriorPredictive& wanted);

}  // namespace alfi::cli
