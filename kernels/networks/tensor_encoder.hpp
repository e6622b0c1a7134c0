// The encoder on tensor cores, with products rounded as the precision says (kernels/lanes/precision.hpp). The first
// layer, of a few inputs, is in fp32, and so are biases, tanh and all sums.
//
// A warp takes one observation of the tile's 16 episodes through all layers: what one layer leaves is the next one's
// operand, in the warp's registers. For the weights' gradients, sums over rows, activations and gradients before each
// activation are kept in fast memory, as many observations at once as there is room for, and shared out among the warps
// again by parts of the weight matrices.
#pragma once

#include "kernels/networks/tensor_block.hpp"

namespace alfi::inline ALFI_ISA {

/// Calls body(Constant<width>) for a `width` of tensor_width<widest>. The last candidate takes whatever is left, so
/// that there is none for which nothing would be computed.
template <int widest, int candidate = least_tensor_width<widest>, class Body>
ALFI_HD void with_tensor_width(int width, Body body) {
  if constexpr (candidate < widest) {
    if (width > candidate) return with_tensor_width<widest, 2 * candidate>(width, body);
  }
  body(Constant<candidate>{});
}

/// Two sums beside each other begin with 16 biases.
template <class Tensor>
ALFI_HD void set_sums(const Tensor& tensor, const float* bias, typename Tensor::Sum (&sum)[2]) {
  ALFI_UNROLL
  for (int half = 0; half < 2; ++half) tensor.set(sum[half], bias + 8 * half);
}

template <class Tensor>
ALFI_HD void clear_sums(const Tensor& tensor, typename Tensor::Sum (&sum)[2]) {
  ALFI_UNROLL
  for (int half = 0; half < 2; ++half) tensor.each(sum[half], [](int, int, float& total) { total = 0; });
}

template <class Tensor>
ALFI_HD void apply_relu(const Tensor& tensor, typename Tensor::Sum (&sum)[2]) {
  ALFI_UNROLL
  for (int half = 0; half < 2; ++half) tensor.each(sum[half], [](int, int, float& total) { total = Relu{}(total); });
}

template <class Tensor>
ALFI_HD void multiply(const Tensor& tensor, const typename Tensor::Left& left, const typename Tensor::Right& right,
                      typename Tensor::Sum (&sum)[2]) {
  ALFI_UNROLL
  for (int half = 0; half < 2; ++half) tensor.multiply(left, right, half, sum[half]);
}

/// Returns how many sixteens of columns are summed up beside each other; more would not fit into registers.
constexpr int sums_together(int width) { return width < 4 ? width : 4; }

/// The hidden layers of the observation whose first row is `row`.
template <int width, Precision precision, int widest, class Tensor>
ALFI_HD void encode_hidden(const Tensor& tensor, const TensorEncoder<precision, widest>& encoder,
                           const ObservationSets<float>& sets, int X, int row,
                           Array<typename Tensor::Left, width>& hidden1, Array<typename Tensor::Left, width>& hidden2) {
  const TensorBlock<precision, widest>& block = encoder.block;
  constexpr int together = sums_together(width);
  ALFI_UNROLL
  for (int first = 0; first < width; first += together) {
    Array<typename Tensor::Sum[2], together> sum;
    ALFI_UNROLL
    for (int s = 0; s < together; ++s) set_sums(tensor, block.bias(0) + 16 * (first + s), sum[s]);
    for (int x = 0; x < X; ++x) {
      const float* const weight = block.first() + block.features * x + 16 * first;
      const float* const value = sets.x.at(x, row);
      ALFI_UNROLL
      for (int s = 0; s < together; ++s) ALFI_UNROLL
      for (int half = 0; half < 2; ++half) tensor.add_outer(sum[s][half], value, weight + 16 * s + 8 * half);
    }
    ALFI_UNROLL
    for (int s = 0; s < together; ++s) {
      apply_relu(tensor, sum[s]);
      hidden1[first + s] = tensor.left(sum[s]);
    }
  }
  ALFI_UNROLL
  for (int s = 0; s < width; ++s) {
    typename Tensor::Sum sum[2];
    set_sums(tensor, block.bias(1) + 16 * s, sum);
    ALFI_UNROLL
    for (int k = 0; k < width; ++k)
      multiply(tensor, hidden1[k], tensor.right_transposed(block.second(), 16 * s, 16 * k), sum);
    apply_relu(tensor, sum);
    hidden2[s] = tensor.left(sum);
  }
}

/// The codes of columns 16 s to 16 s + 15: finish(row, code, value) may change them.
template <int width, Precision precision, int widest, class Tensor, class Finish>
ALFI_HD void encode_codes(const Tensor& tensor, const TensorEncoder<precision, widest>& encoder, int C, int s,
                          const Array<typename Tensor::Left, width>& hidden2, typename Tensor::Sum (&sum)[2],
                          Finish finish) {
  set_sums(tensor, encoder.block.bias(2) + 16 * s, sum);
  ALFI_UNROLL
  for (int k = 0; k < width; ++k)
    multiply(tensor, hidden2[k], tensor.right_transposed(encoder.block.third(), 16 * s, 16 * k), sum);
  ALFI_UNROLL
  for (int half = 0; half < 2; ++half) {
    if (16 * s + 8 * half >= C) continue;  // all of the eight
    tensor.each(sum[half], [&](int row, int c, float& value) { finish(row, 16 * s + 8 * half + c, value); });
  }
}

/// code (C, observations · 16) of `observations` observations from `first` on, to be read after a barrier.
template <Precision precision, int widest, class Team>
ALFI_HD void encode_block(const Team& team, const Shape& shape, const TensorEncoder<precision, widest>& encoder,
                          const ObservationSets<float>& sets, int first, int observations, Rows<float> code) {
  with_tensor_width<widest>(encoder.width, [&](auto constant) {
    constexpr int width = decltype(constant)::value;
    team.template each_warp<precision>(observations, [&]<class Tensor>(int i, const Tensor& tensor) {
      Array<typename Tensor::Left, width> hidden1, hidden2;
      encode_hidden<width>(tensor, encoder, sets, shape.X, (first + i) * tile_lanes, hidden1, hidden2);
      for (int s = 0; s < encoder.codes; ++s) {
        typename Tensor::Sum sum[2];
        encode_codes<width>(tensor, encoder, shape.C, s, hidden2, sum, [&](int row, int c, float& value) {
          if (c < shape.C) *code.at(c, i * tile_lanes + row) = tensor.tanh(value);
        });
      }
    });
  });
}

/// Keeps the activations of observation first + i, and the gradients before them, as the block's i-th.
template <int width, Precision precision, int widest, class Tensor>
ALFI_HD void encoder_backward(const Tensor& tensor, const Shape& shape, const TensorEncoder<precision, widest>& encoder,
                              const ObservationSets<float>& sets, const float* slope, int first, int i) {
  const TensorBlock<precision, widest>& block = encoder.block;
  const int C = shape.C;
  const int set = (first + i) / sets.set_size, place = (first + i) % sets.set_size;
  const float* const a = slope + set * 2 * C * tile_lanes;
  const float* const b = a + C * tile_lanes;
  {
    Array<typename Tensor::Left, width> hidden1, hidden2;
    encode_hidden<width>(tensor, encoder, sets, shape.X, (first + i) * tile_lanes, hidden1, hidden2);
    ALFI_UNROLL
    for (int s = 0; s < width; ++s) {
      tensor.keep(block.hidden1(i), 0, 16 * s, hidden1[s]);
      tensor.keep(block.hidden2(i), 0, 16 * s, hidden2[s]);
    }
    for (int s = 0; s < encoder.codes; ++s) {
      typename Tensor::Sum sum[2];
      encode_codes<width>(tensor, encoder, C, s, hidden2, sum, [&](int lane, int c, float& value) {
        if (c >= C || !(static_cast<float>(place) < sets.count[lane])) {
          value = 0;
          return;
        }
        value = code_slope(tensor.tanh(value), a[c * tile_lanes + lane], b[c * tile_lanes + lane]);
      });
      tensor.keep(block.into_code(i), 0, 16 * s, tensor.left(sum));
    }
  }
  Array<typename Tensor::Left, width> into_hidden2;
  constexpr int together = sums_together(width);
  ALFI_UNROLL
  for (int beyond = 0; beyond < width; beyond += together) {
    Array<typename Tensor::Sum[2], together> sum;
    ALFI_UNROLL
    for (int s = 0; s < together; ++s) clear_sums(tensor, sum[s]);
    for (int k = 0; k < encoder.codes; ++k) {
      const typename Tensor::Left into_code = tensor.kept(block.into_code(i), 0, 16 * k);
      ALFI_UNROLL
      for (int s = 0; s < together; ++s)
        multiply(tensor, into_code, tensor.right(block.third(), 16 * k, 16 * (beyond + s)), sum[s]);
    }
    ALFI_UNROLL
    for (int s = 0; s < together; ++s) {
      const int column = 16 * (beyond + s);
      tensor.through_relu(sum[s], tensor.kept(block.hidden2(i), 0, column));
      into_hidden2[beyond + s] = tensor.left(sum[s]);
      tensor.keep(block.into_hidden2(i), 0, column, into_hidden2[beyond + s]);
    }
  }
  ALFI_UNROLL
  for (int s = 0; s < width; ++s) {
    typename Tensor::Sum sum[2];
    clear_sums(tensor, sum);
    ALFI_UNROLL
    for (int k = 0; k < width; ++k)
      multiply(tensor, into_hidden2[k], tensor.right(block.second(), 16 * k, 16 * s), sum);
    tensor.through_relu(sum, tensor.kept(block.hidden1(i), 0, 16 * s));
    tensor.keep(block.into_hidden1(i), 0, 16 * s, tensor.left(sum));
  }
}

/// gradient[layer] += sums, of outputs from `row` on and inputs from `column` on. What comes of the ones beyond the
/// last input is the biases' gradient.
template <class Tensor>
ALFI_HD void add_to_gradient(const Tensor& tensor, const Linear& layer, int row, int column,
                             typename Tensor::Sum (&sum)[2], float* gradient) {
  ALFI_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int first = column + 8 * half;
    tensor.each(sum[half], [&](int r, int c, float& value) {
      if (row + r < layer.out && first + c < layer.in)
        gradient[layer.weight + (row + r) * layer.in + first + c] += value;
    });
    if (first <= layer.in && layer.in < first + 8)
      tensor.each(sum[half], [&](int r, int c, float& value) {
        if (row + r < layer.out && first + c == layer.in) gradient[layer.bias + row + r] += value;
      });
  }
}

/// gradient[layer] += Σ dy xᵀ over the kept rows of `observations` observations, of the 16 outputs from 16 m on and two
/// sixteens of inputs, from 32 n on; into(observation) is dy, hidden(observation) is x, `width` sixteens wide.
template <class Tensor, class Into, class Hidden>
ALFI_HD void add_weight_gradient(const Tensor& tensor, const Linear& layer, int width, int observations, int m, int n,
                                 Into into, Hidden hidden, float* gradient) {
  constexpr int most = 2;
  typename Tensor::Sum sum[most][2];
  ALFI_UNROLL
  for (int part = 0; part < most; ++part) clear_sums(tensor, sum[part]);
  if (2 * n < width) {
    const int last = 2 * n + 1 < width ? 2 * n + 1 : 2 * n;  // beyond the width the same again, to be dropped
    for (int o = 0; o < observations; ++o) {
      const typename Tensor::Left left = tensor.left_transposed(into(o), 0, 16 * m);
      multiply(tensor, left, tensor.right(hidden(o), 0, 32 * n), sum[0]);
      multiply(tensor, left, tensor.right(hidden(o), 0, 16 * last), sum[1]);
    }
  } else {  // the layer has no room for the ones beyond its features
    const typename Tensor::Right ones = tensor.right([](int, int c) { return c == 0 ? 1.0f : 0.0f; });
    for (int o = 0; o < observations; ++o) multiply(tensor, tensor.left_transposed(into(o), 0, 16 * m), ones, sum[0]);
  }
  ALFI_UNROLL
  for (int part = 0; part < most; ++part)
    add_to_gradient(tensor, layer, 16 * m, 32 * n + 16 * part, sum[part], gradient);
}

/// The same of the first layer, whose x are the observations themselves, the first one's from `row` on: of the inputs
/// from 16 n on.
template <class Tensor, class Into>
ALFI_HD void add_first_gradient(const Tensor& tensor, const Linear& layer, const ObservationSets<float>& sets, int row,
                                int observations, int m, int n, Into into, float* gradient) {
  typename Tensor::Sum sum[2];
  clear_sums(tensor, sum);
  for (int o = 0; o < observations; ++o) {
    const typename Tensor::Right right = tensor.right([&](int k, int c) {
      const int x = 16 * n + c;
      return x < layer.in ? *sets.x.at(x, row + o * tile_lanes + k) : x == layer.in ? 1.0f : 0.0f;
    });
    multiply(tensor, tensor.left_transposed(into(o), 0, 16 * m), right, sum);
  }
  add_to_gradient(tensor, layer, 16 * m, 16 * n, sum, gradient);
}

/// gradient += the encoder's weight gradient of the blocks of observations from first_block to before last_block, given
/// slope (sets, 2, C, 16).
template <Precision precision, int widest, class Team>
ALFI_HD void encoder_gradient(const Team& team, const Shape& shape, const Layout& layout,
                              const TensorEncoder<precision, widest>& encoder, const ObservationSets<float>& sets,
                              int first_block, int last_block, const float* slope, float* gradient) {
  const TensorBlock<precision, widest>& block = encoder.block;
  const int end = last_block * block_length < sets.observations ? last_block * block_length : sets.observations;
  // Parts of a layer's weight matrix: 16 outputs by one or two sixteens of inputs, the ones among them.
  const Linear &layer1 = layout.encoder[0], &layer2 = layout.encoder[1], &layer3 = layout.encoder[2];
  const int across1 = layer1.in / 16 + 1, across = layer2.in / 32 + 1;  // layer3.in is layer2.in
  const int parts1 = sixteens(layer1.out) * across1, parts2 = sixteens(layer2.out) * across;
  const int parts3 = sixteens(layer3.out) * across;
  for (int first = first_block * block_length; first < end; first += block.kept) {
    const int observations = end - first < block.kept ? end - first : block.kept;
    with_tensor_width<widest>(encoder.width, [&](auto width) {
      team.template each_warp<precision>(observations, [&](int i, const auto& tensor) {
        encoder_backward<decltype(width)::value>(tensor, shape, encoder, sets, slope, first, i);
      });
    });
    team.sync();
    team.template each_warp<precision>(parts3 + parts2 + parts1, [&](int part, const auto& tensor) {
      if (part < parts3)
        return add_weight_gradient(
            tensor, layer3, encoder.width, observations, part / across, part % across,
            [&](int o) { return block.into_code(o); }, [&](int o) { return block.hidden2(o); }, gradient);
      part -= parts3;
      if (part < parts2)
        return add_weight_gradient(
            tensor, layer2, encoder.width, observations, part / across, part % across,
            [&](int o) { return block.into_hidden2(o); }, [&](int o) { return block.hidden1(o); }, gradient);
      part -= parts2;
      add_first_gradient(
          tensor, layer1, sets, first * tile_lanes, observations, part / across1, part % across1,
          [&](int o) { return block.into_hidden1(o); }, gradient);
    });
    team.sync();
  }
}

}  // namespace alfi::inline ALFI_ISA
