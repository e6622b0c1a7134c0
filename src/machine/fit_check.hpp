// The fit of an answer: do observations look like what the machine's simulator makes?
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "alfi/machine.hpp"
#include "src/engine/engine.hpp"
#include "src/evaluation/code_distance.hpp"
#include "src/evaluation/predictive_check.hpp"
#include "src/exact/exact.hpp"
#include "src/model/truncated_law.hpp"

namespace alfi {

/// Fits of a machine's answers. `of` may be called by several threads at once.
class FitCheck {
 public:
  /// Encodes some problems of training, no more than an answer takes, but at least 192.
  FitCheck(const Plan& plan, const Normalisation& normalisation, std::span<const float> weights);

  /// Returns the distances of these problems' codes from those of training's problems.
  std::vector<double> code_distances(std::span<const GivenProblem> problems);

  /// Checks the answer to a problem whose code is that far away.
  Fit of(const TruncatedLaw& answer, const GivenProblem& problem, double code_distance) const;

 private:
  double likelihood_p(const TruncatedLaw& answer, const GivenProblem& problem) const;

  const Plan plan_;
  Normalisation normalisation_;
  std::span<const float> weights_;
  Engine host_;  ///< hands over codes
  CodeDistance codes_;
  std::unique_ptr<ExactInference> exact_;  ///< null where the likelihood is not known
};

}  // namespace alfi
