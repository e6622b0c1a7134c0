// Fast memory of the encoder on tensor cores: how wide its layers are there, the weights, and room for activations.
//
// Widths are rounded up to whole sixteens with zeros.
#pragma once

#include "kernels/networks/encoder.hpp"

namespace alfi {

/// Kernels are for networks whose hidden layers and codes are up to 4 or up to 8 sixteens wide: the former take half as
/// many registers and less memory. They compute a hidden layer 1, 2 or 4 sixteens wide, the least that hold it; the
/// latter always compute 8.
inline constexpr int narrow_tensor = 4, wide_tensor = 8;

constexpr int sixteens(int width) { return (width + 15) / 16; }

/// The least width in sixteens that kernels for networks up to `widest` compute a hidden layer with.
template <int widest>
inline constexpr int least_tensor_width = widest == wide_tensor ? wide_tensor : 1;

/// Returns the width in sixteens that products compute this hidden layer with. A layer of just one sixteen takes two:
/// weight gradients take sixteens in pairs, and the one that is its biases' input would be in neither.
template <int widest>
constexpr int tensor_width(int hidden) {
  int width = least_tensor_width<widest>;
  while (width < sixteens(hidden == 16 ? hidden + 1 : hidden)) width *= 2;
  return width;
}

/// Returns which kernels are for these networks: narrow_tensor or wide_tensor; 0 where there are none. In tf32x3, where
/// operands take twice as many registers, there are none for wide ones.
constexpr int tensor_kernels(Precision precision, const Shape& shape) {
  const int widest = sixteens(shape.encoder_hidden > shape.C ? shape.encoder_hidden : shape.C);
  if (widest <= narrow_tensor) return narrow_tensor;
  return precision == Precision::bf16 && widest <= wide_tensor ? wide_tensor : 0;
}

inline namespace ALFI_ISA {

/// A part of a layer's weight gradient, one warp's: 16 outputs from 16 m on, and two sixteens of inputs from 32 n on,
/// the ones beyond the last input among them.
struct GradientPart {
  int layer, m, n;
};

/// Parts of the three layers' weight gradients, numbered from the last layer to the first.
struct GradientParts {
  int across[3], count[3];  ///< of each layer: parts beside each other, and parts in all

  ALFI_HD int all() const { return count[0] + count[1] + count[2]; }
  ALFI_HD GradientPart operator[](int part) const {
    if (part < count[2]) return part_of(2, part);
    part -= count[2];
    return part < count[1] ? part_of(1, part) : part_of(0, part - count[1]);
  }

 private:
  ALFI_HD GradientPart part_of(int layer, int part) const {
    return {layer, part / across[layer], part % across[layer]};
  }
};
ALFI_HD GradientParts gradient_parts(const Layout& layout) {
  GradientParts parts{};
  for (int l = 0; l < 3; ++l) {
    parts.across[l] = layout.encoder[l].in / 32 + 1;
    parts.count[l] = sixteens(layout.encoder[l].out) * parts.across[l];
  }
  return parts;
}

/// Fast memory of one block. Places are known to the compiler but for where the activations begin.
template <Precision precision, int widest>
struct TensorBlock {
  static constexpr int features = 16 * widest;
  using Columns = Matrix<precision, features>;

  /// Choice to let a part's sums of the weight gradient wait in fast memory for the next observations. Those of wide
  /// encoders would take most of it, and go to the gradient each time.
  static constexpr bool keeps_sums = widest == narrow_tensor;

  float* weights;
  float* activations;
  float* sums;  ///< (parts, 2, 2, sum_size), in the order of the threads
  int kept;     ///< observations

  ALFI_HD float* bias(int layer) const { return weights + layer * features; }   ///< (features)
  ALFI_HD Columns second() const { return matrix(weights + 3 * features, 0); }  ///< weights (output, input)
  ALFI_HD Columns third() const { return matrix(weights + 3 * features, widest); }
  ALFI_HD float* first() const { return weights + weights_size(0); }  ///< weights (X, features)
  static constexpr int weights_size(int X) { return (3 + X) * features + 2 * widest * sixteen_rows; }

  // Matrices that are kept of observation i: activations and the gradients before them, (16, features).
  ALFI_HD Columns hidden1(int i) const { return matrix(activations, kept_matrices * i); }
  ALFI_HD Columns hidden2(int i) const { return matrix(activations, kept_matrices * i + 1); }
  ALFI_HD Columns into_code(int i) const { return matrix(activations, kept_matrices * i + 2); }
  ALFI_HD Columns into_hidden2(int i) const { return matrix(activations, kept_matrices * i + 3); }
  ALFI_HD Columns into_hidden1(int i) const { return matrix(activations, kept_matrices * i + 4); }
  static constexpr int kept_size(int kept) { return kept_matrices * kept * sixteen_rows; }
  static constexpr int sums_size(int parts) { return keeps_sums ? parts * 4 * sum_size : 0; }

  template <class Tensor>
  ALFI_HD void keep_sums(const Tensor& tensor, int part, const typename Tensor::Sum (&sum)[2][2]) const {
    ALFI_UNROLL
    for (int i = 0; i < 4; ++i) tensor.keep(sums + (4 * part + i) * sum_size, sum[i / 2][i % 2]);
  }
  template <class Tensor>
  ALFI_HD void read_sums(const Tensor& tensor, int part, typename Tensor::Sum (&sum)[2][2]) const {
    ALFI_UNROLL
    for (int i = 0; i < 4; ++i) tensor.read(sums + (4 * part + i) * sum_size, sum[i / 2][i % 2]);
  }

 private:
  static constexpr int kept_matrices = 5;
  static constexpr int sum_size = 16 * 8;
  static constexpr int sixteen_rows =
      16 * Columns::step * static_cast<int>(sizeof(Stored<precision>)) / static_cast<int>(sizeof(float));

  /// Returns one of several matrices of 16 rows, counting from 0.
  ALFI_HD static Columns matrix(float* from, int number) {
    return {reinterpret_cast<Stored<precision>*>(from + number * sixteen_rows)};
  }
};

template <Precision precision, int widest>
struct TensorEncoder {
  TensorBlock<precision, widest> block;
  int width, codes;  ///< of hidden layers and codes, in sixteens
};

template <Precision precision, int widest>
ALFI_HD void carve_weights(const Shape& shape, Carver<float>& carver, TensorBlock<precision, widest>& block) {
  block.weights = carver.take(block.weights_size(shape.X));
}

/// Takes what the backward pass keeps of `kept` observations, and the sums it makes of them; 0: forward alone.
template <Precision precision, int widest>
ALFI_HD void carve_activations(const Shape& shape, Carver<float>& carver, int kept,
                               TensorBlock<precision, widest>& block) {
  block.activations = carver.take(block.kept_size(kept));
  block.sums = carver.take(kept > 0 ? block.sums_size(gradient_parts(make_layout(shape)).all()) : 0);
  block.kept = kept;
}

/// Copies the weights to fast memory.
template <Precision precision, int widest, class Team>
ALFI_HD TensorEncoder<precision, widest> staged_encoder(const Team& team, const Layout& layout, const float* weights,
                                                        const TensorBlock<precision, widest>& block) {
  const Linear& first = layout.encoder[0];
  constexpr int features = TensorBlock<precision, widest>::features;
  team.each_number(features * first.in, [&](int i) {
    const int x = i / features, feature = i % features;
    block.first()[i] = feature < first.out ? weights[first.weight + feature * first.in + x] : 0.0f;
  });
  // Beyond a hidden layer's features comes one that is 1, where there is room: no weight reads it, but its products
  // with gradients are the biases'.
  const auto copy_bias = [&](const Linear& layer, float beyond, float* to) {
    team.each_number(features, [&](int j) {
      to[j] = j < layer.out ? weights[layer.bias + j] : j == layer.out ? beyond : 0.0f;
    });
  };
  copy_bias(layout.encoder[0], 1, block.bias(0));
  copy_bias(layout.encoder[1], 1, block.bias(1));
  copy_bias(layout.encoder[2], 0, block.bias(2));
  const auto copy_weights = [&](const Linear& layer, auto to) {
    team.each_number(features * features, [&](int i) {
      const int j = i / features, k = i % features;
      *to.at(j, k) = stored<precision>(j < layer.out && k < layer.in ? weights[layer.weight + j * layer.in + k] : 0.0f);
    });
  };
  copy_weights(layout.encoder[1], block.second());
  copy_weights(layout.encoder[2], block.third());
  team.sync();
  return {block, tensor_width<widest>(first.out), sixteens(layout.encoder[2].out)};
}

}  // namespace ALFI_ISA
}  // namespace alfi
