// The loss of one iteration and its gradient into ψ; the weights of the iterations.
//
//   normal       ℓ = Σ_d ½ log 2π + log σ_d + ½ z_d²,  z = (θ* − μ)/σ;   ∂μ = −z/σ,  ∂log σ = 1 − z²
//   beta_normal  each d's term times σ_d^{2β}, held constant (Seitzer et al. 2022, arXiv 2203.09168)
//   mse, l1      mean over d of (μ − θ*)², |μ − θ*|
//
// An episode's loss is Σ_t w_t ℓ_t. Weights `oi` (observed improvement) are (1/T)[ℓ_0 + Σ_{t≥1} (ℓ_t − min_{s<t} ℓ_s)],
// which depends on the losses: its slope of ℓ_t is (1/T)(1 − how often ℓ_t is the first least of those before).
#pragma once

#include "kernels/math.hpp"
#include "kernels/team.hpp"

namespace alfi::inline ALFI_ISA {

struct LossRule {
  Loss kind;
  Family family;
  double log_sigma;  ///< of gaussian_fixed, standardised
};

/// log σ of dimension d, psi (P, 16).
template <class F>
ALFI_HD F log_deviation(Family family, double log_sigma, int D, const Real<F>* psi, int d, int lane) {
  return family == Family::gaussian ? load<F>(psi + (D + d) * tile_lanes + lane)
                                    : splat<F>(static_cast<Real<F>>(log_sigma));
}

/// ℓ of one iteration; beta of loss beta_normal, psi (P, 16), truth (D, 16) in standardised units.
template <class F>
ALFI_HD F iteration_loss(const LossRule& rule, double beta, int D, const Real<F>* psi, const Real<F>* truth, int lane) {
  using R = Real<F>;
  F sum{};
  for (int d = 0; d < D; ++d) {
    const F distance = load<F>(truth + d * tile_lanes + lane) - load<F>(psi + d * tile_lanes + lane);
    if (rule.kind == Loss::mse) {
      sum = fma(distance, distance, sum);
    } else if (rule.kind == Loss::l1) {
      sum = sum + abs(distance);
    } else {
      const F log_sigma = log_deviation<F>(rule.family, rule.log_sigma, D, psi, d, lane);
      const F z = distance * exp(-log_sigma);
      F term = fma(splat<F>(R(0.5)) * z, z, log_sigma + splat<F>(R(0.91893853320467274178)));
      if (rule.kind == Loss::beta_normal) term = term * exp(splat<F>(static_cast<R>(2 * beta)) * log_sigma);
      sum = sum + term;
    }
  }
  return rule.kind == Loss::mse || rule.kind == Loss::l1 ? sum / splat<F>(static_cast<R>(D)) : sum;
}

/// psi_gradient (P, 16) += scale · ∂ℓ/∂ψ, for dimension d.
template <class F>
ALFI_HD void add_loss_gradient(const LossRule& rule, double beta, int D, const Real<F>* psi, const Real<F>* truth,
                               F scale, int d, int lane, Real<F>* psi_gradient) {
  using R = Real<F>;
  const F distance = load<F>(truth + d * tile_lanes + lane) - load<F>(psi + d * tile_lanes + lane);
  R* const into_mean = psi_gradient + d * tile_lanes + lane;
  if (rule.kind == Loss::mse || rule.kind == Loss::l1) {
    const F slope = rule.kind == Loss::mse
                        ? R(2) * distance
                        : select(distance > R(0), splat<F>(1), select(distance < R(0), splat<F>(-1), F{}));
    store<F>(into_mean, load<F>(into_mean) - scale * slope / splat<F>(static_cast<R>(D)));
    return;
  }
  const F log_sigma = log_deviation<F>(rule.family, rule.log_sigma, D, psi, d, lane);
  const F inverse = exp(-log_sigma);
  const F z = distance * inverse;
  F weight = scale;
  if (rule.kind == Loss::beta_normal) weight = weight * exp(splat<F>(static_cast<R>(2 * beta)) * log_sigma);
  store<F>(into_mean, load<F>(into_mean) - weight * z * inverse);
  if (rule.family == Family::gaussian) {
    R* const into_log = psi_gradient + (D + d) * tile_lanes + lane;
    store<F>(into_log, fma(weight, fma(-z, z, splat<F>(1)), load<F>(into_log)));
  }
}

/// slope (T, 16) = ∂(episode's loss)/∂ℓ_t, and episode_loss (16). fixed_weights (T) for all but oi.
template <class F>
ALFI_HD void weigh_iterations(Weights weights, const Real<F>* fixed_weights, int T, const Real<F>* losses, int lane,
                              Real<F>* slope, Real<F>* episode_loss) {
  using R = Real<F>;
  F sum{};
  if (weights != Weights::oi) {
    for (int t = 0; t < T; ++t) {
      store<F>(slope + t * tile_lanes + lane, splat<F>(fixed_weights[t]));
      sum = fma(splat<F>(fixed_weights[t]), load<F>(losses + t * tile_lanes + lane), sum);
    }
  } else {
    const F each = splat<F>(R(1) / static_cast<R>(T));
    F least{}, least_at{};
    for (int t = 0; t < T; ++t) store<F>(slope + t * tile_lanes + lane, each);
    for (int t = 0; t < T; ++t) {
      const F loss = load<F>(losses + t * tile_lanes + lane);
      if (t == 0) {
        sum = loss;
        least = loss;
        continue;
      }
      sum = sum + (loss - least);
      // The iteration that is the least so far loses one share.
      for (int s = 0; s < t; ++s) {
        R* const place = slope + s * tile_lanes + lane;
        store<F>(place, select(least_at == static_cast<R>(s), load<F>(place) - each, load<F>(place)));
      }
      least_at = select(loss < least, splat<F>(static_cast<R>(t)), least_at);
      least = min(loss, least);
    }
    sum = sum * each;
  }
  store<F>(episode_loss + lane, sum);
}

}  // namespace alfi::inline ALFI_ISA
