// Linear layers over rows, forward and backward.
//
//   forward          y[j] = b[j] + Σ_k W[j,k] x[k]
//   input gradient   dx[k] = Σ_j W[j,k] dy[j]
//   weight gradient  dW[j,k] = Σ_rows dy[j] x[k],   db[j] = Σ_rows dy[j]
//
// Activations are [feature][row], features `stride` apart; W is (out, in) row-major as it is trained. Each sum runs
// over its index in order with one fma a term (the bias or 0 first), whatever the blocking; weight gradients add rows
// of equal lane in order, then lanes by lane_tree.
#pragma once

#include "kernels/lanes/math.hpp"
#include "kernels/team/team.hpp"

namespace alfi::inline ALFI_ISA {

/// Activations: feature f of row i is data[f · stride + i].
template <class R>
struct Rows {
  R* data;
  int stride;

  ALFI_HD R* at(int feature, int row) const { return data + feature * stride + row; }
  ALFI_HD operator Rows<const R>() const { return {data, stride}; }
};

/// A linear layer's weights where they lie: W[j,k] at weight[j · step + k].
template <class R>
struct LinearWeights {
  const R* weight;
  const R* bias;
  int in, out, step;
};

/// Returns a layer's weights of `count` inputs from `first` on.
template <class R>
ALFI_HD LinearWeights<R> inputs_of(const LinearWeights<R>& layer, int first, int count) {
  return {.weight = layer.weight + first, .bias = layer.bias, .in = count, .out = layer.out, .step = layer.step};
}

/// Returns a layer's weights in the flat vector.
template <class R>
ALFI_HD LinearWeights<R> linear_weights(const Linear& layer, const R* weights) {
  return {.weight = weights + layer.weight,
          .bias = weights + layer.bias,
          .in = layer.in,
          .out = layer.out,
          .step = layer.in};
}

/// Outputs computed together: as many accumulators as hide the latency of an fma.
inline constexpr int block_outputs = 5;

/// Calls body(Constant<count>) with 1 ≤ count ≤ limit.
template <int limit, class Body>
ALFI_HD void with_count(int count, Body body) {
  if constexpr (limit == 1) {
    body(Constant<1>{});
  } else if (count >= limit) {
    body(Constant<limit>{});
  } else {
    with_count<limit - 1>(count, body);
  }
}

/// Calls body(Constant<count>) with the outputs computed together: block_outputs, or what is left of them. A team that
/// computes whole patches does as many always; the first stands in for those beyond the last (output_of) and is
/// dropped.
template <class Team, class Body>
ALFI_HD void with_outputs(int left, Body body) {
  if constexpr (Team::whole_patches)
    body(Constant<block_outputs>{});
  else
    with_count<block_outputs>(left, body);
}
template <class Team>
ALFI_HD int output_of(int output, int count) {
  return Team::whole_patches && output >= count ? 0 : output;
}

ALFI_HD int blocks_of(int size, int count) { return (count + size - 1) / size; }

/// Loads V lane vectors one after the other; on a device four numbers of an aligned place at once.
template <int V, class F>
ALFI_HD void load_run(const Real<F>* p, Array<F, V>& value) {
#ifdef __CUDACC__
  if constexpr (V == 4 && sizeof(F) == 4) {
    const float4 four = *reinterpret_cast<const float4*>(p);
    value[0] = four.x;
    value[1] = four.y;
    value[2] = four.z;
    value[3] = four.w;
  } else
#endif
  {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) value[v] = in_register(load<F>(p + v * LaneTraits<F>::width));
  }
}

/// Computes sum[j][v] += Σ_k weight[output(j) · output_step + k · input_step] x[k], for the J of `count` outputs from
/// `first` on and V lane vectors of rows.
template <class Team, int J, int V, class F>
ALFI_HD void accumulate_products(const Real<F>* weight, int first, int count, int output_step, int input_step,
                                 Rows<const Real<F>> x, int inputs, int row, Array<Array<F, V>, J>& sum) {
  const Real<F>* in = x.at(0, row);
  for (int k = 0; k < inputs; ++k) {
    Array<F, V> value;
    load_run<V, F>(in, value);
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) {
      const F w = splat<F>(weight[output_of<Team>(first + j, count) * output_step]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) sum[j][v] = fma(w, value[v], sum[j][v]);
    }
    weight += input_step;
    in += x.stride;
  }
}

/// Computes y (layer.out, rows) = activation(start(output, row) + W x), x (layer.in, rows).
template <class Team, class Start, class Activation>
ALFI_HD void forward_from(const Team& team, const LinearWeights<typename Team::Real>& layer, Start start,
                          Rows<const typename Team::Real> x, Rows<typename Team::Real> y, int rows,
                          Activation activation) {
  using F = typename Team::F;
  team.each_row(blocks_of(block_outputs, layer.out), rows, [&](int block, int row, auto vectors) {
    constexpr int V = decltype(vectors)::value;
    const int first = block * block_outputs;
    with_outputs<Team>(layer.out - first, [&](auto outputs) {
      constexpr int J = decltype(outputs)::value;
      Array<Array<F, V>, J> sum;
#pragma GCC unroll 8
      for (int j = 0; j < J; ++j)
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) sum[j][v] = start(output_of<Team>(first + j, layer.out), row + v * Team::width);
      accumulate_products<Team, J, V, F>(layer.weight, first, layer.out, layer.step, 1, x, layer.in, row, sum);
      // Copies, which no store can change: GCC takes what a vector is stored to for what may be y itself.
      typename Team::Real* const to = y.at(first, row);
      const int stride = y.stride;
#pragma GCC unroll 8
      for (int j = 0; j < J; ++j) {
        if (Team::whole_patches && first + j >= layer.out) continue;
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) store<F>(to + j * stride + v * Team::width, activation(sum[j][v]));
      }
    });
  });
}

/// Computes y (layer.out, rows) = activation(b + W x), x (layer.in, rows).
template <class Team, class Activation>
ALFI_HD void forward(const Team& team, const LinearWeights<typename Team::Real>& layer,
                     Rows<const typename Team::Real> x, Rows<typename Team::Real> y, int rows, Activation activation) {
  forward_from(
      team, layer, [&](int output, int) { return splat<typename Team::F>(layer.bias[output]); }, x, y, rows,
      activation);
}

template <class Team, class Activation>
ALFI_HD void forward(const Team& team, const Linear& layer, const typename Team::Real* weights,
                     Rows<const typename Team::Real> x, Rows<typename Team::Real> y, int rows, Activation activation) {
  forward(team, linear_weights(layer, weights), x, y, rows, activation);
}

/// Computes dx (layer.in, rows) = finish(feature, row, Wᵀ dy), dy (layer.out, rows). finish may read dx's old value
/// there.
template <class Team, class Finish>
ALFI_HD void input_gradient(const Team& team, const LinearWeights<typename Team::Real>& layer,
                            Rows<const typename Team::Real> dy, Rows<typename Team::Real> dx, int rows, Finish finish) {
  using F = typename Team::F;
  team.each_row(blocks_of(block_outputs, layer.in), rows, [&](int block, int row, auto vectors) {
    constexpr int V = decltype(vectors)::value;
    const int first = block * block_outputs;
    with_outputs<Team>(layer.in - first, [&](auto inputs) {
      constexpr int K = decltype(inputs)::value;
      Array<Array<F, V>, K> sum;
#pragma GCC unroll 8
      for (int k = 0; k < K; ++k)
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) sum[k][v] = F{};
      accumulate_products<Team, K, V, F>(layer.weight, first, layer.in, 1, layer.step, dy, layer.out, row, sum);
      typename Team::Real* const to = dx.at(first, row);  // copies, as in forward_from
      const int stride = dx.stride;
      const Finish finish_here = finish;
#pragma GCC unroll 8
      for (int k = 0; k < K; ++k) {
        if (Team::whole_patches && first + k >= layer.in) continue;
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) {
          const int at = v * Team::width;
          store<F>(to + k * stride + at, finish_here(first + k, row + at, sum[k][v]));
        }
      }
    });
  });
}

template <class Team, class Finish>
ALFI_HD void input_gradient(const Team& team, const Linear& layer, const typename Team::Real* weights,
                            Rows<const typename Team::Real> dy, Rows<typename Team::Real> dx, int rows, Finish finish) {
  input_gradient(team, linear_weights(layer, weights), dy, dx, rows, finish);
}

/// Adds totals to the numbers at place(i), for those i where exists(i).
template <class Team, class Totals, class Exists, class Place>
ALFI_HD void add_totals(const Totals& total, Exists exists, Place place) {
  using R = typename Team::Real;
  constexpr int count = sizeof(Totals) / sizeof(R);
  if constexpr (Team::loads_ahead == 1) {
#pragma GCC unroll 32
    for (int i = 0; i < count; ++i)
      if (exists(i)) {
        R& number = *place(i);
        number = number + total[i];
      }
  } else {
    Array<R, count> before{};
    ALFI_UNROLL
    for (int i = 0; i < count; ++i)
      if (exists(i)) before[i] = *place(i);
    ALFI_UNROLL
    for (int i = 0; i < count; ++i)
      if (exists(i)) *place(i) = before[i] + total[i];
  }
}

/// Adds the biases' to the gradient: gradient[layer] += Σ dy over rows, a multiple of 16.
template <class Team>
ALFI_HD void bias_gradient(const Team& team, const Linear& layer, Rows<const typename Team::Real> dy, int rows,
                           typename Team::Real* gradient) {
  using F = typename Team::F;
  using R = typename Team::Real;
  constexpr int height = block_outputs;
  team.template sums<height>(
      blocks_of(height, layer.out), 1,
      [&](int block, int, int lane, Array<F, height>& sum) {
        with_outputs<Team>(layer.out - block * height, [&](auto outputs) {
          constexpr int J = decltype(outputs)::value;
          Array<F, J> part{};
          for (int row = lane; row < rows; row += tile_lanes)
#pragma GCC unroll 8
            for (int j = 0; j < J; ++j)
              part[j] = part[j] + load<F>(dy.at(output_of<Team>(block * height + j, layer.out), row));
#pragma GCC unroll 8
          for (int j = 0; j < J; ++j) sum[j] = part[j];
        });
      },
      [&](int block, int, const auto& total, int first, int there) {
        const int output = block * height + first;
        R* const begin = gradient + layer.bias + output;
        add_totals<Team>(
            total, [&](int i) { return i < there && output + i < layer.out; }, [&](int i) { return begin + i; });
      });
}

/// Divides a matrix of `outputs` by `inputs` numbers into patches: patches(top, left, down, across, Constant<J>,
/// Constant<K>) is called for `down` times `across` of them of J outputs and K inputs, the first at (top, left).
template <class Team, class Patches>
ALFI_HD void with_patches(int outputs, int inputs, const Patches& patches) {
  constexpr int height = block_outputs, width = Team::patch_columns;
  constexpr Constant<height> whole_height;
  constexpr Constant<width> whole_width;
  if constexpr (Team::whole_patches) {
    patches(0, 0, blocks_of(height, outputs), blocks_of(width, inputs), whole_height, whole_width);
  } else {
    const int down = outputs / height, across = inputs / width;
    const int bottom = down * height, right = across * width;
    patches(0, 0, down, across, whole_height, whole_width);
    const auto right_edge = [&](int top, int patches_down, auto patch_height) {
      if (right == inputs) return;
      with_count<width - 1>(inputs - right,
                            [&](auto patch_width) { patches(top, right, patches_down, 1, patch_height, patch_width); });
    };
    right_edge(0, down, whole_height);
    if (bottom == outputs) return;
    with_count<height - 1>(outputs - bottom, [&](auto patch_height) {
      patches(bottom, 0, 1, across, patch_height, whole_width);
      right_edge(bottom, 1, patch_height);
    });
  }
}

/// Adds dy xᵀ over rows, a multiple of 16, to gradient[layer], for the `inputs` inputs from first_input on; dy
/// (layer.out, rows), x (inputs, rows). A patch's sums are in registers.
template <class Team>
ALFI_HD void matrix_gradient(const Team& team, const Linear& layer, int first_input, int inputs,
                             Rows<const typename Team::Real> dy, Rows<const typename Team::Real> x, int rows,
                             typename Team::Real* gradient) {
  using F = typename Team::F;
  using R = typename Team::Real;
  // Whole patches reach over the matrix' edges: its first row and column stand in for those beyond, and what comes of
  // them is dropped.
  constexpr bool whole = Team::whole_patches;
  const auto patches = [&](int top, int left, int down, int across, auto patch_height, auto patch_width) {
    constexpr int J = decltype(patch_height)::value, K = decltype(patch_width)::value;
    const int output_stride = dy.stride, input_stride = x.stride, step = layer.in;
    R* const begin = gradient + layer.weight + first_input;
    team.template sums<J * K>(
        down, across,
        [=](int i, int p, int lane, Array<F, J * K>& sum) {
          const int j = top + i * J, k = left + p * K;
          const R* const outputs = dy.data + j * output_stride + lane;
          const R* const values = x.data + k * input_stride + lane;
          for (int row = 0; row < rows; row += tile_lanes) {
            Array<F, K> b;
#pragma GCC unroll 8
            for (int c = 0; c < K; ++c)
              b[c] = load<F>(values + (whole && k + c >= inputs ? 0 : c * input_stride) + row);
#pragma GCC unroll 8
            for (int r = 0; r < J; ++r) {
              const F a = in_register(load<F>(outputs + (whole && j + r >= layer.out ? 0 : r * output_stride) + row));
#pragma GCC unroll 8
              for (int c = 0; c < K; ++c) sum[r * K + c] = fma(a, b[c], sum[r * K + c]);
            }
          }
        },
        [=](int i, int p, const auto& total, int first, int there) {
          const int j = top + i * J, k = left + p * K;
          R* const to = begin + j * step + k;
          const auto row = [=](int n) { return (first + n) / K; };
          const auto column = [=](int n) { return (first + n) % K; };
          add_totals<Team>(
              total,
              [=](int n) { return n < there && !(whole && (j + row(n) >= layer.out || k + column(n) >= inputs)); },
              [=](int n) { return to + row(n) * step + column(n); });
        });
  };
  with_patches<Team>(layer.out, inputs, patches);
}

/// Computes gradient[layer] += dy xᵀ and Σ dy over rows, a multiple of 16; dy (layer.out, rows), x (layer.in, rows).
template <class Team>
ALFI_HD void weight_gradient(const Team& team, const Linear& layer, Rows<const typename Team::Real> dy,
                             Rows<const typename Team::Real> x, int rows, typename Team::Real* gradient) {
  matrix_gradient(team, layer, 0, layer.in, dy, x, rows, gradient);
  bias_gradient(team, layer, dy, rows, gradient);
}

// Activations.

/// Passes a gradient on where a ReLU let the number through; for input_gradient.
template <class R>
struct ThroughRelu {
  Rows<R> hidden;

  template <class F>
  ALFI_HD F operator()(int feature, int row, F sum) const {
    return select(load<F>(hidden.at(feature, row)) > R(0), sum, F{});
  }
};

struct Identity {
  template <class F>
  ALFI_HD F operator()(F x) const {
    return x;
  }
};

/// 0 > x ? 0 : x; NaN stays NaN, so that a broken weight is seen.
struct Relu {
  template <class F>
  ALFI_HD F operator()(F x) const {
    return max(F{}, x);
  }
};

struct Tanh {
  template <class F>
  ALFI_HD F operator()(F x) const {
    return tanh(x);
  }
};

struct Sigmoid {
  template <class F>
  ALFI_HD F operator()(F x) const {
    return sigmoid(x);
  }
};

}  // namespace alfi::inline ALFI_ISA
