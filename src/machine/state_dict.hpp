// A machine's weights as the reference's state_dict, in and out: its tensors under its names, and nothing else.
//
// One thing differs. An observation of the reference's linear regression has a constant 1 between its inputs and y,
// which standardises to 0; ours has not. The encoder's column for it, which no result depends on, is left out on the
// way in and zeros on the way out.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "alfi/configuration.hpp"
#include "kernels/shape.hpp"
#include "src/formats/safetensors.hpp"
#include "src/model/checkpoint.hpp"

namespace alfi {

/// Returns before which of our X numbers the reference's observations of a simulator have one more.
std::optional<int> constant_column(const std::string& simulator, int X);

SafeTensors to_state_dict(const Layout& layout, std::span<const float> weights, std::optional<int> constant_column);

/// Reads the flat vector (layout.size), F64 rounded. Throws InputError naming the tensor that is missing, of another
/// shape, of no network of this layout, or not finite.
std::vector<float> from_state_dict(const SafeTensors& state_dict, const Layout& layout,
                                   std::optional<int> constant_column);

/// Exports what the machine answers with: the moving average of its training's weights.
SafeTensors export_weights(const Checkpoint& checkpoint);

/// Makes what training this configuration would start with, but with these weights.
Checkpoint import_weights(const SafeTensors& state_dict, const Plan& plan);

/// Writes a run folder with config.yaml and this one checkpoint. InputError where there is something already; after a
/// RunError nothing is left behind.
void write_run(const std::filesystem::path& run, const Checkpoint& checkpoint);

}  // namespace alfi
