// The recurrent inference machine: one update of ψ from the aggregated code.
//
//   y  = relu(fc1 relu(fc0 [a, ψ, log R]))
//   u  = sigm(W_u [y, h] + b_u),  v = sigm(W_r [y, h] + b_r)
//   c  = tanh(W_c [y, v∘h] + b_c)              (the reset acts before the product)
//   h' = (1 − u)∘h + u∘c
//   ψ' = ψ + bounded(fc4 relu(fc3 h')),  bounded: clamp to ±bound (none if bound ≤ 0) or bound · tanh(·/bound)
//
// Gradient: of clamp, 1 inside the closed interval and 0 outside; the rest is the chain rule, t from T − 1 down.
//
// One row is one episode at one iteration: row = 16 t + lane. Activations and the gradients before each layer's
// activation are kept for all t, so that every weight gradient is one product over all T · 16 rows at the end.
#pragma once

#include "kernels/networks/dense.hpp"

namespace alfi::inline ALFI_ISA {

/// Everything one episode's iterations leave for the backward pass. All are (features, T · 16).
template <class R>
struct RimHistory {
  Rows<R> input;            ///< [a, ψ, log R]
  Rows<R> hidden0;          ///< relu(fc0)
  Rows<R> gate_input;       ///< [y, h]
  Rows<R> update, reset;    ///< u, v
  Rows<R> candidate_input;  ///< [y, v∘h]
  Rows<R> candidate;        ///< c
  Rows<R> state;            ///< h'
  Rows<R> hidden3;          ///< relu(fc3)
  Rows<R> step;             ///< fc4, before it is bounded
};

/// Gradients with respect to what enters each activation, (features, T · 16), and what travels from t to t − 1.
template <class R>
struct RimGradient {
  Rows<R> hidden0, y, update, reset, candidate, hidden3, step;
  Rows<R> gate_input;  ///< (H + S, 16)
  Rows<R> input;       ///< (A + P + 1, 16)
  R* state;            ///< (S, 16): ∂L/∂h
  R* psi;              ///< (P, 16): ∂L/∂ψ
};

struct UpdateRule {
  Update kind;
  double bound;
};

template <class F>
ALFI_HD F bounded(UpdateRule rule, F step) {
  using R = Real<F>;
  const F bound = splat<F>(static_cast<R>(rule.bound));
  if (rule.kind == Update::tanh) return bound * tanh(step / bound);
  if (rule.bound <= 0) return step;
  const F from_below = select(step < -bound, -bound, step);  // keeps NaN
  return select(from_below > bound, bound, from_below);
}

template <class F>
ALFI_HD F bounded_slope(UpdateRule rule, F step) {
  using R = Real<F>;
  const F bound = splat<F>(static_cast<R>(rule.bound));
  if (rule.kind == Update::tanh) {
    const F value = tanh(step / bound);
    return fma(-value, value, splat<F>(1));
  }
  if (rule.bound <= 0) return splat<F>(1);
  return select(abs(step) > bound, F{}, splat<F>(1));
}

/// Computes psi_next (P, 16) from psi (P, 16) and history.input, whose a-part iteration t has filled.
template <class Team>
ALFI_HD void rim_step(const Team& team, const Shape& shape, const Layout& layout, const typename Team::Real* weights,
                      UpdateRule rule, const RimHistory<typename Team::Real>& history, int t,
                      const typename Team::Real* count_input, const typename Team::Real* psi,
                      typename Team::Real* psi_next) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const int A = shape.A, P = shape.P(), H = shape.H, S = shape.S, row = t * tile_lanes;
  const auto now = [row](Rows<R> rows) { return Rows<R>{rows.data + row, rows.stride}; };
  team.each(shape.rim_inputs() - A + S, [&](int item, int lane) {
    if (item < S)
      store<F>(history.gate_input.at(H + item, row + lane),
               t == 0 ? F{} : load<F>(history.state.at(item, row - tile_lanes + lane)));
    else if (item < S + P)
      store<F>(history.input.at(A + item - S, row + lane), load<F>(psi + (item - S) * tile_lanes + lane));
    else
      store<F>(history.input.at(A + P, row + lane), load<F>(count_input + lane));
  });
  team.sync();
  forward(team, layout.fc0, weights, now(history.input), now(history.hidden0), tile_lanes, Relu{});
  team.sync();
  forward(team, layout.fc1, weights, now(history.hidden0), now(history.gate_input), tile_lanes, Relu{});
  team.sync();
  forward(team, layout.update_gate, weights, now(history.gate_input), now(history.update), tile_lanes, Sigmoid{});
  forward(team, layout.reset_gate, weights, now(history.gate_input), now(history.reset), tile_lanes, Sigmoid{});
  team.sync();
  team.each(H + S, [&](int k, int lane) {
    F value = load<F>(history.gate_input.at(k, row + lane));
    if (k >= H) value = value * load<F>(history.reset.at(k - H, row + lane));
    store<F>(history.candidate_input.at(k, row + lane), value);
  });
  team.sync();
  forward(team, layout.out_gate, weights, now(history.candidate_input), now(history.candidate), tile_lanes, Tanh{});
  team.sync();
  team.each(S, [&](int s, int lane) {
    const F before = load<F>(history.gate_input.at(H + s, row + lane));
    const F candidate = load<F>(history.candidate.at(s, row + lane));
    store<F>(history.state.at(s, row + lane),
             fma(load<F>(history.update.at(s, row + lane)), candidate - before, before));
  });
  team.sync();
  forward(team, layout.fc3, weights, now(history.state), now(history.hidden3), tile_lanes, Relu{});
  team.sync();
  forward(team, layout.fc4, weights, now(history.hidden3), now(history.step), tile_lanes, Identity{});
  team.sync();
  team.each(P, [&](int p, int lane) {
    const F step = bounded(rule, load<F>(history.step.at(p, row + lane)));
    store<F>(psi_next + p * tile_lanes + lane, load<F>(psi + p * tile_lanes + lane) + step);
  });
  team.sync();
}

/// Passes ∂L/∂ψ after the update of iteration t back to h': adds it to gradient.state, to be read after a barrier.
template <class Team>
ALFI_HD void state_gradient(const Team& team, const Layout& layout, const typename Team::Real* weights, UpdateRule rule,
                            const RimHistory<typename Team::Real>& history, int t,
                            const RimGradient<typename Team::Real>& gradient) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const int P = layout.fc4.out, row = t * tile_lanes;
  const auto now = [row](Rows<R> rows) { return Rows<R>{rows.data + row, rows.stride}; };
  const Rows<R> state{gradient.state, tile_lanes};
  team.each(P, [&](int p, int lane) {
    const F slope = bounded_slope(rule, load<F>(history.step.at(p, row + lane)));
    store<F>(gradient.step.at(p, row + lane), load<F>(gradient.psi + p * tile_lanes + lane) * slope);
  });
  team.sync();
  input_gradient(team, layout.fc4, weights, now(gradient.step), now(gradient.hidden3), tile_lanes,
                 [&](int feature, int lane, F sum) {
                   return select(load<F>(history.hidden3.at(feature, row + lane)) > R(0), sum, F{});
                 });
  team.sync();
  input_gradient(team, layout.fc3, weights, now(gradient.hidden3), state, tile_lanes,
                 [&](int s, int lane, F sum) { return load<F>(state.at(s, lane)) + sum; });
}

/// Goes backwards through iteration t. On entry gradient.psi is ∂L/∂ψ after the update and gradient.state what later
/// iterations sent; on return they are those before it, gradient.psi to be read after a barrier, and gradient.input is
/// ∂L/∂[a, ψ, log R].
template <class Team>
ALFI_HD void rim_step_gradient(const Team& team, const Shape& shape, const Layout& layout,
                               const typename Team::Real* weights, UpdateRule rule,
                               const RimHistory<typename Team::Real>& history, int t,
                               const RimGradient<typename Team::Real>& gradient) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const int A = shape.A, P = shape.P(), H = shape.H, S = shape.S, row = t * tile_lanes;
  const auto now = [row](Rows<R> rows) { return Rows<R>{rows.data + row, rows.stride}; };
  const auto sum_alone = [](int, int, F sum) { return sum; };
  const Rows<R> state{gradient.state, tile_lanes};
  state_gradient(team, layout, weights, rule, history, t, gradient);
  team.sync();
  team.each(S, [&](int s, int lane) {
    const F into = load<F>(state.at(s, lane));
    const F u = load<F>(history.update.at(s, row + lane));
    const F c = load<F>(history.candidate.at(s, row + lane));
    const F h = load<F>(history.gate_input.at(H + s, row + lane));
    store<F>(gradient.update.at(s, row + lane), into * (c - h) * (u * (R(1) - u)));
    store<F>(gradient.candidate.at(s, row + lane), into * u * fma(-c, c, splat<F>(1)));
    store<F>(state.at(s, lane), into * (R(1) - u));
  });
  team.sync();
  input_gradient(team, layout.out_gate, weights, now(gradient.candidate), gradient.gate_input, tile_lanes, sum_alone);
  team.sync();
  team.each(S, [&](int s, int lane) {
    const F into = load<F>(gradient.gate_input.at(H + s, lane));
    const F v = load<F>(history.reset.at(s, row + lane));
    const F h = load<F>(history.gate_input.at(H + s, row + lane));
    store<F>(gradient.reset.at(s, row + lane), into * h * (v * (R(1) - v)));
    store<F>(state.at(s, lane), fma(into, v, load<F>(state.at(s, lane))));
    store<F>(gradient.gate_input.at(H + s, lane), F{});
  });
  team.sync();
  const auto add = [&](int k, int lane, F sum) { return load<F>(gradient.gate_input.at(k, lane)) + sum; };
  input_gradient(team, layout.update_gate, weights, now(gradient.update), gradient.gate_input, tile_lanes, add);
  // No barrier: an item adds to what it wrote itself.
  input_gradient(team, layout.reset_gate, weights, now(gradient.reset), gradient.gate_input, tile_lanes, add);
  team.sync();
  team.each(H + S, [&](int k, int lane) {
    const F into = load<F>(gradient.gate_input.at(k, lane));
    if (k < H)
      store<F>(gradient.y.at(k, row + lane), select(load<F>(history.gate_input.at(k, row + lane)) > R(0), into, F{}));
    else
      store<F>(state.at(k - H, lane), load<F>(state.at(k - H, lane)) + into);
  });
  team.sync();
  input_gradient(team, layout.fc1, weights, now(gradient.y), now(gradient.hidden0), tile_lanes,
                 [&](int feature, int lane, F sum) {
                   return select(load<F>(history.hidden0.at(feature, row + lane)) > R(0), sum, F{});
                 });
  team.sync();
  input_gradient(team, layout.fc0, weights, now(gradient.hidden0), gradient.input, tile_lanes, sum_alone);
  team.sync();
  team.each(P, [&](int p, int lane) {
    R* const place = gradient.psi + p * tile_lanes + lane;
    store<F>(place, load<F>(place) + load<F>(gradient.input.at(A + p, lane)));
  });
}

/// Adds the RIM's weight gradients of all T iterations.
template <class Team>
ALFI_HD void rim_weight_gradient(const Team& team, const Shape& shape, const Layout& layout,
                                 const RimHistory<typename Team::Real>& history,
                                 const RimGradient<typename Team::Real>& gradient,
                                 typename Team::Real* weight_gradients) {
  const int rows = shape.T * tile_lanes;
  weight_gradient(team, layout.fc4, gradient.step, history.hidden3, rows, weight_gradients);
  weight_gradient(team, layout.fc3, gradient.hidden3, history.state, rows, weight_gradients);
  weight_gradient(team, layout.out_gate, gradient.candidate, history.candidate_input, rows, weight_gradients);
  weight_gradient(team, layout.reset_gate, gradient.reset, history.gate_input, rows, weight_gradients);
  weight_gradient(team, layout.update_gate, gradient.update, history.gate_input, rows, weight_gradients);
  weight_gradient(team, layout.fc1, gradient.y, history.hidden0, rows, weight_gradients);
  weight_gradient(team, layout.fc0, gradient.hidden0, history.input, rows, weight_gradients);
}

}  // namespace alfi::inline ALFI_ISA
