// The weights by the names the reference's modules give them, in the flat vector kernels/shape.hpp lays out.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/shape.hpp"
#include "src/formats/safetensors.hpp"

namespace alfi {

/// Names the layers ("x_data_agg.fc1_layer", …) in the order of the flat vector; tensors are `<name>.weight` (out, in)
/// and `<name>.bias` (out).
std::vector<std::pair<std::string, Linear>> named_layers(const Layout& layout);

/// Adds the tensors of a flat vector (layout.size), in F32, each name with the prefix before it.
void add_weights(SafeTensors& content, const std::string& prefix, const Layout& layout, std::span<const float> weights);

/// Reads the flat vector of these tensors. Throws InputError naming the one that is missing or does not fit, and its
/// shape.
std::vector<float> read_weights(const SafeTensors& content, const std::string& prefix, const Layout& layout);

}  // namespace alfi
