// The encoder: a network X → h → h → C (ReLU, ReLU, tanh) of each observation, pooled over a set of observations.
//
//   pooling mean     g = (1/n) Σ_i e_i
//   pooling moments  g = [mean, standard deviation], the latter unbiased, 0 for sets of one
//
// Gradient. ∂L/∂e_i = a + b e_i with
//   mean     a = dg / n,                       b = 0
//   moments  a = dg_mean / n − b mean,         b = dg_std / (std (n − 1)), 0 where std = 0
// so a set's whole influence on the weights is in the 2C numbers (a, b): the backward pass needs nothing else than the
// observations and the weights, whose activations it recomputes.
//
// A set of none has code 0 and no gradient.
//
// Observations are encoded in blocks of 16; a row is one observation of one episode: row = 16 · observation + lane.
//
// An encoder is the weights where they are read from and the fast memory of one block. This one computes in fp32, that
// of kernels/networks/tensor_encoder.hpp on tensor cores; what they share is here: how codes are pooled.
#pragma once

#include "kernels/networks/carver.hpp"

namespace alfi::inline ALFI_ISA {

/// Activations of one block, in fast memory, and a place for the weights.
template <class R>
struct EncoderBlock {
  Rows<R> hidden1, hidden2, code;
  R* staged;  ///< (staged_size), or null
};

/// Sets of observations laid end to end: observation i belongs to set i / set_size, where it is number i % set_size.
template <class R>
struct ObservationSets {
  Rows<const R> x;   ///< (X, observations · 16), standardised
  int observations;  ///< in all sets together
  int set_size;      ///< observations stored of each set
  const R* count;    ///< (sets, 16): the observations that count, the first ones of each set, at most set_size
};

template <class R>
struct DenseEncoder {
  LinearWeights<R> layer[3];
  EncoderBlock<R> block;

  ALFI_HD Rows<R> code() const { return block.code; }
};

/// Reads the weights where they are.
template <class R>
ALFI_HD DenseEncoder<R> unstaged_encoder(const Layout& layout, const R* weights, const EncoderBlock<R>& block) {
  return {{linear_weights(layout.encoder[0], weights), linear_weights(layout.encoder[1], weights),
           linear_weights(layout.encoder[2], weights)},
          block};
}

/// Rows of a weight matrix in shared memory begin 4 banks of 32 after each other, so that 8 rows of 4 numbers, the way
/// a product takes them, are in banks of their own.
constexpr int staged_step(int in) { return (in + 27) / 32 * 32 + 4; }
constexpr int staged_size(const Linear& layer) { return layer.out * (staged_step(layer.in) + 1); }

/// Counts the numbers that staging takes.
constexpr int staged_size(const Layout& layout) {
  return staged_size(layout.encoder[0]) + staged_size(layout.encoder[1]) + staged_size(layout.encoder[2]);
}

/// Copies the weights to fast memory.
template <class Team>
ALFI_HD DenseEncoder<typename Team::Real> staged_encoder(const Team& team, const Layout& layout,
                                                         const typename Team::Real* weights,
                                                         const EncoderBlock<typename Team::Real>& block) {
  using R = typename Team::Real;
  DenseEncoder<R> encoder{{}, block};
  R* staged = block.staged;
  for (int l = 0; l < 3; ++l) {
    const Linear& layer = layout.encoder[l];
    const int in = layer.in, step = staged_step(in);
    R* const to = staged;
    R* const bias = staged + layer.out * step;
    team.each_number(layer.out * in, [&](int i) { to[i / in * step + i % in] = weights[layer.weight + i]; });
    team.each_number(layer.out, [&](int i) { bias[i] = weights[layer.bias + i]; });
    encoder.layer[l] = {.weight = to, .bias = bias, .in = in, .out = layer.out, .step = step};
    staged += staged_size(layer);
  }
  team.sync();
  return encoder;
}

template <class R>
ALFI_HD void carve_weights(const Shape& shape, Carver<R>& carver, EncoderBlock<R>& block) {
  block.staged = carver.take(staged_size(make_layout(shape)));
}

/// Cuts out a block's activations. `pad` rows keep features out of each other's banks or cache sets.
template <class R>
ALFI_HD void carve_activations(const Shape& shape, Carver<R>& carver, int pad, EncoderBlock<R>& block) {
  constexpr int rows = block_length * tile_lanes;
  block.hidden1 = carver.rows(shape.encoder_hidden, rows, pad);
  block.hidden2 = carver.rows(shape.encoder_hidden, rows, pad);
  block.code = carver.rows(shape.C, rows, pad);
}

/// Computes code (C, rows) of the observations x (X, rows). `last` is the function after the last layer.
template <class Team, class Activation>
ALFI_HD void encode_rows(const Team& team, const DenseEncoder<typename Team::Real>& encoder,
                         Rows<const typename Team::Real> x, int rows, Rows<typename Team::Real> code, Activation last) {
  const EncoderBlock<typename Team::Real>& block = encoder.block;
  forward(team, encoder.layer[0], x, block.hidden1, rows, Relu{});
  team.sync();
  forward(team, encoder.layer[1], block.hidden1, block.hidden2, rows, Relu{});
  team.sync();
  forward(team, encoder.layer[2], block.hidden2, code, rows, last);
  team.sync();
}

/// Computes code (C, observations · 16) of `observations` observations from `first` on.
template <class Team>
ALFI_HD void encode_block(const Team& team, const Shape&, const DenseEncoder<typename Team::Real>& encoder,
                          const ObservationSets<typename Team::Real>& sets, int first, int observations,
                          Rows<typename Team::Real> code) {
  encode_rows(team, encoder, {sets.x.at(0, first * tile_lanes), sets.x.stride}, observations * tile_lanes, code,
              Tanh{});
}

/// Updates the mean of n − 1 numbers and the sum of their squared distances from it by the n-th (Welford 1962): a small
/// spread of codes near 1 would drown in the sum of squares. `share` is 1/n.
template <class F>
ALFI_HD void add_moments(F value, Real<F> share, F& mean, F& squares) {
  const F distance = value - mean;
  mean = fma(distance, splat<F>(share), mean);
  squares = fma(distance, value - mean, squares);
}

/// Returns the standard deviation, 0 for sets of one.
template <class F>
ALFI_HD F deviation_of(F squares, F count) {
  return select(count > Real<F>(1), sqrt(squares / (count - Real<F>(1))), F{});
}

/// Pools one code of `observations` observations of a set, which are its `number`th and those after it: code(i) of the
/// i-th. What earlier ones came to is at `place` and, of moments, `spread`; where the set is complete then, its pooled
/// code is there afterwards.
template <class Team, class Code>
ALFI_HD void pool_codes(Pooling pooling, int set_size, int number, int observations, typename Team::F count, Code code,
                        typename Team::Real* place, typename Team::Real* spread) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const bool moments = pooling == Pooling::moments, complete = number + observations == set_size;
  F sum = number == 0 ? F{} : load<F>(place);
  F squares = number == 0 || !moments ? F{} : load<F>(spread);
  each_loaded<Team>(observations, code, [&](int i, F value) {
    const auto counts = splat<F>(static_cast<R>(number + i)) < count;
    if (moments) {
      F mean = sum, spread_here = squares;
      add_moments(value, R(1) / static_cast<R>(number + i + 1), mean, spread_here);
      squares = select(counts, spread_here, squares);
      sum = select(counts, mean, sum);
    } else {
      sum = sum + select(counts, value, F{});
    }
  });
  if (complete && !moments) sum = sum / max(count, splat<F>(R(1)));  // 0 for a set of none
  if (complete && moments) squares = deviation_of(squares, count);
  store<F>(place, sum);
  if (moments) store<F>(spread, squares);
}

/// Computes pooled (sets, CP, 16), the pooled codes of every set.
template <class Team, class Encoder>
ALFI_HD void encode_sets(const Team& team, const Shape& shape, const Encoder& encoder,
                         const ObservationSets<typename Team::Real>& sets, typename Team::Real* pooled) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const Pooling pooling = shape.pooling;
  const int C = shape.C, CP = shape.CP();
  for (int first = 0; first < sets.observations; first += block_length) {
    const int left = sets.observations - first;
    const int observations = left < block_length ? left : block_length;
    encode_block(team, shape, encoder, sets, first, observations, encoder.code());
    team.each(C, [&](int c, int lane) {
      int set = first / sets.set_size, number = first % sets.set_size;
      for (int begin = 0; begin < observations; ++set, number = 0) {
        const F count = load<F>(sets.count + set * tile_lanes + lane);
        const int rest = sets.set_size - number, here = rest < observations - begin ? rest : observations - begin;
        R* const place = pooled + (set * CP + c) * tile_lanes + lane;
        pool_codes<Team>(
            pooling, sets.set_size, number, here, count,
            [&](int i) { return load<F>(encoder.code().at(c, (begin + i) * tile_lanes + lane)); }, place,
            place + C * tile_lanes);
        begin += here;
      }
    });
    team.sync();
  }
}

/// Computes codes (C, observations · 16) of the blocks of observations from first_block to before last_block.
template <class Team, class Encoder>
ALFI_HD void encode_observations(const Team& team, const Shape& shape, const Encoder& encoder,
                                 const ObservationSets<typename Team::Real>& sets, int first_block, int last_block,
                                 Rows<typename Team::Real> codes) {
  for (int b = first_block; b < last_block; ++b) {
    const int first = b * block_length, left = sets.observations - first;
    encode_block(team, shape, encoder, sets, first, left < block_length ? left : block_length,
                 {codes.at(0, first * tile_lanes), codes.stride});
  }
}

/// Computes pooled (sets, CP, 16) of every set from the codes (C, observations · 16).
template <class Team>
ALFI_HD void pool_sets(const Team& team, Pooling pooling, int C, const ObservationSets<typename Team::Real>& sets,
                       Rows<const typename Team::Real> codes, typename Team::Real* pooled) {
  using F = typename Team::F;
  const int CP = pooling == Pooling::moments ? 2 * C : C;
  team.each(sets.observations / sets.set_size * C, [&](int item, int lane) {
    const int set = item / C, c = item % C;
    typename Team::Real* const place = pooled + (set * CP + c) * tile_lanes + lane;
    const typename Team::Real* const code = codes.at(c, set * sets.set_size * tile_lanes + lane);
    pool_codes<Team>(
        pooling, sets.set_size, 0, sets.set_size, load<F>(sets.count + set * tile_lanes + lane),
        [&](int i) { return load<F>(code + i * tile_lanes); }, place, place + C * tile_lanes);
  });
}

/// Turns ∂L/∂g of one set into (a, b): slope (2, C, 16) from gradient (CP, 16) and pooled (CP, 16). One item per code.
template <class F>
ALFI_HD void pooling_gradient(Pooling pooling, int C, int c, int lane, const Real<F>* gradient, const Real<F>* pooled,
                              F count, Real<F>* slope) {
  using R = Real<F>;
  const int here = c * tile_lanes + lane, there = (C + c) * tile_lanes + lane;
  F a = load<F>(gradient + here) / max(count, splat<F>(R(1))), b{};
  if (pooling == Pooling::moments) {
    const F deviation = load<F>(pooled + there);
    b = select(deviation > R(0), load<F>(gradient + there) / (deviation * (count - R(1))), F{});
    a = a - b * load<F>(pooled + here);
  }
  store<F>(slope + here, a);
  store<F>(slope + there, b);
}

/// Returns ∂L/∂ of what goes into a code's tanh, given (a, b) of its set.
template <class F>
ALFI_HD F code_slope(F code, F a, F b) {
  return fma(b, code, a) * fma(-code, code, splat<F>(1));
}

/// Computes gradient += the encoder's weight gradient of one block whose activations are there, and in the place of its
/// codes what goes into their tanh.
template <class Team>
ALFI_HD void encode_block_gradient(const Team& team, const Layout& layout,
                                   const DenseEncoder<typename Team::Real>& encoder, Rows<const typename Team::Real> x,
                                   int rows, typename Team::Real* gradient) {
  using R = typename Team::Real;
  const EncoderBlock<R>& block = encoder.block;
  weight_gradient(team, layout.encoder[2], block.code, block.hidden2, rows, gradient);
  team.sync();
  input_gradient(team, encoder.layer[2], block.code, block.hidden2, rows, ThroughRelu<R>{block.hidden2});
  team.sync();
  weight_gradient(team, layout.encoder[1], block.hidden2, block.hidden1, rows, gradient);
  team.sync();
  input_gradient(team, encoder.layer[1], block.hidden2, block.hidden1, rows, ThroughRelu<R>{block.hidden1});
  team.sync();
  weight_gradient(team, layout.encoder[0], block.hidden1, x, rows, gradient);
  team.sync();
}

/// Computes gradient += the encoder's weight gradient of the blocks of observations from first_block to before
/// last_block, given slope (sets, 2, C, 16).
template <class Team>
ALFI_HD void encoder_gradient(const Team& team, const Shape& shape, const Layout& layout,
                              const DenseEncoder<typename Team::Real>& encoder,
                              const ObservationSets<typename Team::Real>& sets, int first_block, int last_block,
                              const typename Team::Real* slope, typename Team::Real* gradient) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const EncoderBlock<R>& block = encoder.block;
  const int C = shape.C;
  for (int b = first_block; b < last_block; ++b) {
    const int first = b * block_length, left = sets.observations - first;
    const int observations = left < block_length ? left : block_length;
    const int rows = observations * tile_lanes;
    encode_block(team, shape, encoder, sets, first, observations, encoder.code());
    team.each(C, [&](int c, int lane) {
      int set = first / sets.set_size, number = first % sets.set_size;
      for (int i = 0; i < observations; ++i) {
        const F count = load<F>(sets.count + set * tile_lanes + lane);
        const R* const ab = slope + (set * 2 * C + c) * tile_lanes + lane;
        R* const place = block.code.at(c, i * tile_lanes + lane);
        const F slope_here = code_slope(load<F>(place), load<F>(ab), load<F>(ab + C * tile_lanes));
        store<F>(place, select(splat<F>(static_cast<R>(number)) < count, slope_here, F{}));
        if (++number == sets.set_size) {
          ++set;
          number = 0;
        }
      }
    });
    team.sync();
    encode_block_gradient(team, layout, encoder, {sets.x.at(0, first * tile_lanes), sets.x.stride}, rows, gradient);
  }
}

}  // namespace alfi::inline ALFI_ISA
