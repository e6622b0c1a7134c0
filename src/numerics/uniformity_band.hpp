// Band in which the distribution function of a sample lies, at all places at once, if its law is uniform on [0, 1].
//
// Säilynoja, Bürkner, Vehtari 2022 (Graphical test for discrete uniformity and its applications in goodness-of-fit
// evaluation and multiple sample comparison, Statistics and Computing 32:32, arXiv 2103.10522): of the bands made of
// pointwise binomial intervals of one probability, the one that holds a whole sample as often as asked.
#pragma once

#include <span>
#include <vector>

namespace alfi {

/// At the places k/K, k = 0 … K: (K + 1) each.
struct UniformityBand {
  std::vector<double> lower, upper;
};

/// Finds the band for samples of `count` numbers: that often (`level`), or a little more, a uniform sample's
/// distribution function is inside at every one of K = `places` places. Takes O(K count). Throws InputError for a count
/// or a number of places below 1, or a level that is not between 0 and 1.
UniformityBand uniformity_band(int count, int places, double level = 0.95);

/// Returns how often a uniform sample's counts at k/K, k = 1 … K − 1, are all in [low[k − 1], high[k − 1]].
double chance_inside(int count, std::span<const int> low, std::span<const int> high);

/// Returns the part of u (in ascending order) that is at most k/K, k = 0 … K: (K + 1). NaN for no u.
std::vector<double> distribution_function(std::span<const double> u, int places);

}  // namespace alfi
