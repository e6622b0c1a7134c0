// The start of a training with the weights of another run.
#pragma once

#include <filesystem>
#include <functional>

#include "src/model/checkpoint.hpp"

namespace alfi {

/// Returns step 0 of a plan with the weights of a run folder's newest checkpoint, or of a checkpoint: the moving
/// average, which is what the machine is. Adam's moments begin at 0.
///
/// Takes the run's normalisation, so that the networks go on seeing observations as they did, unless simulator or
/// transform are others; then `normalisation` finds one. InputError names the key that makes networks of another shape.
Checkpoint start_from(const std::filesystem::path& from, const Plan& plan,
                      const std::function<Normalisation()>& normalisation);

}  // namespace alfi
