// The update: add the partial gradients, clip, Adam (Kingma & Ba 2015), moving average of the weights.
//
//   g  = Σ partials, by a fixed tree over 256 places;  g ← g · min(1, clip / ‖g‖)
//   m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  w ← w − rate · (m/(1 − β₁ᵏ)) / (√(v/(1 − β₂ᵏ)) + ε)
//   average ← decay · average + (1 − decay) w
//
// A gradient whose norm is not finite changes nothing. Weights are taken in groups of 16, one a lane; arrays are padded
// to whole groups. Three stages, each of which must be done before the next begins: several teams may share the groups
// of the first and the last.
#pragma once

#include "kernels/shape.hpp"
#include "kernels/team/sums.hpp"

namespace alfi {

inline constexpr double adam_beta1 = 0.9, adam_beta2 = 0.999, adam_epsilon = 1e-8;

/// Factors that depend on the number k of this update, counting from 1.
struct UpdateFactors {
  float correction1, correction2;  ///< 1/(1 − β₁ᵏ), 1/(1 − β₂ᵏ)
  float average_decay;
};

struct UpdateCounts {
  std::int64_t applied;
  std::int64_t skipped;  ///< since their gradient was not finite
};

/// Partial sums of the gradient of consecutive groups; summed up into the first.
template <class R>
struct PartialSums {
  R* data;    ///< (count, groups · 16)
  int count;  ///< at most 256
  int first_group, groups;
};

/// Places of the partial sums of a meta-batch's gradient in one array: those of the encoder's part, then those of the
/// rest. Tile i adds to partial sum i mod 256.
struct GradientSums {
  int count;   ///< partial sums
  int pieces;  ///< of the encoder's part, each with a place of its own in every partial sum
  int encoder_size, size;

  constexpr std::int64_t rest_begin() const { return std::int64_t{count} * pieces * encoder_size; }
  constexpr std::int64_t all() const { return rest_begin() + std::int64_t{count} * (size - encoder_size); }
  /// Returns the place of one piece (encoder_size).
  constexpr std::int64_t encoder(int partial, int piece) const {
    return (std::int64_t{partial} * pieces + piece) * encoder_size;
  }
  /// Returns where an array (size) would begin whose end is the rest of one partial sum: indices are the whole
  /// gradient's.
  constexpr std::int64_t rest(int partial) const {
    return rest_begin() + std::int64_t{partial} * (size - encoder_size) - encoder_size;
  }
};

constexpr GradientSums gradient_sums(const Layout& layout, int tiles) {
  return {.count = tiles < gradient_partials ? tiles : gradient_partials,
          .pieces = gradient_pieces(tiles),
          .encoder_size = layout.encoder_size(),
          .size = layout.size};
}

template <class R>
struct Optimizer {
  int groups;  ///< of 16 weights
  R* weights;
  R* first_moment;
  R* second_moment;
  R* average;
  PartialSums<R> partials[2];        ///< of the encoder's groups, then of the others'
  R* squares;                        ///< (groups); added up into the first
  R* norm;                           ///< (1): of the gradient before clipping
  UpdateCounts* counts;              ///< (1)
  const UpdateFactors* factors;      ///< of the update number first_update, counting from 0, and those after it
  const std::int64_t* first_update;  ///< (1)
  float clip_norm;                   ///< 0: no clipping
};

inline namespace ALFI_ISA {

/// Returns where the gradient of a group is, once its partial sums are added up.
template <class R>
ALFI_HD R* summed(const Optimizer<R>& optimizer, int group, int& groups, int& count) {
  const PartialSums<R>& part = optimizer.partials[group < optimizer.partials[1].first_group ? 0 : 1];
  groups = part.groups;
  count = part.count;
  return part.data + (group - part.first_group) * tile_lanes;
}
template <class R>
ALFI_HD const R* summed(const Optimizer<R>& optimizer, int group) {
  int groups = 0, count = 0;
  return summed(optimizer, group, groups, count);
}

/// Adds up a column of partial sums (count, groups · 16) into the first, at `column`, by a fixed tree. Returns the sum.
template <class F>
ALFI_HD F add_column(Real<F>* column, int count, int groups) {
  const std::int64_t size = static_cast<std::int64_t>(groups) * tile_lanes;
  for (int half = gradient_partials / 2; half > 0; half /= 2)
    for (int p = 0; p < half && p + half < count; ++p) {
      Real<F>* const place = column + p * size;
      store<F>(place, load<F>(place) + load<F>(place + half * size));
    }
  return load<F>(column);
}

/// Adds up the partial sums of `group_count` groups from first_group on.
template <class Team>
ALFI_HD void add_partials(const Team& team, typename Team::Real* data, int count, int groups, int first_group,
                          int group_count) {
  team.each(group_count, [&](int item, int lane) {
    (void)add_column<typename Team::F>(data + (first_group + item) * tile_lanes + lane, count, groups);
  });
}

/// Computes stage 1 of `count` groups from `first` on: the gradient and its squares.
template <class Team>
ALFI_HD void sum_partials(const Team& team, const Optimizer<typename Team::Real>& optimizer, int first, int count) {
  using F = typename Team::F;
  using R = typename Team::Real;
  team.template sums<1>(
      count, 1,
      [&](int item, int, int lane, Array<F, 1>& sum) {
        int groups = 0, partials = 0;
        R* const column = summed(optimizer, first + item, groups, partials) + lane;
        const F g = add_column<F>(column, partials, groups);
        sum[0] = g * g;
      },
      [&](int item, int, const Array<R, 1>& total, int, int there) {
        if (there > 0) optimizer.squares[first + item] = total[0];
      });
}

/// Computes stage 2, by one team: the norm.
template <class Team>
ALFI_HD void gradient_norm(const Team& team, const Optimizer<typename Team::Real>& optimizer) {
  using R = typename Team::Real;
  R* const squares = optimizer.squares;
  const int groups = optimizer.groups;
  sum_up(
      team,
      [&](int place) {
        if (place >= groups) return;
        R sum = squares[place];
        for (int group = place + sum_places; group < groups; group += sum_places) sum = sum + squares[group];
        squares[place] = sum;
      },
      [&](int place, int other) {
        if (other < groups) squares[place] = squares[place] + squares[other];
      });
  team.once([&] { *optimizer.norm = sqrt(squares[0]); });
}

template <class R>
ALFI_HD bool is_finite(R value) {
  return value - value == R(0);
}

/// Computes stage 3 of `count` groups from `first` on: the weights, their moments and average.
template <class Team>
ALFI_HD void apply_update(const Team& team, const Optimizer<typename Team::Real>& optimizer, float rate, int first,
                          int count) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const R norm = *optimizer.norm;
  if (!is_finite(norm)) return;
  const float clip = optimizer.clip_norm;
  const R scale = clip > 0 && norm > clip ? clip / norm : R(1);
  const UpdateFactors factors = optimizer.factors[optimizer.counts->applied - *optimizer.first_update];
  team.each(count, [&](int item, int lane) {
    const int at = (first + item) * tile_lanes + lane;
    const F g = load<F>(summed(optimizer, first + item) + lane) * splat<F>(scale);
    const F m = fma(splat<F>(R(adam_beta1)), load<F>(optimizer.first_moment + at), splat<F>(R(1 - adam_beta1)) * g);
    const F v =
        fma(splat<F>(R(adam_beta2)), load<F>(optimizer.second_moment + at), splat<F>(R(1 - adam_beta2)) * (g * g));
    const F step = splat<F>(rate) * (m * splat<F>(factors.correction1)) /
                   (sqrt(v * splat<F>(factors.correction2)) + splat<F>(R(adam_epsilon)));
    const F w = load<F>(optimizer.weights + at) - step;
    const F average = load<F>(optimizer.average + at);
    store<F>(optimizer.first_moment + at, m);
    store<F>(optimizer.second_moment + at, v);
    store<F>(optimizer.weights + at, w);
    store<F>(optimizer.average + at, fma(splat<F>(factors.average_decay), average - w, w));
  });
}

}  // namespace ALFI_ISA
}  // namespace alfi
