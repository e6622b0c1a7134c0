// A tile's arrays and a block's fast memory, cut out of one piece each.
#pragma once

#include "kernels/episode/problem.hpp"
#include "kernels/networks/aggregator.hpp"
#include "kernels/networks/encoder.hpp"
#include "kernels/networks/rim.hpp"

namespace alfi {

/// The arrays of one tile. Those of a recorded problem or run are filled by the caller, the others by the rollout.
template <class R>
struct Tile {
  int number;           ///< in the meta-batch
  TileInput<R>* input;  ///< made with the problem
  R* truth;             ///< θ* (D, 16)
  R* psi;               ///< (T + 1, P, 16)
  R* clamped;           ///< (T, M, 16): 1 where θ was outside the simulator's domain
  R* count;             ///< (T, M, 16): simulated observations that are numbers, of N
  R* loss;              ///< (T, 16)
  R* episode_loss;      ///< (16)
  Rows<R> real;         ///< x* (X, real_rows · 16)
  R* theta;             ///< (T, M, D, 16)
  R* offset;            ///< u = (θ − μ)/σ (T, M, D, 16)
  R* scores;            ///< (T, scores, 2, 16)
  Rows<R> x;            ///< (X, T · M · N · 16)
  R* real_code;         ///< r (CP, 16)
  R* real_share;        ///< b + W_r r of the aggregator's first layer (aggregator_hidden, 16)
  R* codes;             ///< g (T, M, CP, 16)
  R* real_slope;        ///< (2, C, 16)
  R* slopes;            ///< (T, M, 2, C, 16)
  R* loss_slope;        ///< (T, 16)
  RimHistory<R> history;
  RimGradient<R> gradient;
  R* real_code_gradient;   ///< (CP, 16)
  R* real_share_gradient;  ///< (aggregator_hidden, 16)
  R* code_gradient;        ///< (M, CP, 16) of one iteration
  R* square_gradient;      ///< (M, square_scores, 16) of one iteration
  R* deviation;            ///< σ (D, 16) of one iteration
  R* residual;             ///< (D, 16) of one iteration: of θ*, with its weight in the loss
};

/// Fast memory of a rollout: the activations of one block. Encoder and aggregator share it.
template <class R>
struct BlockMemory {
  EncoderBlock<R> encoder;
  AggregatorBlock<R> aggregator;
};

/// Returns how many numbers an observation takes: X, or of one that is located x, place and offset
/// (kernels/episode/lookup_encoding.hpp).
constexpr int located_size(const Shape& shape) { return shape.X > 3 ? shape.X : 3; }

/// Carves out what the RIM keeps of `rows` rows.
template <class R>
RimHistory<R> carve_history(const Shape& s, Carver<R>& carver, std::int64_t rows) {
  const std::int64_t H = s.H, S = s.S;
  return {.input = carver.rows(s.rim_inputs(), rows),
          .hidden0 = carver.rows(H, rows),
          .gate_input = carver.rows(H + S, rows),
          .update = carver.rows(S, rows),
          .reset = carver.rows(S, rows),
          .candidate_input = carver.rows(H + S, rows),
          .candidate = carver.rows(S, rows),
          .state = carver.rows(S, rows),
          .hidden3 = carver.rows(H, rows),
          .step = carver.rows(s.P(), rows)};
}

/// Carves out the RIM's gradients; `states` of ψ and h side by side.
template <class R>
RimGradient<R> carve_gradient(const Shape& s, Carver<R>& carver, std::int64_t rows, std::int64_t states) {
  const std::int64_t H = s.H, S = s.S, P = s.P();
  constexpr std::int64_t L = tile_lanes;
  return {.hidden0 = carver.rows(H, rows),
          .y = carver.rows(H, rows),
          .update = carver.rows(S, rows),
          .reset = carver.rows(S, rows),
          .candidate = carver.rows(S, rows),
          .hidden3 = carver.rows(H, rows),
          .step = carver.rows(P, rows),
          .gate_input = carver.rows(H + S, L),
          .input = carver.rows(s.rim_inputs(), L),
          .state = carver.take(states * S * L),
          .psi = carver.take(states * P * L)};
}

/// Cuts out a tile. `features` is the room for an observation: X or located_size.
template <class R>
Tile<R> carve_tile(const Shape& s, Carver<R>& carver, int features) {
  const std::int64_t T = s.T, M = s.M, N = s.N, D = s.D, X = features, C = s.C, CP = s.CP(), P = s.P();
  constexpr std::int64_t L = tile_lanes;
  const std::int64_t steps = T * L;
  Tile<R> tile{};
  // First what a rollout is asked for, so that it is one piece to copy; then what problems are.
  tile.truth = carver.take(D * L);
  tile.psi = carver.take((T + 1) * P * L);
  tile.clamped = carver.take(T * M * L);
  tile.count = carver.take(T * M * L);
  tile.loss = carver.take(T * L);
  tile.episode_loss = carver.take(L);
  tile.real = carver.rows(X, s.R * L);
  tile.theta = carver.take(T * M * D * L);
  tile.offset = carver.take(T * M * D * L);
  tile.scores = carver.take(T * s.scores() * 2 * L);
  tile.x = carver.rows(X, T * M * N * L);
  tile.real_code = carver.take(CP * L);
  tile.real_share = carver.take(s.aggregator_hidden * L);
  tile.codes = carver.take(T * M * CP * L);
  tile.real_slope = carver.take(2 * C * L);
  tile.slopes = carver.take(T * M * 2 * C * L);
  tile.loss_slope = carver.take(T * L);
  tile.history = carve_history(s, carver, steps);
  tile.gradient = carve_gradient(s, carver, steps, 1);
  tile.real_code_gradient = carver.take(CP * L);
  tile.real_share_gradient = carver.take(s.aggregator_hidden * L);
  tile.code_gradient = carver.take(M * CP * L);
  tile.square_gradient = carver.take(M * s.square_scores() * L);
  tile.deviation = carver.take(D * L);
  tile.residual = carver.take(D * L);
  return tile;
}

template <class R>
Tile<R> carve_tile(const Shape& s, Carver<R>& carver) {
  return carve_tile(s, carver, s.X);
}

/// Returns how many rows of padding follow each feature's. Features 256 rows apart would fall on few sets of a cache;
/// in shared memory four features of eight rows, the way a product takes them, are to be in banks of their own.
constexpr int pad_of_rows(bool stage) { return stage ? 8 : tile_lanes; }

/// Cuts out the encoder's part. `stage`: with a place for its weights, which stay while an iteration goes on.
template <class R>
ALFI_HD EncoderBlock<R> carve_encoder(const Shape& s, Carver<R>& carver, bool stage) {
  EncoderBlock<R> block{};
  if (stage) carve_weights(s, carver, block);
  carve_activations(s, carver, pad_of_rows(stage), block);
  return block;
}

/// Cuts out the aggregator's part. `stage`: with a place for its weights.
template <class R>
ALFI_HD AggregatorBlock<R> carve_aggregator(const Shape& s, Carver<R>& carver, bool stage) {
  constexpr std::int64_t parameters = parameter_block * tile_lanes;
  const int pad = pad_of_rows(stage);
  return {.input = carver.rows(s.generated_inputs(), parameters, pad),
          .hidden1 = carver.rows(s.aggregator_hidden, parameters, pad),
          .hidden2 = carver.rows(s.aggregator_hidden, parameters, pad),
          .output = carver.rows(s.A, parameters, pad)};
}

template <class R>
ALFI_HD BlockMemory<R> carve_block(const Shape& s, Carver<R>& carver, bool stage = false) {
  BlockMemory<R> block{};
  if (stage) carve_weights(s, carver, block.encoder);
  Carver<R> same_place = carver;  // encoder and aggregator are never at work together
  carve_activations(s, carver, pad_of_rows(stage), block.encoder);
  block.aggregator = carve_aggregator(s, same_place, stage);
  carver.use(same_place.used());
  return block;
}

/// Counts the numbers that carve_tile, carve_block and carve_aggregator cut out.
template <class R = float>
std::int64_t tile_size(const Shape& shape, int features) {
  Carver<R> counting(nullptr);
  carve_tile(shape, counting, features);
  return counting.used();
}
template <class R = float>
std::int64_t tile_size(const Shape& shape) {
  return tile_size<R>(shape, shape.X);
}
ALFI_HD std::int64_t block_size(const Shape& shape, bool stage = false) {
  Carver<float> counting(nullptr);
  carve_block(shape, counting, stage);
  return counting.used();
}
ALFI_HD std::int64_t aggregator_block_size(const Shape& shape, bool stage) {
  Carver<float> counting(nullptr);
  carve_aggregator(shape, counting, stage);
  return counting.used();
}

/// Counts a tile's numbers up to and including the last array of what a rollout is asked for, and of what problems are.
inline std::int64_t results_size(const Shape& s) {
  return std::int64_t{tile_lanes} * (s.D + (s.T + 1) * s.P() + 2 * s.T * s.M + s.T + 1);
}
inline std::int64_t problem_size(const Shape& s) { return results_size(s) + std::int64_t{tile_lanes} * s.X * s.R; }

}  // namespace alfi
