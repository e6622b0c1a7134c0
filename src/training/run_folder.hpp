// The folder of a run: who may train in it, what is in it from an earlier training, what a new one puts there.
#pragma once

#include <filesystem>
#include <optional>

#include "alfi/configuration.hpp"
#include "alfi/trainer.hpp"
#include "src/model/checkpoint.hpp"
#include "src/system/run_lock.hpp"

namespace alfi {

class RunFolder {
 public:
  /// Locks the folder if it exists. InputError where another training holds it.
  explicit RunFolder(std::filesystem::path path);

  /// Returns the checkpoint that a training goes on from; none where it begins, or was killed before its first one.
  /// Changes nothing: until take() an earlier run survives whatever a new one is refused for.
  /// InputError without resume: it is no folder, holds something else than a run, or a run and force is not set. With
  /// resume: there is no run, none of its checkpoints serves (continuation.hpp), or one cannot be read.
  std::optional<Checkpoint> admit(const Plan& plan, const TrainingOptions& options) const;

  /// Creates and locks the folder if it did not exist, and writes config.yaml. Removes what an earlier run left; of one
  /// that is resumed, moves checkpoints after `start` to shorter/. Keeps `start` as step 0 of a run with the weights of
  /// another one.
  void take(const Checkpoint& start, const TrainingOptions& options);

 private:
  std::filesystem::path path_;
  std::optional<RunLock> lock_;
};

}  // namespace alfi
