// An answer: K rollouts of one problem, its replicates, combined into one normal law.
//
// Given the data, rollout k ends at μ_k = m + ν_k, where m is the limit of many rollouts. The noise ν_k has a
// covariance V and is independent of the other rollouts' and of θ*, since each makes simulations of its own. Let C be
// the covariance of θ* − m. Then the error of one rollout has covariance C + V, that of the mean μ̄ of K rollouts C +
// V/K. A calibrated machine says Σ_k = C + V, and the covariance S between the means, Σ_k (μ_k − μ̄)(μ_k − μ̄)ᵀ/(K − 1),
// is V without bias. So the answer is
//
//   N(μ̄, Σ̄ − V̂ + S/K),   Σ̄ the mean of Σ_k, V̂ an estimate of V;   with V̂ = S it is N(μ̄, Σ̄ − (1 − 1/K) S)
//
// The mixture of the K laws has Σ̄ + (1 − 1/K) S instead: it counts the noise twice.
//
// The floor. C is a covariance, so V ≤ Σ̄. The errors of K replicates share C and are otherwise independent: averaging
// them divides a variance by K at most, and no answer may have less than Σ̄/K. But S scatters about V, by √(2/(K − 1))
// of it, and may exceed Σ̄. So V̂ is what is expected of V given S and V ≤ Σ̄. In units of Σ̄, with v for V, w for S, ν = K
// − 1 degrees of freedom, Q the regularised incomplete gamma function, and the prior 1/v², for which E(v|w) = w where
// nothing bounds v:
//
//   v̂ = w Q(ν/2, νw/2)/Q(ν/2 + 1, νw/2),   which is w where w ≪ 1, 0.76 for w = 1 and K = 16, and never above w or 1
//
// The answer's variance is then never below Σ̄/K nor below S/K. Of matrices this is said of each direction in which both
// are diagonal with Σ̄ as the unit.
//
// The answer fails where Σ_k is not C + V. What a machine leaves out of Σ_k is left out of the answer, and is a larger
// part of its smaller variance. So one that was trained briefly, or is asked about data unlike its training's, has too
// narrow an answer; at the floor nothing of C is left in it.
//
// Families that learn no deviation keep theirs; only their means are averaged.
#pragma once

#include <span>
#include <vector>

#include "src/backends/processor.hpp"
#include "src/model/episodes.hpp"
#include "src/model/plan.hpp"
#include "src/model/proposal_law.hpp"
#include "src/model/truncated_law.hpp"

namespace alfi {

/// Combines one replicate or more into the answer's law. One alone is returned as it is. What is not finite gives NaN.
ProposalLaw combined(Family family, std::span<const ProposalLaw> replicates);

/// Names the rollouts of an evaluation's first `problems` problems, evaluation.replicates of each.
Episodes evaluation_rollouts(const Plan& plan, int problems);

/// The answers to the problems of a finished tile: lanes i K … i K + K − 1 are the replicates of its problem i.
class TileAnswers {
 public:
  TileAnswers(const Plan& plan, const FinishedTile& finished);

  /// Returns the number of the tile's first problem among all.
  int first() const { return finished_.first / replicates_; }
  Family family() const { return shape_.family; }
  int problems() const { return finished_.episodes / replicates_; }
  double truth(int problem, int d) const { return finished_.tile.truth[d * tile_lanes + problem * replicates_]; }

  /// Combines the replicates' laws after t iterations, standardised by the prior.
  ProposalLaw law(int problem, int t) const;
  /// Returns that law truncated to the prior.
  TruncatedLaw answer(int problem, int t) const { return {law(problem, t), ranges_}; }

  /// Computes ‖θ* − mean‖₂ of the answer after t iterations.
  double error(int problem, int t) const;

 private:
  const Shape& shape_;
  double sigma_;
  std::vector<Range> ranges_;
  const FinishedTile& finished_;
  int replicates_;
};

}  // namespace alfi
