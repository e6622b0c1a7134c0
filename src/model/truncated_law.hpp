// The law that an answer says: a normal one truncated to where the prior is not 0, and renormalised.
//
// Take z = (θ − μ)/σ of one parameter. Its density is φ(z) times the probability, given z, that the other parameters
// are within their ranges. Without correlations that is a constant. With them it is Genz's product of differences of Φ,
// each given the parameters before (Genz 1992, J. Comp. Graph. Stat. 1, 141), averaged over points of a lattice; of two
// parameters it is one such difference, and exact. The density is log-concave. Where it is not negligible it is written
// in Legendre polynomials, which give moments, distribution function and quantiles to 1e-10.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "alfi/simulators.hpp"
#include "src/model/proposal_law.hpp"

namespace alfi {

/// Numbers that the machine works with where the prior is not 0.
struct Range {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
};

/// Returns the range of each parameter (D): without ends where the machine's numbers cannot leave the prior.
std::vector<Range> prior_ranges(const SimulatorInfo& simulator);

class TruncatedLaw {
 public:
  /// Truncates a law to ranges (D); none of them leave it as it is. One that is not finite, has no deviation (of a
  /// point), or of which nothing is within the ranges stays as it is, too.
  TruncatedLaw(ProposalLaw law, std::span<const Range> ranges);

  /// Returns the normal law.
  const ProposalLaw& normal() const { return law_; }
  /// Return mean and deviation of each parameter (D), standardised by the prior.
  const std::vector<double>& mean() const { return mean_; }
  const std::vector<double>& deviation() const { return deviation_; }

  /// Returns the probability that parameter d is below x.
  double probability(std::size_t d, double x) const;
  /// Returns where that probability is p.
  double quantile(std::size_t d, double p) const;
  /// Returns −log of the density at truth (D), nats. NaN of a point.
  double loss(std::span<const double> truth) const;

  /// Returns the range of parameter d; without ends where the law stays as it is.
  const Range& range(std::size_t d) const { return ranges_[d]; }
  /// Tells whether each number of θ (D) is within its range.
  bool within(std::span<const double> theta) const;
  /// Tells whether parameters are correlated.
  bool coupled() const;

  /// Calls visit(x, weight) at nodes of a quadrature over parameter d's own law; weights have the sum 1.
  void over(std::size_t d, const std::function<void(double x, double weight)>& visit) const;

 private:
  class Box;

  /// The law of z of one parameter, on [middle − half, middle + half].
  struct Marginal {
    double middle, half;
    std::vector<double> weights;  ///< its density at the rule's nodes times the rule's weights; their sum is 1
    std::vector<double> series;   ///< its density as a series of Legendre polynomials of (z − middle)/half
  };

  Range ends(std::size_t d) const;
  bool truncate(std::size_t d, const Box& box, bool counts);

  ProposalLaw law_;
  std::vector<Range> ranges_;
  std::vector<double> mean_, deviation_;
  std::vector<std::optional<Marginal>> marginals_;  ///< none of a parameter whose law is the normal one
  double log_mass_ = 0;                             ///< log of the normal law's probability of the ranges
};

/// A law of θ in natural units.
struct NaturalLaw {
  double mean, deviation, lower, upper;
};

/// Takes parameter d of a law to natural units, with its central interval of probability `level`. Numbers that a point
/// does not have are NaN.
NaturalLaw natural_law(const ParameterInfo& parameter, const TruncatedLaw& law, std::size_t d, double level);

}  // namespace alfi
