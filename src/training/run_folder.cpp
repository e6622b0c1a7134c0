#include "src/training/run_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "alfi/error.hpp"
#include "src/model/simulator_of_run.hpp"
#include "src/simulators/program.hpp"
#include "src/system/atomic_file.hpp"
#include "src/system/folder.hpp"

namespace alfi {
namespace {

/// Says whether a run may go on with another configuration: one that differs in where it runs, not in what it computes.
bool continues(Configuration a, const Configuration& b) {
  a.simulator.source = b.simulator.source;  // it may have moved; its fingerprint tells
  a.simulator.module = b.simulator.module;
  a.simulator.program = b.simulator.program;
  a.simulator.workers = b.simulator.workers;
  a.simulator.timeout_seconds = b.simulator.timeout_seconds;
  a.engine.threads = b.engine.threads;
  a.engine.backend = b.engine.backend;
  a.engine.device = b.engine.device;
  return a == b;
}

/// Returns the folder of a program's files now; nothing for other simulators.
std::filesystem::path folder_of_program(const Configuration::Simulator& simulator) {
  const std::vector<std::size_t> files = file_words(simulator.program);
  return files.empty() ? "" : std::filesystem::path(simulator.program[files.back()]).parent_path();
}

/// Returns the newest checkpoint of a run that goes on with this plan; none where it was killed before its
/// first.
std::optional<Checkpoint> resume(const std::filesystem::path& run, const Plan& plan) {
  const auto saved = checkpoints_of(run);
  const std::filesystem::path yaml = run / "config.yaml";
  if (saved.empty() && !std::filesystem::exists(yaml))
    throw InputError(fmt::format("{}: there is no checkpoint to resume from", run.string()));
  std::optional<Checkpoint> checkpoint;
  if (!saved.empty()) checkpoint = read_newest(saved, folder_of_program(plan.configuration.simulator));
  if (!continues(checkpoint ? checkpoint->plan.configuration : load_configuration(yaml), plan.configuration))
    throw InputError(fmt::format("{}: the run was started with another configuration ({}); resume it with that one",
                                 run.string(), yaml.string()));
  if (checkpoint && fingerprint_of(checkpoint->plan) != fingerprint_of(plan))
    throw InputError(fmt::format("{}: the simulator was changed since the run began; its header then is in {}",
                                 run.string(), (run / "simulator").string()));
  if (checkpoint) checkpoint->plan = plan;
  return checkpoint;
}

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
                                 "report", "simulator", "simulator.log"})
    std::filesystem::remove_all(run / name);
  for (const std::string& name : names_in(run))  // evaluation-N-episodes.json is of other numbers than configured
    if (is_leftover(name) || name.starts_with("evaluation-")) std::filesystem::remove(run / name);
}

}  // namespace

RunFolder::RunFolder(std::filesystem::path path) : path_(std::move(path)) {
  if (std::filesystem::is_directory(path_)) lock_.emplace(path_);
}

std::optional<Checkpoint> RunFolder::admit(const Plan& plan, const TrainingOptions& options) const {
  if (options.resume) return resume(path_, plan);
  require_free(path_, options.force);
  return std::nullopt;
}

void RunFolder::take(const Plan& plan, const TrainingOptions& options) {
  if (!lock_) {
    create_folders(path_);
    lock_.emplace(path_);
  }
  if (!options.resume) clear(path_);
  keep_simulator(path_, plan);
  const std::string yaml = to_yaml(plan.configuration);
  write_file_atomically(path_ / "config.yaml", std::as_bytes(std::span(yaml)));
}

}  // namespace alfi
