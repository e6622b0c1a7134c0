// The oracle of an episode: ALFI's forward pass and its gradients in double, from the equations of the method
// (A. Pesah, A. Wehenkel, G. Louppe, arXiv 1811.12932), sharing nothing with the kernels it judges.
//
// One episode, everything normalised, θ_m and the observations given:
//   r = pool enc(x*)                                   pool: mean, or mean and unbiased standard deviation
//   for t < T:
//     g_m = pool_n enc(x_mn),  s1_m = standardise_m(θ_m − μ),  s2_m = standardise_m((θ_m − μ)²)
//     s3_m = standardise_m((θ_m − μ)_i (θ_m − μ)_j) for j < i, of family gaussian_full
//     a = mean_m agg [r, g_m, θ_m, s1_m, s2_m, s3_m]
//     y = relu fc1 relu fc0 [a, ψ, (count input)]
//     u = σ(update_gate [y, h]),  v = σ(reset_gate [y, h]),  c = tanh(out_gate [y, v∘h]),  h ← (1 − u)∘h + u∘c
//     ψ ← ψ + bounded fc4 relu fc3 h
//     ℓ_t = loss(ψ, θ*)
//   loss = mean over the episodes of Σ_t w_t ℓ_t
// θ_m and the observations are constants. s1 and s2 use θ_m − μ where the method has ε_m: the factors σ cancel in the
// standardisation. s1 has no gradient at all (μ cancels too), s2 and s3 have one with respect to μ.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <numbers>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/autodiff.hpp"
#include "tests/support/tape.hpp"

namespace alfi::test {

struct OracleResult : TapeOutputs {
  std::vector<double> psi_0_gradient;   // (B, P)
  std::vector<double> x_real_gradient;  // (B, R, X), zero in rows that do not count
  std::vector<double> x_gen_gradient;   // (B, T, M, N, X)
  std::vector<double> loss_factors;     // (B, T, D) beta_normal's detached σ^2β, else ones
  std::uint64_t branches = 0;           // hash of the smooth piece the run lies on (Graph::branches)
};

/// Fills θ_gen (M, D) and x_gen (M, N, X) of episode b and iteration t from ψ (P) before that iteration.
using Propose = std::function<void(std::size_t b, std::size_t t, std::span<const double> psi,
                                   std::span<double> theta_gen, std::span<double> x_gen)>;

/// Returns w_t of a loss that is a fixed sum over the iterations; sum 1.
inline std::vector<double> iteration_weights(Weights weights, std::size_t T) {
  std::vector<double> w(T, 0.0);
  if (weights == Weights::constant) {
    w.assign(T, 1.0 / static_cast<double>(T));
  } else if (weights == Weights::last || T == 1) {
    w.back() = 1.0;
  } else {  // exp; the divisor e³ − 1 cancels
    double total = 0.0;
    for (std::size_t t = 0; t < T; ++t) {
      w[t] = std::exp(3.0 * static_cast<double>(t) / static_cast<double>(T - 1)) - 1.0;
      total += w[t];
    }
    for (double& value : w) value /= total;
  }
  return w;
}

/// One episode's graph. Episodes share nothing but the parameters, so each has its own.
class EpisodeOracle {
 public:
  using Node = Graph::Node;

  EpisodeOracle(const Tape& tape, std::size_t b, std::span<const double> held_factors)
      : tape_(tape), s_(tape.settings), b_(b), held_factors_(held_factors) {
    for (const auto& [name, values] : tape.parameters) parameters_.emplace(name, graph_.leaf(values));
  }

  /// Runs an episode. `before_iteration` may still fill in this iteration's draws.
  void run(const std::function<void(std::size_t t, std::span<const double> psi)>& before_iteration) {
    const std::size_t real_count = tape_.real_counts.empty() ? s_.R : tape_.real_counts[b_];
    for (std::size_t k = 0; k < real_count; ++k) x_real_.push_back(row(tape_.x_real, b_ * s_.R + k, s_.X));
    const Node r = pool(x_real_);

    psi_0_ = row(tape_.psi_0, b_, s_.psi_size());
    Node psi = psi_0_;
    Node h = graph_.leaf(std::vector<double>(s_.rim_state, 0.0));
    for (std::size_t t = 0; t < s_.T; ++t) {
      before_iteration(t, graph_.value(psi));
      const Node a = graph_.mean(aggregated(t, r, mean_of(psi)));
      h = gru(rim_input(a, psi), h);
      const Node d_psi = bounded(linear("rim.fc4_layer", graph_.relu(linear("rim.fc3_layer", h))));
      psi = graph_.add(psi, d_psi);
      hidden_.push_back(h);
      d_psi_.push_back(d_psi);
      psi_.push_back(psi);
      losses_.push_back(iteration_loss(t, psi));
    }
    loss_ = weighted_loss();
    graph_.backward(loss_, 1.0 / static_cast<double>(tape_.B));
  }

  /// Adds this episode to the batch's result.
  void collect(OracleResult& result) const {
    for (std::size_t t = 0; t < s_.T; ++t) {
      append(result.hidden, graph_.value(hidden_[t]));
      append(result.d_psi, graph_.value(d_psi_[t]));
      append(result.psi, graph_.value(psi_[t]));
      append(result.loss_per_iteration, graph_.value(losses_[t]));
    }
    append(result.theta_features, theta_features_);
    append(result.loss_factors, loss_factors_);
    result.loss += graph_.value(loss_)[0] / static_cast<double>(tape_.B);
    for (const auto& [name, node] : parameters_) {
      std::vector<double>& total = result.gradients[name];
      total.resize(graph_.value(node).size(), 0.0);
      for (std::size_t i = 0; i < total.size(); ++i) total[i] += graph_.gradient(node)[i];
    }
    append(result.psi_0_gradient, graph_.gradient(psi_0_));
    for (Node x : x_real_) append(result.x_real_gradient, graph_.gradient(x));
    result.x_real_gradient.resize((b_ + 1) * s_.R * s_.X, 0.0);
    for (Node x : x_gen_) append(result.x_gen_gradient, graph_.gradient(x));
    result.branches = (result.branches ^ graph_.branches()) * 1099511628211U;
  }

 private:
  static void append(std::vector<double>& to, const std::vector<double>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }

  /// Returns row `index` of an array whose rows have `width` numbers.
  Node row(const std::vector<double>& array, std::size_t index, std::size_t width) {
    const auto begin = array.begin() + static_cast<std::ptrdiff_t>(index * width);
    return graph_.leaf(std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(width)));
  }

  Node linear(const std::string& layer, Node x) {
    return graph_.linear(parameters_.at(layer + ".weight"), parameters_.at(layer + ".bias"), x);
  }

  /// Applies a network of the one form that encoder and aggregator have: ReLU, ReLU, tanh.
  Node network(const std::string& name, Node x) {
    const Node first = graph_.relu(linear(name + ".fc1_layer", x));
    const Node second = graph_.relu(linear(name + ".fc2_layer", first));
    return graph_.tanh(linear(name + ".fc3_layer", second));
  }

  std::size_t generated_count(std::size_t t, std::size_t m) const {
    return tape_.generated_counts.empty() ? s_.N : tape_.generated_counts[(b_ * s_.T + t) * s_.M + m];
  }

  /// Encodes and pools a set of observations; a set of none has code 0.
  Node pool(std::span<const Node> observations) {
    std::vector<Node> codes;
    for (Node x : observations) codes.push_back(network("x_data_agg", x));
    const std::size_t size = s_.pooling == Pooling::mean ? s_.encoder_code : 2 * s_.encoder_code;
    if (codes.empty()) return graph_.leaf(std::vector<double>(size, 0.0));
    if (s_.pooling == Pooling::mean) return graph_.mean(codes);
    return graph_.concatenate({graph_.mean(codes), graph_.deviation(codes)});
  }

  Node mean_of(Node psi) { return graph_.slice(psi, 0, s_.D); }

  Node log_sigma_of(Node psi) {
    if (s_.learns_sigma()) return graph_.slice(psi, s_.D, s_.D);
    return graph_.leaf(std::vector<double>(s_.D, std::log(s_.sigma)));
  }

  /// Returns (z_m − mean) / standard deviation over the set; zero where the deviation is.
  std::vector<Node> standardise(const std::vector<Node>& set) {
    const Node mean = graph_.mean(set), deviation = graph_.deviation(set);
    std::vector<Node> out;
    for (Node z : set) out.push_back(graph_.guarded_quotient(graph_.subtract(z, mean), deviation));
    return out;
  }

  /// Returns agg [r, g_m, θ_m, s1_m, s2_m, s3_m] for every m.
  std::vector<Node> aggregated(std::size_t t, Node r, Node mu) {
    std::vector<Node> theta, offset, offset_squared, offset_products;
    for (std::size_t m = 0; m < s_.M; ++m) {
      theta.push_back(row(tape_.theta_gen, (b_ * s_.T + t) * s_.M + m, s_.D));
      offset.push_back(graph_.subtract(theta[m], mu));
      offset_squared.push_back(graph_.square(offset[m]));
      std::vector<Node> products;
      for (std::size_t i = 1; i < s_.D && s_.couplings() > 0; ++i)
        for (std::size_t j = 0; j < i; ++j)
          products.push_back(graph_.multiply(graph_.slice(offset[m], i, 1), graph_.slice(offset[m], j, 1)));
      if (!products.empty()) offset_products.push_back(graph_.concatenate(products));
    }
    std::vector<Node> s1, s2, s3;
    if (s_.has_scores()) s1 = standardise(offset), s2 = standardise(offset_squared);
    if (s_.has_scores() && !offset_products.empty()) s3 = standardise(offset_products);

    std::vector<Node> out;
    for (std::size_t m = 0; m < s_.M; ++m) {
      std::vector<Node> parts = {theta[m]};
      if (!s1.empty()) parts.insert(parts.end(), {s1[m], s2[m]});
      if (!s3.empty()) parts.push_back(s3[m]);
      const Node features = graph_.concatenate(parts);
      append(theta_features_, graph_.value(features));
      std::vector<Node> observations;
      for (std::size_t n = 0; n < s_.N; ++n) {
        observations.push_back(row(tape_.x_gen, ((b_ * s_.T + t) * s_.M + m) * s_.N + n, s_.X));
      }
      x_gen_.insert(x_gen_.end(), observations.begin(), observations.end());
      out.push_back(
          network("theta_data_agg",
                  graph_.concatenate({r, pool(std::span(observations).first(generated_count(t, m))), features})));
    }
    return out;
  }

  Node rim_input(Node a, Node psi) {
    std::vector<Node> parts = {a, psi};
    if (s_.real_count_input) parts.push_back(graph_.leaf({tape_.real_count_inputs[b_]}));
    return graph_.relu(linear("rim.fc1_layer", graph_.relu(linear("rim.fc0_layer", graph_.concatenate(parts)))));
  }

  /// Runs a GRU cell whose reset gate acts before the candidate's product.
  Node gru(Node y, Node h) {
    const Node both = graph_.concatenate({y, h});
    const Node u = graph_.sigmoid(linear("rim.rnn_layer.update_gate", both));
    const Node v = graph_.sigmoid(linear("rim.rnn_layer.reset_gate", both));
    const Node c = graph_.tanh(linear("rim.rnn_layer.out_gate", graph_.concatenate({y, graph_.multiply(v, h)})));
    return graph_.add(graph_.multiply(graph_.affine(u, -1.0, 1.0), h), graph_.multiply(u, c));
  }

  Node bounded(Node raw) {
    if (s_.bound <= 0.0) return raw;
    if (s_.update == Update::clamp) return graph_.clamp(raw, s_.bound);
    return graph_.affine(graph_.tanh(graph_.affine(raw, 1.0 / s_.bound, 0.0)), s_.bound, 0.0);
  }

  /// Returns C u: the residual of each dimension given those before it, u_i + Σ_{j<i} c_ij u_j.
  Node coupled(Node u, Node psi) {
    if (s_.family != Family::gaussian_full) return u;
    std::vector<Node> z;
    std::size_t place = 2 * s_.D;
    for (std::size_t i = 0; i < s_.D; ++i) {
      z.push_back(graph_.slice(u, i, 1));
      for (std::size_t j = 0; j < i; ++j)
        z[i] = graph_.add(z[i], graph_.multiply(graph_.slice(psi, place++, 1), graph_.slice(u, j, 1)));
    }
    return graph_.concatenate(z);
  }

  /// Returns ℓ_t and notes the detached factor of every dimension.
  Node iteration_loss(std::size_t t, Node psi) {
    const Node error = graph_.subtract(mean_of(psi), row(tape_.theta_true, b_, s_.D));
    std::vector<double> factors(s_.D, 1.0);
    Node per_dimension = error;
    if (s_.loss == Loss::mse || s_.loss == Loss::l1) {
      per_dimension = s_.loss == Loss::mse ? graph_.square(error) : graph_.absolute(error);
      per_dimension = graph_.affine(per_dimension, 1.0 / static_cast<double>(s_.D), 0.0);
    } else {
      // −log N(θ*; μ, σ) = ½ log 2π + log σ + ½ ((θ* − μ)/σ)²
      const Node log_sigma = log_sigma_of(psi);
      const Node z = coupled(graph_.multiply(error, graph_.exp(graph_.affine(log_sigma, -1.0, 0.0))), psi);
      const double half_log_2pi = 0.5 * std::log(2.0 * std::numbers::pi);
      per_dimension =
          graph_.add(graph_.affine(log_sigma, 1.0, half_log_2pi), graph_.affine(graph_.square(z), 0.5, 0.0));
      if (s_.loss == Loss::beta_normal) {
        for (std::size_t d = 0; d < s_.D; ++d) {
          factors[d] = held_factors_.empty() ? std::exp(2.0 * s_.beta * graph_.value(log_sigma)[d])
                                             : held_factors_[(b_ * s_.T + t) * s_.D + d];
        }
      }
    }
    append(loss_factors_, factors);
    return graph_.sum(graph_.multiply(per_dimension, graph_.leaf(factors)));
  }

  Node weighted_loss() {
    std::vector<Node> terms;
    if (s_.weights == Weights::oi) {  // (1/T) [ℓ_0 + Σ_{t ≥ 1} (ℓ_t − min_{s < t} ℓ_s)]
      for (std::size_t t = 0; t < s_.T; ++t) {
        const std::vector<Node> earlier(losses_.begin(), losses_.begin() + static_cast<std::ptrdiff_t>(t));
        terms.push_back(t == 0 ? losses_[0] : graph_.subtract(losses_[t], graph_.minimum(earlier)));
        terms[t] = graph_.affine(terms[t], 1.0 / static_cast<double>(s_.T), 0.0);
      }
    } else {
      const std::vector<double> w = iteration_weights(s_.weights, s_.T);
      for (std::size_t t = 0; t < s_.T; ++t) terms.push_back(graph_.affine(losses_[t], w[t], 0.0));
    }
    return graph_.sum(graph_.concatenate(terms));
  }

  const Tape& tape_;
  const EpisodeSettings& s_;
  std::size_t b_;
  std::span<const double> held_factors_;
  Graph graph_;
  std::map<std::string, Node> parameters_;
  std::vector<Node> x_real_, x_gen_;
  Node psi_0_{}, loss_{};
  std::vector<Node> hidden_, d_psi_, psi_, losses_;
  std::vector<double> theta_features_, loss_factors_;
};

/// Runs the recorded batch. `held_factors` (B, T, D) takes the place of beta_normal's detached factors: a finite
/// difference of the loss equals the gradient only where they stay as they were.
inline OracleResult run_oracle(const Tape& tape, std::span<const double> held_factors = {}) {
  check(tape.settings);
  OracleResult result;
  for (std::size_t b = 0; b < tape.B; ++b) {
    EpisodeOracle episode(tape, b, held_factors);
    episode.run([](std::size_t, std::span<const double>) {});
    episode.collect(result);
  }
  return result;
}

/// Runs a batch whose draws are made as it goes and written to `tape.theta_gen` and `tape.x_gen`.
inline OracleResult record_oracle(Tape& tape, const Propose& propose) {
  const EpisodeSettings& s = tape.settings;
  check(s);
  tape.theta_gen.assign(tape.B * s.T * s.M * s.D, 0.0);
  tape.x_gen.assign(tape.B * s.T * s.M * s.N * s.X, 0.0);
  OracleResult result;
  for (std::size_t b = 0; b < tape.B; ++b) {
    EpisodeOracle episode(tape, b, {});
    episode.run([&](std::size_t t, std::span<const double> psi) {
      const std::size_t thetas = s.M * s.D, observations = s.M * s.N * s.X;
      propose(b, t, psi, std::span(tape.theta_gen).subspan((b * s.T + t) * thetas, thetas),
              std::span(tape.x_gen).subspan((b * s.T + t) * observations, observations));
    });
    episode.collect(result);
  }
  return result;
}

}  // namespace alfi::test
