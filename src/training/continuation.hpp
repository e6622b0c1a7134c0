// The checkpoint that a run goes on from, and what may have changed since it was written.
#pragma once

#include <filesystem>
#include <optional>

#include "src/model/checkpoint.hpp"

namespace alfi {

/// Returns the newest checkpoint of a run from which a training of this plan gets to the weights that it would have got
/// to by itself, bit for bit; with the plan as its own. None where the run was killed before its first checkpoint.
///
/// Keys that say where and how it runs, or what is measured and kept, may have changed; so may those of the schedule,
/// as far as the steps done are what they would be. InputError that names what must not differ, or where there is no
/// run.
std::optional<Checkpoint> checkpoint_to_resume(const std::filesystem::path& run, const Plan& plan);

}  // namespace alfi
