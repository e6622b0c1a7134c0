// The loss of one iteration and its gradient into ψ; the weights of the iterations.
//
//   normal       ℓ = Σ_d ½ log 2π + log σ_d + ½ z_d²,  z = u = (θ* − μ)/σ;   ∂μ = −z/σ,  ∂log σ = 1 − z²
//                of gaussian_full z = C u, and with w = Cᵀz  ∂μ = −w/σ,  ∂log σ = 1 − u w,  ∂c_ij = z_i u_j
//   beta_normal  each d's term times σ_d^{2β}, held constant (Seitzer et al. 2022, arXiv 2203.09168); of gaussian_full
//                a term is −log q(θ*_d | θ*_{<d}), and σ_d its own deviation
//   mse, l1      mean over d of (μ − θ*)², |μ − θ*|
//
// An episode's loss is Σ_t w_t ℓ_t. Weights `oi` (observed improvement) are (1/T)[ℓ_0 + Σ_{t≥1} (ℓ_t − min_{s<t} ℓ_s)],
// which depends on the losses: its slope of ℓ_t is (1/T)(1 − how often ℓ_t is the first least of those before).
#pragma once

#include "kernels/networks/proposal.hpp"

namespace alfi::inline ALFI_ISA {

struct LossRule {
  Loss kind;
  Family family;
  double log_sigma;  ///< of gaussian_fixed, standardised
};

/// Returns u_d = (θ*_d − μ_d)/σ_d.
template <class F>
ALFI_HD F truth_offset(const LossRule& rule, int D, const Real<F>* psi, const Real<F>* truth, int d, int lane) {
  const F distance = load<F>(truth + d * tile_lanes + lane) - load<F>(psi + d * tile_lanes + lane);
  return distance * exp(-log_deviation<F>(rule.family, rule.log_sigma, D, psi, d, lane));
}

/// Returns z_d of gaussian_full.
template <class F>
ALFI_HD F coupled_residual(const LossRule& rule, int D, const Real<F>* psi, const Real<F>* truth, int d, int lane) {
  F z = truth_offset<F>(rule, D, psi, truth, d, lane);
  for (int j = 0; j < d; ++j)
    z = fma(coupling<F>(D, psi, d, j, lane), truth_offset<F>(rule, D, psi, truth, j, lane), z);
  return z;
}

/// Returns the weight of dimension d's term in the loss.
template <class F>
ALFI_HD F term_weight(const LossRule& rule, double beta, F log_sigma) {
  using R = Real<F>;
  return weighs_by_deviation(rule.kind) ? exp(splat<F>(static_cast<R>(2 * beta)) * log_sigma) : splat<F>(1);
}

/// Says whether ℓ's gradient is add_coupled_gradient's.
constexpr bool couples(const LossRule& rule) { return couples(rule.family) && needs_density(rule.kind); }

/// Returns ℓ of one iteration; beta of loss beta_normal, psi (P, 16), truth (D, 16) in standardised units.
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
      const F z = couples(rule) ? coupled_residual<F>(rule, D, psi, truth, d, lane) : distance * exp(-log_sigma);
      const F term = fma(splat<F>(R(0.5)) * z, z, log_sigma + splat<F>(R(0.91893853320467274178)));
      sum = sum + term * term_weight(rule, beta, log_sigma);
    }
  }
  return is_distance(rule.kind) ? sum / splat<F>(static_cast<R>(D)) : sum;
}

/// Computes psi_gradient (P, 16) += scale · ∂ℓ/∂ψ, for dimension d.
template <class F>
ALFI_HD void add_loss_gradient(const LossRule& rule, double beta, int D, const Real<F>* psi, const Real<F>* truth,
                               F scale, int d, int lane, Real<F>* psi_gradient) {
  using R = Real<F>;
  const F distance = load<F>(truth + d * tile_lanes + lane) - load<F>(psi + d * tile_lanes + lane);
  R* const into_mean = psi_gradient + d * tile_lanes + lane;
  if (is_distance(rule.kind)) {
    const F slope = rule.kind == Loss::mse
                        ? R(2) * distance
                        : select(distance > R(0), splat<F>(1), select(distance < R(0), splat<F>(-1), F{}));
    store<F>(into_mean, load<F>(into_mean) - scale * slope / splat<F>(static_cast<R>(D)));
    return;
  }
  const F log_sigma = log_deviation<F>(rule.family, rule.log_sigma, D, psi, d, lane);
  const F inverse = exp(-log_sigma);
  const F z = distance * inverse;
  const F weight = scale * term_weight(rule, beta, log_sigma);
  store<F>(into_mean, load<F>(into_mean) - weight * z * inverse);
  if (learns_deviation(rule.family)) {
    R* const into_log = psi_gradient + (D + d) * tile_lanes + lane;
    store<F>(into_log, fma(weight, fma(-z, z, splat<F>(1)), load<F>(into_log)));
  }
}

/// Adds the loss's gradient where it couples dimensions. residual (D, 16) = z times the terms' weights.
template <class F>
ALFI_HD void add_coupled_gradient(const LossRule& rule, double beta, int D, const Real<F>* psi, const Real<F>* truth,
                                  const Real<F>* residual, F scale, int d, int lane, Real<F>* psi_gradient) {
  const auto add = [&](int p, F value) {
    Real<F>* const place = psi_gradient + p * tile_lanes + lane;
    store<F>(place, fma(scale, value, load<F>(place)));
  };
  const F log_sigma = log_deviation<F>(rule.family, rule.log_sigma, D, psi, d, lane);
  const F z = load<F>(residual + d * tile_lanes + lane);
  F w = z;
  for (int i = d + 1; i < D; ++i)
    w = fma(coupling<F>(D, psi, i, d, lane), load<F>(residual + i * tile_lanes + lane), w);
  add(d, -w * exp(-log_sigma));
  add(D + d, term_weight(rule, beta, log_sigma) - truth_offset<F>(rule, D, psi, truth, d, lane) * w);
  for (int j = 0; j < d; ++j) add(coupling_place(D, d, j), z * truth_offset<F>(rule, D, psi, truth, j, lane));
}

/// Computes slope (T, 16) = ∂(episode's loss)/∂ℓ_t, and episode_loss (16). fixed_weights (T) for all but oi.
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
