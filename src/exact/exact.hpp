// Exact inference of a simulator's parameters: maximum likelihood and the posterior under the prior, for the
// simulators whose likelihood is known. An evaluation sets ALFI's answers beside these, on the same observations.
//
// All in double. theta is in natural units (not normalised), its components in the simulator's order.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "alfi/simulators.hpp"

namespace alfi {

struct Exact {
  /// D values, not clamped to the prior: −infinity of the logarithm of a rate of 0 (all counts are 0), NaN where the
  /// likelihood has no maximum (all observations are equal: it grows as their deviation's logarithm falls). Empty where
  /// the observations do not single out theta (weinberg: none could; linear_regression: fewer than D, or degenerate).
  std::vector<double> maximum_likelihood;
  /// D values each: the posterior's mean and standard deviation, which are also the parameters of the diagonal Gaussian
  /// nearest to the posterior, the best a proposal without correlations can do.
  std::vector<double> posterior_mean, posterior_deviation;
  /// (D, D) of the posterior, row by row; empty where its parameters are independent.
  std::vector<double> posterior_correlation = {};

  /// The four on the scale that a machine works on, where that is no linear function of θ; else empty.
  struct OnScale {
    std::vector<double> maximum_likelihood, mean, deviation, correlation;
  } on_scale = {};
};

/// Exact inference for one simulator. Calls may run in parallel.
class ExactInference {
 public:
  virtual ~ExactInference() = default;

  /// Infers θ of x: (R, X) observations, row-major, R >= 1. Throws InputError for none, and for a value the simulator
  /// cannot give (not finite; poisson: negative or fractional; weinberg: outside [-1, 1]).
  virtual Exact infer(std::span<const float> x) const = 0;

  /// Returns Exact::maximum_likelihood alone, for people: NaN where it is known only that it lies beyond an end of the
  /// prior. Errors are infer's.
  virtual std::vector<double> maximum_likelihood(std::span<const float> x) const = 0;
};

/// Infers by a simulator's own log likelihood: maximum likelihood, where the prior is not 0 (7 deviations of a normal
/// one), and the posterior of up to three parameters by quadrature.
std::unique_ptr<ExactInference> make_exact_by_likelihood(const SimulatorInfo& simulator);

/// Makes the simulator's exact inference; null where its likelihood is not known. Where a prior is one that no exact
/// posterior is known for, the posterior stays empty.
std::unique_ptr<ExactInference> make_exact_inference(const SimulatorInfo& simulator);

/// Takes a uniform prior of log_rate.
std::unique_ptr<ExactInference> make_exact_poisson(const ParameterInfo& log_rate);
/// Takes uniform priors of both.
std::unique_ptr<ExactInference> make_exact_gaussian(const ParameterInfo& mu, const ParameterInfo& log_sigma);
std::unique_ptr<ExactInference> make_exact_weinberg();
std::unique_ptr<ExactInference> make_exact_multi_distribution();
std::unique_ptr<ExactInference> make_exact_linear_regression(int inputs);
std::unique_ptr<ExactInference> make_exact_gaussian_linear(int dimensions);

}  // namespace alfi
