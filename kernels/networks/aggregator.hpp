// The aggregator: a network [r, g_m, θ_m, s1_m, s2_m, s3_m] → h → h → A (ReLU, ReLU, tanh) of every drawn parameter,
// averaged over the M of them:  a = (1/M) Σ_m agg_m.
//
// s1 and s2 are the scores: u_m = (θ_m − μ)/σ and u_m² standardised over m (unbiased deviation, 1 where it is 0), which
// is what is left of ∇_ψ log q(θ_m|ψ) when common factors cancel. Family gaussian_full has s3 too: the products of
// u_m's components in the order of ψ's couplings, standardised; of these sums ∇_ψ log q is made. With θ_m held
// constant:
//   ∂s1/∂ψ = 0 and ∂(s2, s3)/∂log σ = 0 exactly (a shift and a scale, which standardising takes out), and u has no C,
//   ∂(u_i u_j)/∂μ_i = −u_j / σ_i, so s2 and s3 have a gradient into μ.
//
// r is one for all parameters of an episode, in all iterations: b + W_r r is computed once, and is what the first
// layer's sums begin with. Backward, what goes into the first layer is added up over parameters and iterations; it
// passes W_r, and makes its gradient, once.
//
// Parameters are taken in blocks of 8; a row is one parameter of one episode: row = 16 · parameter + lane. Hidden
// activations are recomputed in the backward pass.
#pragma once

#include "kernels/networks/encoder.hpp"
#include "kernels/networks/proposal.hpp"

namespace alfi::inline ALFI_ISA {

/// Inputs of the aggregator in one iteration.
template <class R>
struct AggregatorInput {
  const R* real_share;  ///< b + W_r r of the first layer (aggregator_hidden, 16)
  const R* codes;       ///< g (M, CP, 16)
  const R* theta;       ///< θ (M, D, 16), standardised
  const R* offset;      ///< u (M, D, 16)
  const R* scores;      ///< mean and inverse deviation of what is standardised (scores, 2, 16)
};

template <class R>
struct AggregatorBlock {
  Rows<R> input, hidden1, hidden2, output;
};

/// The dimensions whose product is standardised to score number `score`, the first D of one dimension alone.
struct Product {
  int i, j;
};
ALFI_HD Product product_of(int D, int score) {
  if (score < 2 * D) return {score % D, score % D};
  int i = 1, j = score - 2 * D;
  while (j >= i) j -= i++;
  return {i, j};
}

/// Returns what is standardised to a score, of a parameter's offset u (D, 16).
template <class F>
ALFI_HD F unstandardised_score(int D, const Real<F>* offset, int score, Product of, int lane) {
  const F u = load<F>(offset + of.i * tile_lanes + lane);
  return score < D ? u : u * load<F>(offset + of.j * tile_lanes + lane);
}

/// Computes scores (scores, 2, 16) of offset (M, D, 16).
template <class Team>
ALFI_HD void score_statistics(const Team& team, const Shape& shape, const typename Team::Real* offset,
                              typename Team::Real* scores) {
  using F = typename Team::F;
  using R = typename Team::Real;
  team.each(shape.scores(), [&](int score, int lane) {
    const Product of = product_of(shape.D, score);
    const auto value = [&](int m) {
      return unstandardised_score<F>(shape.D, offset + m * shape.D * tile_lanes, score, of, lane);
    };
    F sum{};
    for (int m = 0; m < shape.M; ++m) sum = sum + value(m);
    const F mean = sum / splat<F>(static_cast<R>(shape.M));
    F squares{};
    for (int m = 0; m < shape.M; ++m) {
      const F distance = value(m) - mean;
      squares = fma(distance, distance, squares);
    }
    const F deviation = sqrt(squares / splat<F>(static_cast<R>(shape.M - 1)));
    R* const place = scores + 2 * score * tile_lanes + lane;
    store<F>(place, mean);
    store<F>(place + tile_lanes, select(deviation > R(0), splat<F>(1) / deviation, splat<F>(1)));
  });
}

/// Returns a score of parameter m.
template <class F>
ALFI_HD F standardised_score(const Shape& shape, const AggregatorInput<Real<F>>& input, int score, Product of, int m,
                             int lane) {
  const F value = unstandardised_score<F>(shape.D, input.offset + m * shape.D * tile_lanes, score, of, lane);
  const Real<F>* const statistics = input.scores + 2 * score * tile_lanes + lane;
  return (value - load<F>(statistics)) * load<F>(statistics + tile_lanes);
}

/// Returns the first layer's weights of g, θ and the scores, which leaves out r's.
template <class R>
ALFI_HD LinearWeights<R> generated_inputs(const Shape& shape, const Layout& layout, const R* weights) {
  return inputs_of(linear_weights(layout.aggregator[0], weights), shape.CP(), shape.generated_inputs());
}

/// Computes share (aggregator_hidden, 16) of r (CP, 16), to be read after a barrier.
template <class Team>
ALFI_HD void share_real_code(const Team& team, const Shape& shape, const Layout& layout,
                             const typename Team::Real* weights, typename Team::Real* real_code,
                             typename Team::Real* share) {
  using R = typename Team::Real;
  forward(team, inputs_of(linear_weights(layout.aggregator[0], weights), 0, shape.CP()),
          Rows<const R>{real_code, tile_lanes}, Rows<R>{share, tile_lanes}, tile_lanes, Identity{});
}

/// Computes the networks' input and activations of `parameters` parameters from `first` on.
template <class Team>
ALFI_HD void aggregate_block(const Team& team, const Shape& shape, const Layout& layout,
                             const typename Team::Real* weights, const AggregatorInput<typename Team::Real>& input,
                             int first, int parameters, const AggregatorBlock<typename Team::Real>& block) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const int CP = shape.CP(), D = shape.D;
  team.each(shape.generated_inputs(), [&](int feature, int lane) {
    const auto put = [&](int i, F value) { store<F>(block.input.at(feature, i * tile_lanes + lane), value); };
    if (feature < CP + D) {
      const bool code = feature < CP;
      const R* const begin = code ? input.codes + feature * tile_lanes : input.theta + (feature - CP) * tile_lanes;
      const int step = (code ? CP : D) * tile_lanes;
      each_loaded<Team>(
          parameters, [&](int i) { return load<F>(begin + (first + i) * step + lane); }, put);
    } else {
      const int score = feature - CP - D;
      const Product of = product_of(D, score);
      each_loaded<Team>(
          parameters, [&](int i) { return standardised_score<F>(shape, input, score, of, first + i, lane); }, put);
    }
  });
  team.sync();
  const int rows = parameters * tile_lanes;
  forward_from(
      team, generated_inputs(shape, layout, weights),
      [&](int output, int row) { return load<F>(input.real_share + output * tile_lanes + row % tile_lanes); },
      block.input, block.hidden1, rows, Relu{});
  team.sync();
  forward(team, layout.aggregator[1], weights, block.hidden1, block.hidden2, rows, Relu{});
  team.sync();
  forward(team, layout.aggregator[2], weights, block.hidden2, block.output, rows, Tanh{});
  team.sync();
}

/// Computes aggregated (A rows of 16) = a, to be read after a barrier.
template <class Team>
ALFI_HD void aggregate(const Team& team, const Shape& shape, const Layout& layout, const typename Team::Real* weights,
                       const AggregatorInput<typename Team::Real>& input,
                       const AggregatorBlock<typename Team::Real>& block, Rows<typename Team::Real> aggregated) {
  using F = typename Team::F;
  using R = typename Team::Real;
  for (int first = 0; first < shape.M; first += parameter_block) {
    const int parameters = shape.M - first < parameter_block ? shape.M - first : parameter_block;
    aggregate_block(team, shape, layout, weights, input, first, parameters, block);
    team.each(shape.A, [&](int a, int lane) {
      F sum = first == 0 ? F{} : load<F>(aggregated.at(a, lane));
      for (int i = 0; i < parameters; ++i) sum = sum + load<F>(block.output.at(a, i * tile_lanes + lane));
      if (first + parameters == shape.M) sum = sum / splat<F>(static_cast<R>(shape.M));
      store<F>(aggregated.at(a, lane), sum);
    });
  }
}

/// Results of the aggregator's backward pass of one iteration.
template <class R>
struct AggregatorGradient {
  R* real_share;  ///< (aggregator_hidden, 16): what goes into the first layer is added to it
  R* codes;       ///< (M, CP, 16): ∂L/∂g
  R* squares;     ///< (M, square_scores, 16): ∂L/∂(s2, s3); untouched without scores
};

/// Computes gradient += the aggregator's weight gradient but for W_r and its layer's biases, given ∂L/∂a (A rows of
/// 16).
template <class Team>
ALFI_HD void aggregator_gradient(const Team& team, const Shape& shape, const Layout& layout,
                                 const typename Team::Real* weights, const AggregatorInput<typename Team::Real>& input,
                                 const AggregatorBlock<typename Team::Real>& block,
                                 Rows<const typename Team::Real> aggregated_gradient,
                                 const AggregatorGradient<typename Team::Real>& result, typename Team::Real* gradient) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const int CP = shape.CP(), D = shape.D, Q = shape.square_scores();
  for (int first = 0; first < shape.M; first += parameter_block) {
    const int parameters = shape.M - first < parameter_block ? shape.M - first : parameter_block;
    const int rows = parameters * tile_lanes;
    aggregate_block(team, shape, layout, weights, input, first, parameters, block);
    team.each(shape.A, [&](int a, int lane) {
      const F into_output = load<F>(aggregated_gradient.at(a, lane)) / splat<F>(static_cast<R>(shape.M));
      const auto place = [&](int i) { return block.output.at(a, i * tile_lanes + lane); };
      each_loaded<Team>(
          parameters, [&](int i) { return load<F>(place(i)); },
          [&](int i, F output) { store<F>(place(i), into_output * fma(-output, output, splat<F>(1))); });
    });
    team.sync();
    weight_gradient(team, layout.aggregator[2], block.output, block.hidden2, rows, gradient);
    team.sync();
    input_gradient(team, layout.aggregator[2], weights, block.output, block.hidden2, rows,
                   ThroughRelu<R>{block.hidden2});
    team.sync();
    weight_gradient(team, layout.aggregator[1], block.hidden2, block.hidden1, rows, gradient);
    team.sync();
    input_gradient(team, layout.aggregator[1], weights, block.hidden2, block.hidden1, rows,
                   ThroughRelu<R>{block.hidden1});
    team.sync();
    matrix_gradient(team, layout.aggregator[0], CP, shape.generated_inputs(), block.hidden1, block.input, rows,
                    gradient);
    team.each(shape.aggregator_hidden, [&](int j, int lane) {
      R* const place = result.real_share + j * tile_lanes + lane;
      F sum = load<F>(place);
      for (int i = 0; i < parameters; ++i) sum = sum + load<F>(block.hidden1.at(j, i * tile_lanes + lane));
      store<F>(place, sum);
    });
    team.sync();  // the input's gradient takes the input's place: of codes and squares, which alone have one
    const auto sum_alone = [](int, int, F sum) { return sum; };
    const LinearWeights<R> into = generated_inputs(shape, layout, weights);
    input_gradient(team, inputs_of(into, 0, CP), block.hidden1, block.input, rows, sum_alone);
    const int squares = CP + 2 * D;
    if (shape.has_scores())
      input_gradient(team, inputs_of(into, squares, Q), block.hidden1,
                     Rows<R>{block.input.at(squares, 0), block.input.stride}, rows, sum_alone);
    team.sync();
    team.each(CP + (shape.has_scores() ? Q : 0), [&](int item, int lane) {
      const bool code = item < CP;
      const int square = item - CP, feature = code ? item : squares + square;
      R* const to = code ? result.codes + item * tile_lanes : result.squares + square * tile_lanes;
      const int step = (code ? CP : Q) * tile_lanes;
      each_loaded<Team>(
          parameters, [&](int i) { return load<F>(block.input.at(feature, i * tile_lanes + lane)); },
          [&](int i, F slope) { store<F>(to + (first + i) * step + lane, slope); });
    });
    team.sync();
  }
}

/// Computes gradient += of W_r and the first layer's biases, and real_code_gradient (CP, 16) = ∂L/∂r, to be read after
/// a barrier, given what went into the first layer in all.
template <class Team>
ALFI_HD void real_code_gradient(const Team& team, const Shape& shape, const Layout& layout,
                                const typename Team::Real* weights, typename Team::Real* share_gradient,
                                typename Team::Real* real_code, typename Team::Real* into_real_code,
                                typename Team::Real* gradient) {
  using R = typename Team::Real;
  const Linear& layer = layout.aggregator[0];
  const Rows<const R> share{share_gradient, tile_lanes};
  bias_gradient(team, layer, share, tile_lanes, gradient);
  matrix_gradient(team, layer, 0, shape.CP(), share, Rows<const R>{real_code, tile_lanes}, tile_lanes, gradient);
  input_gradient(team, inputs_of(linear_weights(layer, weights), 0, shape.CP()), share,
                 Rows<R>{into_real_code, tile_lanes}, tile_lanes, [](int, int, typename Team::F sum) { return sum; });
}

/// Computes psi_gradient (D, 16), the part of μ, += what s2 and s3 pass on: squares (M, square_scores, 16) = ∂L/∂(s2,
/// s3), deviation (D, 16) = σ.
template <class Team>
ALFI_HD void score_gradient(const Team& team, const Shape& shape, const AggregatorInput<typename Team::Real>& input,
                            const typename Team::Real* squares, const typename Team::Real* deviation,
                            typename Team::Real* psi_gradient) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const int D = shape.D, Q = shape.square_scores();
  team.each(D, [&](int d, int lane) {
    // −σ_d times the derivative by μ_d through the score of u_d u_other: what goes into the product, by u_other.
    const auto passed_on = [&](int square, int other) {
      const int score = D + square;
      const Product of{d, other};
      F sum{}, along{};
      for (int m = 0; m < shape.M; ++m) {
        const F into = load<F>(squares + (m * Q + square) * tile_lanes + lane);
        sum = sum + into;
        along = fma(into, standardised_score<F>(shape, input, score, of, m, lane), along);
      }
      const F mean = sum / splat<F>(static_cast<R>(shape.M));
      const F slope = along / splat<F>(static_cast<R>(shape.M - 1));
      F result{};
      for (int m = 0; m < shape.M; ++m) {
        const F into = load<F>(squares + (m * Q + square) * tile_lanes + lane);
        const F into_product = into - fma(standardised_score<F>(shape, input, score, of, m, lane), slope, mean);
        result = fma(into_product, load<F>(input.offset + (m * D + other) * tile_lanes + lane), result);
      }
      return load<F>(input.scores + (2 * score + 1) * tile_lanes + lane) * result;
    };
    F sum = R(2) * passed_on(d, d);
    if (shape.couplings() > 0)
      for (int other = 0; other < D; ++other)
        if (other != d) sum = sum + passed_on(D + (d > other ? pair_number(d, other) : pair_number(other, d)), other);
    R* const place = psi_gradient + d * tile_lanes + lane;
    store<F>(place, load<F>(place) - sum / load<F>(deviation + d * tile_lanes + lane));
  });
}

}  // namespace alfi::inline ALFI_ISA
