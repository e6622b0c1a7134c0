#include "src/training/run_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "alfi/error.hpp"
#include "src/model/simulator_of_run.hpp"
#include "src/system/atomic_file.hpp"
#include "src/system/folder.hpp"
#include "src/training/continuation.hpp"

namespace alfi {
namespace {

/// Folder in a run's that has checkpoints of a training that was shorter, or longer.
constexpr const char* shorter = "shorter";

/// Says whether a file is one that a training left half-written when it was killed.
bool is_leftover(const std::string& name) { return name.starts_with(".alfi-") && name.ends_with(".tmp"); }

/// Refuses a folder that a new run may not have.
void require_free(const std::filesystem::path& run, bool force) {
  if (!std::filesystem::exists(run)) return;
  if (!std::filesystem::is_directory(run)) throw InputError(fmt::format("{}: is not a folder", run.string()));
  if (std::ranges::all_of(names_in(run), is_leftover)) return;
  if (!std::filesystem::exists(run / "config.yaml"))
    throw InputError(fmt::format("{}: the folder is not empty and holds no run of alfi", run.string()));
  if (!force)
    throw InputError(fmt::format("{}: the folder already holds a run; use --resume to go on or --force to replace it",
                                 run.string()));
}

/// Removes what a run left in its folder.
void clear(const std::filesystem::path& run) {
  for (const char* const name : {"config.yaml", "metrics.jsonl", "checkpoints", "evaluation.json", "report.html",
                                 "report", "simulator", "simulator.log", shorter})
    std::filesystem::remove_all(run / name);
  for (const std::string& name : names_in(run))  // evaluation-N-episodes.json; report-DATA.html and its folder
    if (is_leftover(name) || name.starts_with("evaluation-") || name.starts_with("report-"))
      std::filesystem::remove_all(run / name);
}

/// Moves the checkpoints after `path`, of a schedule that no longer holds, out of the way. Returns whether there were
/// any.
bool set_aside_after(const std::filesystem::path& path, const std::filesystem::path& run) {
  const std::vector<std::filesystem::path> saved = checkpoints_of(run);
  auto later = std::find(saved.begin(), saved.end(), path);
  if (later == saved.end() || ++later == saved.end()) return false;
  create_folders(run / shorter);
  for (; later != saved.end(); ++later) std::filesystem::rename(*later, run / shorter / later->filename());
  return true;
}

}  // namespace

RunFolder::RunFolder(std::filesystem::path path) : path_(std::move(path)) {
  if (std::filesystem::is_directory(path_)) lock_.emplace(path_);
}

std::optional<Checkpoint> RunFolder::admit(const Plan& plan, const TrainingOptions& options) const {
  if (options.resume) return checkpoint_to_resume(path_, plan);
  require_free(path_, options.force);
  return std::nullopt;
}

void RunFolder::take(const Checkpoint& start, const TrainingOptions& options) {
  if (!lock_) {
    create_folders(path_);
    lock_.emplace(path_);
  }
  const std::filesystem::path first = checkpoint_path(path_, start.step);
  if (!options.resume)
    clear(path_);
  else if (set_aside_after(first, path_) && options.note)
    options.note(fmt::format("goes on from step {}, before the schedules part; the later checkpoints are now in {}",
                             start.step, (path_ / shorter).string()));
  keep_simulator(path_, start.plan);
  // Before config.yaml, of which alone a run begins with random weights.
  if (!options.from.empty()) write_checkpoint(first, start);
  const std::string yaml = to_yaml(start.plan.configuration);
  write_file_atomically(path_ / "config.yaml", std::as_bytes(std::span(yaml)));
}

}  // namespace alfi
