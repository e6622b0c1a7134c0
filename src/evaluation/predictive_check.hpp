// Posterior predictive check: data sets simulated at draws of θ from an answer, beside the one it was given.
//
// Sets simulated at the answer look like the data, if a simulator made them: the data are then one set among
// equals. Compared are the energy distance to a pool of further simulated observations, how the observations share out
// among cells, and of each of the X numbers of an observation the deviation, the least and the largest. The p-value is
// the data's rank (Gelman, Meng, Stern 1996, Statistica Sinica 6, 733). As the answer has seen the data, it errs
// towards 1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "src/evaluation/compared_sets.hpp"
#include "src/model/model.hpp"
#include "src/model/plan.hpp"
#include "src/model/truncated_law.hpp"

namespace alfi {

/// Data sets that are simulated to compare with: as many as an answer has replicates, eight times. So 1/(sets + 1), the
/// least p-value there is, is below 1 %.
inline constexpr int predictive_sets = 8 * tile_lanes;

struct PredictiveCheck {
  Ranks ranks;                              ///< of the data among the simulated sets
  double energy_distance;                   ///< of the data, as a machine sees them
  std::vector<double> simulated_distances;  ///< (sets) of those simulated
};

/// Checks an answer to observations x (count, X) in natural units. `seed` names the random numbers. All is NaN where
/// the law has nothing to draw from, or hardly anything that was simulated is a number.
PredictiveCheck check_prediction(const Plan& plan, const Normalisation& normalisation, const TruncatedLaw& answer,
                                 std::span<const float> x, std::uint64_t seed);

}  // namespace alfi
