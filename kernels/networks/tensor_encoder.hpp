// The encoder on tensor cores, with products rounded as the precision says (kernels/lanes/precision.hpp). The first
// layer, of a few inputs, is in fp32, and so are biases, tanh and all sums.
//
// A warp takes one observation of the tile's 16 episodes through all layers: what one layer leaves is the next one's
// operand, in the warp's registers. For the weights' gradients, sums over rows, activations and gradients before each
// activation are kept in fast memory, as many observations at once as there is room for, and shared out among the warps
// again by parts of the weight matrices. The parts' sums wait in fast memory for the next observations.
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

/// Sets two sums beside each other to 16 biases.
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
ALFI_HD void clear_sums(const Tensor& tensor, typename Tensor::Sum (&sum)[2][2]) {
  ALFI_UNROLL
  for (int i = 0; i < 2; ++i) clear_sums(tensor, sum[i]);
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

/// Computes the hidden layers of the observation whose first row is `row`.
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
    ALFI_NO_UNROLL
    for (int x = 0; x < X; ++x) {
      const float* const weight = block.first() + block.features * x + 16 * first;
      const typename Tensor::Column value = tensor.column(sets.x.at(x, row));
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

/// Computes the codes of columns 16 s to 16 s + 15, before their tanh.
template <int width, Precision precision, int widest, class Tensor>
ALFI_HD void encode_codes(const Tensor& tensor, const TensorEncoder<precision, widest>& encoder, int s,
                          const Array<typename Tensor::Left, width>& hidden2, typename Tensor::Sum (&sum)[2]) {
  set_sums(tensor, encoder.block.bias(2) + 16 * s, sum);
  ALFI_UNROLL
  for (int k = 0; k < width; ++k)
    multiply(tensor, hidden2[k], tensor.right_transposed(encoder.block.third(), 16 * s, 16 * k), sum);
}

/// Computes code (C, observations · 16) of `observations` observations from `first` on, to be read after a barrier.
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
        encode_codes<width>(tensor, encoder, s, hidden2, sum);
        ALFI_UNROLL
        for (int half = 0; half < 2; ++half) {
          const int first_code = 16 * s + 8 * half;
          if (first_code >= shape.C) continue;  // all of the eight
          tensor.each(sum[half], [&](int row, int c, float& value) {
            if (first_code + c < shape.C) *code.at(first_code + c, i * tile_lanes + row) = tensor.tanh(value);
          });
        }
      }
    });
  });
}

/// Reads (a, b) of a set's codes 16 s to 16 s + 15, slope (2, C, 16), where its observation number `place` counts, and
/// zeros elsewhere.
template <class Tensor>
ALFI_HD void read_slopes(const Tensor& tensor, int C, int s, const float* slope, const float* count, int set, int place,
                         typename Tensor::Sum (&a)[2], typename Tensor::Sum (&b)[2]) {
  const auto read = [&](const float* from, typename Tensor::Sum(&to)[2]) {
    ALFI_UNROLL
    for (int half = 0; half < 2; ++half)
      tensor.each(to[half], [&](int lane, int column, float& value) {
        const int c = 16 * s + 8 * half + column;
        value =
            c < C && static_cast<float>(place) < count[set * tile_lanes + lane] ? from[c * tile_lanes + lane] : 0.0f;
      });
  };
  read(slope, a);
  read(slope + C * tile_lanes, b);
}

/// Keeps the activations of observation first + i, and the gradients before them, as the block's i-th.
template <int width, Precision precision, int widest, class Tensor>
ALFI_HD void encoder_backward(const Tensor& tensor, const Shape& shape, const TensorEncoder<precision, widest>& encoder,
                              const ObservationSets<float>& sets, const float* slope, int first, int i) {
  const TensorBlock<precision, widest>& block = encoder.block;
  const int C = shape.C;
  const int set = (first + i) / sets.set_size, place = (first + i) % sets.set_size;
  {
    Array<typename Tensor::Left, width> hidden1, hidden2;
    encode_hidden<width>(tensor, encoder, sets, shape.X, (first + i) * tile_lanes, hidden1, hidden2);
    ALFI_UNROLL
    for (int s = 0; s < width; ++s) {
      tensor.keep(block.hidden1(i), 0, 16 * s, hidden1[s]);
      tensor.keep(block.hidden2(i), 0, 16 * s, hidden2[s]);
    }
    for (int s = 0; s < encoder.codes; ++s) {
      typename Tensor::Sum sum[2], a[2], b[2];
      // On their way from memory during the products.
      read_slopes(tensor, C, s, slope + set * 2 * C * tile_lanes, sets.count, set, place, a, b);
      encode_codes<width>(tensor, encoder, s, hidden2, sum);
      ALFI_UNROLL
      for (int half = 0; half < 2; ++half)
        tensor.each(
            sum[half],
            [&](int, int, float& value, float a_here, float b_here) {
              // An observation that does not count may be no number at all.
              value = a_here == 0 && b_here == 0 ? 0.0f : code_slope(tensor.tanh(value), a_here, b_here);
            },
            a[half], b[half]);
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

template <class Tensor>
using PartSums = typename Tensor::Sum[2][2];

/// Adds Σ dy xᵀ over the kept rows of `observations` observations to a part's sums; into(observation) is dy,
/// hidden(observation) is x, `width` sixteens wide.
template <class Tensor, class Into, class Hidden>
ALFI_HD void add_products(const Tensor& tensor, GradientPart part, int width, int observations, Into into,
                          Hidden hidden, PartSums<Tensor>& sum) {
  if (2 * part.n < width) {
    const int last = 2 * part.n + 1 < width ? 2 * part.n + 1 : 2 * part.n;  // beyond the width again, to be dropped
    for (int o = 0; o < observations; ++o) {
      const typename Tensor::Left left = tensor.left_transposed(into(o), 0, 16 * part.m);
      multiply(tensor, left, tensor.right(hidden(o), 0, 32 * part.n), sum[0]);
      multiply(tensor, left, tensor.right(hidden(o), 0, 16 * last), sum[1]);
    }
  } else {  // the layer has no room for the ones beyond its features
    const typename Tensor::Right ones = tensor.right([](int, int c) { return c == 0 ? 1.0f : 0.0f; });
    for (int o = 0; o < observations; ++o)
      multiply(tensor, tensor.left_transposed(into(o), 0, 16 * part.m), ones, sum[0]);
  }
}

/// Adds the products of the first layer, whose x are the observations themselves, the first one's from `row` on.
template <class Tensor, class Into>
ALFI_HD void add_first_products(const Tensor& tensor, GradientPart part, const Linear& layer,
                                const ObservationSets<float>& sets, int row, int observations, Into into,
                                PartSums<Tensor>& sum) {
  const auto inputs = [&](int o, int first) {
    return tensor.right([&](int k, int c) {
      const int x = first + c;
      return x < layer.in ? *sets.x.at(x, row + o * tile_lanes + k) : x == layer.in ? 1.0f : 0.0f;
    });
  };
  const bool both = 32 * part.n + 16 <= layer.in;
  for (int o = 0; o < observations; ++o) {
    const typename Tensor::Left left = tensor.left_transposed(into(o), 0, 16 * part.m);
    multiply(tensor, left, inputs(o, 32 * part.n), sum[0]);
    if (both) multiply(tensor, left, inputs(o, 32 * part.n + 16), sum[1]);
  }
}

/// Adds a part's sums to gradient[layer]. All of its numbers are read before the first is written.
template <class Tensor>
ALFI_HD void add_to_gradient(const Tensor& tensor, const Linear& layer, GradientPart part, PartSums<Tensor>& sum,
                             float* gradient) {
  // Null beyond the matrix, but for the biases, which are beyond the last input.
  const auto place_of = [&](int output, int input) -> float* {
    if (output >= layer.out || input > layer.in) return nullptr;
    return gradient + (input < layer.in ? layer.weight + output * layer.in + input : layer.bias + output);
  };
  const auto each_half = [&](auto body) {
    ALFI_UNROLL
    for (int half = 0; half < 4; ++half) body(half / 2, half % 2, 16 * part.m, 32 * part.n + 8 * half);
  };
  PartSums<Tensor> before;
  each_half([&](int i, int half, int row, int column) {
    tensor.each(before[i][half], [&](int r, int c, float& value) {
      const float* const place = place_of(row + r, column + c);
      value = place != nullptr ? *place : 0.0f;
    });
  });
  each_half([&](int i, int half, int row, int column) {
    const auto put = [&](int r, int c, float& total, float earlier) {
      float* const place = place_of(row + r, column + c);
      if (place != nullptr) *place = earlier + total;
    };
    tensor.each(sum[i][half], put, before[i][half]);
  });
}

/// Computes gradient += the encoder's weight gradient of the blocks of observations from first_block to before
/// last_block, given slope (sets, 2, C, 16).
template <Precision precision, int widest, class Team>
ALFI_HD void encoder_gradient(const Team& team, const Shape& shape, const Layout& layout,
                              const TensorEncoder<precision, widest>& encoder, const ObservationSets<float>& sets,
                              int first_block, int last_block, const float* slope, float* gradient) {
  using Block = TensorBlock<precision, widest>;
  const Block& block = encoder.block;
  const int begin = first_block * block_length, last = last_block * block_length;
  const int end = last < sets.observations ? last : sets.observations;
  const GradientParts parts = gradient_parts(layout);
  for (int first = begin; first < end; first += block.kept) {
    const int observations = end - first < block.kept ? end - first : block.kept;
    with_tensor_width<widest>(encoder.width, [&](auto width) {
      team.template each_warp<precision>(observations, [&](int i, const auto& tensor) {
        encoder_backward<decltype(width)::value>(tensor, shape, encoder, sets, slope, first, i);
      });
    });
    team.sync();
    team.template each_warp<precision>(parts.all(), [&]<class Tensor>(int number, const Tensor& tensor) {
      const GradientPart part = parts[number];
      PartSums<Tensor> sum;
      if (Block::keeps_sums && first > begin)
        block.read_sums(tensor, number, sum);
      else
        clear_sums(tensor, sum);
      if (part.layer == 2)
        add_products(
            tensor, part, encoder.width, observations, [&](int o) { return block.into_code(o); },
            [&](int o) { return block.hidden2(o); }, sum);
      else if (part.layer == 1)
        add_products(
            tensor, part, encoder.width, observations, [&](int o) { return block.into_hidden2(o); },
            [&](int o) { return block.hidden1(o); }, sum);
      else
        add_first_products(
            tensor, part, layout.encoder[0], sets, first * tile_lanes, observations,
            [&](int o) { return block.into_hidden1(o); }, sum);
      if (Block::keeps_sums && first + block.kept < end)
        block.keep_sums(tensor, number, sum);
      else
        add_to_gradient(tensor, layout.encoder[part.layer], part, sum, gradient);
    });
    team.sync();
  }
}

}  // namespace alfi::inline ALFI_ISA
