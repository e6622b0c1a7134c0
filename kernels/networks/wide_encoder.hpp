// The encoder of networks too wide for a block's fast memory. Its products go over all rows of many observations at
// once and are cuBLAS's (src/backends/cuda/encoder_products.cpp). Here are the phases between them:
//
//   forward   hidden1 = relu(W0 x + b0);  hidden2 = relu(· + b1);  code = tanh(· + b2)
//   gradient  the forward pass again; then with e = tanh(· + b2) and ∂L/∂e = a + b e of the observation's set
//               code slope = (a + b e)(1 − e²);  hidden slopes pass where the ReLU let the number through
//
// Products have no bias: a phase adds it. The first layer has a few inputs only, and one phase computes it.
#pragma once

#include "kernels/networks/encoder.hpp"

namespace alfi {

/// Returns how many observations of a tile are at work at once: their hidden layers take 16 MB each, or one block's. It
/// is part of what makes a gradient's bits, so it is a function of the shape alone.
constexpr int wide_observations(const Shape& shape) {
  constexpr int numbers = 1 << 22;
  const int most = numbers / (shape.encoder_hidden * tile_lanes) / block_length * block_length;
  const int all = shape.R > shape.M * shape.N ? shape.R : shape.M * shape.N;
  return most < block_length ? (all < block_length ? all : block_length) : all < most ? all : most;
}

/// A tile's rows; rows is 16 · wide_observations.
template <class R>
struct WideRows {
  Rows<R> hidden1, hidden2, slope;  ///< (h, rows)
  Rows<R> code_slope;               ///< (C, rows)
};

inline namespace ALFI_ISA {

/// Computes y (layer.out, rows) = activation(y + b).
template <class Team, class Activation>
ALFI_HD void add_bias(const Team& team, const LinearWeights<typename Team::Real>& layer, Rows<typename Team::Real> y,
                      int rows, Activation activation) {
  using F = typename Team::F;
  team.each_row(layer.out, rows, [&](int j, int row, auto vectors) {
    const F bias = splat<F>(layer.bias[j]);
#pragma GCC unroll 8
    for (int v = 0; v < decltype(vectors)::value; ++v) {
      typename Team::Real* const place = y.at(j, row + v * Team::width);
      store<F>(place, activation(load<F>(place) + bias));
    }
  });
}

/// Sets slope (features, rows) to 0 where the ReLU of `hidden` let nothing through.
template <class Team>
ALFI_HD void pass_relu(const Team& team, Rows<typename Team::Real> hidden, Rows<typename Team::Real> slope,
                       int features, int rows) {
  using F = typename Team::F;
  const ThroughRelu<typename Team::Real> through{hidden};
  team.each_row(features, rows, [&](int f, int row, auto vectors) {
#pragma GCC unroll 8
    for (int v = 0; v < decltype(vectors)::value; ++v) {
      const int at = row + v * Team::width;
      store<F>(slope.at(f, at), through(f, at, load<F>(slope.at(f, at))));
    }
  });
}

/// Turns code (C, observations · 16), the last product, into ∂L/∂ of what goes into its tanh, for the observations of
/// `sets` from `first` on, given ab (sets, 2, C, 16). 0 for those that do not count or are beyond the sets.
template <class Team>
ALFI_HD void code_slopes(const Team& team, const LinearWeights<typename Team::Real>& layer,
                         const ObservationSets<typename Team::Real>& sets, int first, int observations,
                         const typename Team::Real* ab, Rows<typename Team::Real> code) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const int C = layer.out;
  team.each(C * observations, [&](int item, int lane) {
    const int c = item / observations, i = item % observations;
    R* const place = code.at(c, i * tile_lanes + lane);
    F slope{};
    if (first + i < sets.observations) {
      const int set = (first + i) / sets.set_size, number = (first + i) % sets.set_size;
      const R* const here = ab + (set * 2 * C + c) * tile_lanes + lane;
      const F e = tanh(load<F>(place) + splat<F>(layer.bias[c]));
      slope = select(splat<F>(static_cast<R>(number)) < load<F>(sets.count + set * tile_lanes + lane),
                     code_slope(e, load<F>(here), load<F>(here + C * tile_lanes)), F{});
    }
    store<F>(place, slope);
  });
}

}  // namespace ALFI_ISA
}  // namespace alfi
