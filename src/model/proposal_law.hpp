// The law that ψ stands for (kernels/networks/proposal.hpp), in double and as people read it: means, deviations,
// correlations.
#pragma once

#include <span>
#include <vector>

#include "kernels/networks/proposal.hpp"

namespace alfi {

/// A normal law of θ, standardised by the prior.
struct ProposalLaw {
  std::vector<double> mean;         ///< (D)
  std::vector<double> deviation;    ///< (D) of each parameter alone; NaN of a point
  std::vector<double> correlation;  ///< (D, D), row by row; NaN of a point
};

/// Tells whether all its numbers are finite, but for the deviations a point has none of.
bool is_finite(Family family, const ProposalLaw& law);

/// Returns −log of its density at truth (D), nats. NaN of a point.
double normal_loss(const ProposalLaw& law, std::span<const double> truth);

/// Makes the law of independent parameters.
ProposalLaw uncoupled_law(const std::vector<double>& mean, const std::vector<double>& deviation);

/// Makes the law of psi (P); sigma of gaussian_fixed.
ProposalLaw proposal_law(Family family, double sigma, int D, std::span<const double> psi);

}  // namespace alfi
