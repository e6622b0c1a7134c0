// The shape letters, declared once, and where each weight lies.
//
//   B episodes in a meta-batch      T iterations of an episode     M parameters drawn per iteration
//   N observations per parameter    R real observations            D parameter dimension
//   X observation dimension         C code                         A aggregated code
//   H hidden width of the RIM       S state of its GRU             P numbers in ψ
#pragma once

#include "alfi/choices.hpp"
#include "kernels/choice_facts.hpp"

namespace alfi {

/// Episodes in a tile: the lanes of every kernel body.
inline constexpr int tile_lanes = 16;

/// Observation rows of a tile that are encoded together, and drawn parameters that are aggregated together. Sums over
/// observations and parameters are cut into blocks of these lengths, so they are part of what makes a result's bits.
inline constexpr int block_length = 16;
inline constexpr int parameter_block = 8;

/// Logical partial sums of a gradient: tile i adds to partial i mod 256, and a fixed tree adds the partials up. Where
/// there are few tiles, the encoder's part of a tile is cut into pieces that have a partial sum each.
inline constexpr int gradient_partials = 256;
inline constexpr int most_pieces = 16;

struct Shape {
  int T, M, N, R;
  int D, X;
  int encoder_hidden, C;
  int aggregator_hidden, A;
  int H, S;
  Family family;
  Pooling pooling;
  bool use_grad;     ///< the aggregator sees s1 and s2
  bool count_input;  ///< the RIM sees the number of real observations

  /// Pairs of parameters that ψ has a number for.
  constexpr int couplings() const { return couples(family) ? D * (D - 1) / 2 : 0; }
  constexpr int P() const { return learns_deviation(family) ? 2 * D + couplings() : D; }
  /// Counts the numbers of a pooled code.
  constexpr int CP() const { return pooling == Pooling::moments ? 2 * C : C; }
  constexpr bool has_scores() const { return use_grad && has_density(family); }
  /// Scores of second order, [s2, s3], and all of them.
  constexpr int square_scores() const { return D + couplings(); }
  constexpr int scores() const { return D + square_scores(); }
  /// [g, θ, s1, s2, s3]. Inlined by command, as learns_deviation.
  [[gnu::always_inline]] constexpr int generated_inputs() const { return CP() + D + (has_scores() ? scores() : 0); }
  /// Counts [r, g, θ, s1, s2, s3].
  constexpr int aggregator_inputs() const { return CP() + generated_inputs(); }
  /// Counts [a, ψ, log R].
  constexpr int rim_inputs() const { return A + P() + (count_input ? 1 : 0); }
};

/// One linear layer in the flat vector of weights: weight (out, in) row-major at `weight`, bias (out) at `bias`.
struct Linear {
  int weight, bias, in, out;
};

/// The flat vector of weights, in the order of the reference's modules. The encoder's part and the whole are rounded up
/// to whole groups of 16. A machine without observations, C = 0, has the RIM alone.
struct Layout {
  Linear encoder[3];
  Linear aggregator[3];
  Linear fc0, fc1;
  Linear update_gate, reset_gate, out_gate;  ///< of [y, h]; the candidate's is [y, v∘h]
  Linear fc3, fc4;
  int size;

  /// Returns where the encoder's part ends.
  constexpr int encoder_size() const { return aggregator[0].weight; }
};

constexpr int whole_groups(int size) { return (size + tile_lanes - 1) / tile_lanes * tile_lanes; }

constexpr Layout make_layout(const Shape& shape) {
  Layout layout{};
  int next = 0;
  const auto linear = [&next](int in, int out) {
    const Linear placed{next, next + in * out, in, out};
    next += in * out + out;
    return placed;
  };
  if (shape.C > 0) {
    layout.encoder[0] = linear(shape.X, shape.encoder_hidden);
    layout.encoder[1] = linear(shape.encoder_hidden, shape.encoder_hidden);
    layout.encoder[2] = linear(shape.encoder_hidden, shape.C);
    next = whole_groups(next);
    layout.aggregator[0] = linear(shape.aggregator_inputs(), shape.aggregator_hidden);
    layout.aggregator[1] = linear(shape.aggregator_hidden, shape.aggregator_hidden);
    layout.aggregator[2] = linear(shape.aggregator_hidden, shape.A);
  }
  layout.fc0 = linear(shape.rim_inputs(), shape.H);
  layout.fc1 = linear(shape.H, shape.H);
  layout.update_gate = linear(shape.H + shape.S, shape.S);
  layout.reset_gate = linear(shape.H + shape.S, shape.S);
  layout.out_gate = linear(shape.H + shape.S, shape.S);
  layout.fc3 = linear(shape.S, shape.H);
  layout.fc4 = linear(shape.H, shape.P());
  layout.size = whole_groups(next);
  return layout;
}

/// Returns the number of pieces that the encoder's gradient of a tile is cut into, a power of two, where there are
/// `tiles` tiles.
constexpr int gradient_pieces(int tiles) {
  int pieces = 1;
  while (pieces < most_pieces && 2 * pieces * tiles <= gradient_partials) pieces *= 2;
  return pieces;
}

}  // namespace alfi
