// The weights by the names the reference's modules give them, in the flat vector kernels/shape.hpp lays out.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kernels/shape.hpp"

namespace alfi {

/// Layer names ("x_data_agg.fc1_layer", …) in the order of the flat vector; tensors are `<name>.weight` (out, in) and
/// `<name>.bias` (out).
std::vector<std::pair<std::string, Linear>> named_layers(const Layout& layout);

}  // namespace alfi
