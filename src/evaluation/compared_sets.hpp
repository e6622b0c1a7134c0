// One data set among many that were simulated: how unusual it is, by rank.
#pragma once

#include <vector>

namespace alfi {

/// Facts of a set that are compared.
struct ComparedSet {
  double distance;               ///< energy distance to a pool
  std::vector<double> parts;     ///< of its observations in cells of a grid
  std::vector<double> spreads;   ///< of its numbers, on a scale where more and less are alike
  std::vector<double> extremes;  ///< large where its least or largest numbers are far out
};

/// Parts of the sets, the first among them, that are as unusual as the first.
struct Ranks {
  double p;  ///< by the largest of the four below, each in deviations from its mean
  double energy_p;
  double shape_p;     ///< by Mahalanobis' distance of the parts from the other sets' parts
  double spread_p;    ///< by the one that is farthest from the mean, above or below
  double extremes_p;  ///< by the one that is farthest out
};

/// Ranks the first of two sets or more. If all are draws of one law, each p is at most q with a probability of at most
/// q.
Ranks rank_of_first(const std::vector<ComparedSet>& sets);

}  // namespace alfi
