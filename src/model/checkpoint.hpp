// A checkpoint: everything a run is at one step, in one safetensors file.
//
// Tensors: the weights under the reference's names, `ema.<name>` their moving average, `adam.m.<name>` and
// `adam.v.<name>` the moments, `normalisation.mean` and `.scale`. Metadata: format and its version, the step, counts of
// applied and skipped updates, the configuration as YAML, and a checksum. Random numbers are keyed by seed and step, so
// those two are their position.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "src/model/model.hpp"
#include "src/model/plan.hpp"
#include "src/model/training_state.hpp"

namespace alfi {

class Machine;
struct SafeTensors;

struct Checkpoint {
  Plan plan;
  Normalisation normalisation;
  TrainingState state;
  std::int64_t step = 0;  ///< meta-steps done
};

/// Returns what a machine was loaded from.
const Checkpoint& checkpoint_of(const Machine& machine);

/// Replaces or creates `path` in one step; RunError where that fails, the old file then survives.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// Reads a checkpoint. Throws InputError where the file is damaged, not a checkpoint, from a newer version, or does not
/// fit its configuration, or its simulator is missing: `simulator` says where it is, if not empty.
Checkpoint read_checkpoint(const std::filesystem::path& path, const std::filesystem::path& simulator = {});

/// Returns the checkpoint that a file's content is. Throws InputError as read_checkpoint does, which also looks at the
/// checksum.
Checkpoint checkpoint_from(const SafeTensors& content, const std::filesystem::path& simulator = {});

/// Returns `run`/checkpoints/step-<step>.safetensors.
std::filesystem::path checkpoint_path(const std::filesystem::path& run, std::int64_t step);

/// Lists the checkpoints of a run folder by step, oldest first; empty where there are none.
std::vector<std::filesystem::path> checkpoints_of(const std::filesystem::path& run);

/// Reads the newest of these, of which there is at least one. Where it cannot be read the error names the one before
/// it.
Checkpoint read_newest(const std::vector<std::filesystem::path>& saved, const std::filesystem::path& simulator = {});

/// Reads the newest checkpoint of a run folder, or the checkpoint that the path is. Throws InputError as above, and
/// where it is neither.
Checkpoint read_newest_of(const std::filesystem::path& path, const std::filesystem::path& simulator = {});

}  // namespace alfi
