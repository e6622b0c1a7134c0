// The update: add the partial gradients, clip, Adam (Kingma & Ba 2015), moving average of the weights.
//
//   g  = Σ partials, by a fixed tree over 256 places;  g ← g · min(1, clip / ‖g‖)
//   m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  w ← w − rate · (m/(1 − β₁ᵏ)) / (√(v/(1 − β₂ᵏ)) + ε)
//   average ← decay · average + (1 − decay) w
//
// A gradient whose norm is not finite changes nothing. Weights are taken in groups of 16, one a lane; arrays are padded
// to whole groups.
#pragma once

#include "kernels/shape.hpp"
#include "kernels/team.hpp"

namespace alfi {

inline constexpr double adam_beta1 = 0.9, adam_beta2 = 0.999, adam_epsilon = 1e-8;

struct UpdateSettings {
  float rate;
  float correction1, correction2;  ///< 1/(1 − β₁ᵏ), 1/(1 − β₂ᵏ), k counting from 1
  float clip_norm;                 ///< 0: no clipping
  float average_decay;
};

template <class R>
struct OptimizerState {
  int groups;  ///< of 16 weights
  R* weights;
  R* first_moment;
  R* second_moment;
  R* average;
  R* partials;  ///< (partial_count, groups · 16); summed up into the first
  int partial_count;
  R* squares;  ///< (groups)
  R* norm;     ///< (1): of the gradient before clipping
};

inline namespace ALFI_ISA {

template <class Team>
ALFI_HD void update(const Team& team, const UpdateSettings& settings,
                    const OptimizerState<typename Team::Real>& state) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const int size = state.groups * tile_lanes;
  team.each(state.groups, [&](int group, int lane) {
    R* const column = state.partials + group * tile_lanes + lane;
    for (int half = gradient_partials / 2; half > 0; half /= 2)
      for (int p = 0; p < half && p + half < state.partial_count; ++p) {
        R* const place = column + static_cast<std::int64_t>(p) * size;
        store<F>(place, load<F>(place) + load<F>(place + static_cast<std::int64_t>(half) * size));
      }
  });
  team.sync();
  team.template sums<1>(
      state.groups,
      [&](int group, int lane, Array<F, 1>& sum) {
        const F g = load<F>(state.partials + group * tile_lanes + lane);
        sum[0] = g * g;
      },
      [&](int group, const Array<R, 1>& total) { state.squares[group] = total[0]; });
  team.sync();
  team.once([&] {
    R sum{};
    for (int group = 0; group < state.groups; ++group) sum = sum + state.squares[group];
    *state.norm = sqrt(sum);
  });
  team.sync();
  const R norm = *state.norm;
  const bool finite = norm - norm == R(0);
  if (!finite) return;
  const R scale = settings.clip_norm > 0 && norm > settings.clip_norm ? settings.clip_norm / norm : R(1);
  team.each(state.groups, [&](int group, int lane) {
    const int at = group * tile_lanes + lane;
    const F g = load<F>(state.partials + at) * splat<F>(scale);
    const F m = fma(splat<F>(R(adam_beta1)), load<F>(state.first_moment + at), splat<F>(R(1 - adam_beta1)) * g);
    const F v = fma(splat<F>(R(adam_beta2)), load<F>(state.second_moment + at), splat<F>(R(1 - adam_beta2)) * (g * g));
    const F step = splat<F>(settings.rate) * (m * splat<F>(settings.correction1)) /
                   (sqrt(v * splat<F>(settings.correction2)) + splat<F>(R(adam_epsilon)));
    const F w = load<F>(state.weights + at) - step;
    const F average = load<F>(state.average + at);
    store<F>(state.first_moment + at, m);
    store<F>(state.second_moment + at, v);
    store<F>(state.weights + at, w);
    store<F>(state.average + at, fma(splat<F>(settings.average_decay), average - w, w));
  });
  team.sync();
}

}  // namespace ALFI_ISA
}  // namespace alfi
