#include "src/training/continuation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "alfi/error.hpp"
#include "src/configuration/differences.hpp"
#include "src/model/simulator_of_run.hpp"
#include "src/simulators/program.hpp"
#include "src/training/schedule.hpp"

namespace alfi {
namespace {

using configuration::Difference;
using configuration::differences;

// Keys that change no bit of the weights, and sections of such keys with their dot. A simulator may have moved; its
// fingerprint tells whether it is another.
constexpr std::string_view of_no_weights[] = {"simulator.source",
                                              "simulator.module",
                                              "simulator.program",
                                              "simulator.workers",
                                              "simulator.timeout_seconds",
                                              "training.checkpoint_every",
                                              "training.validate_every",
                                              "training.keep_checkpoints",
                                              "training.patience",
                                              "evaluation.",
                                              "engine.backend",
                                              "engine.device",
                                              "engine.threads"};
// Keys that alike_until() judges.
constexpr std::string_view of_schedule[] = {"training.steps", "training.schedule", "training.cooldown"};

bool is_of(const Difference& difference, std::span<const std::string_view> paths) {
  return std::any_of(paths.begin(), paths.end(), [&](std::string_view path) {
    return path.back() == '.' ? difference.path.starts_with(path) : difference.path == path;
  });
}

/// Returns the folder of a program's files now; nothing for other simulators.
std::filesystem::path folder_of_program(const Configuration::Simulator& simulator) {
  const std::vector<std::size_t> files = file_words(simulator.program);
  return files.empty() ? "" : std::filesystem::path(simulator.program[files.back()]).parent_path();
}

/// Throws InputError where keys differ that no checkpoint makes up for.
void require_alike(const std::filesystem::path& run, const Plan& plan, const Configuration& of_run) {
  std::vector<Difference> others = differences(plan.configuration, of_run);
  std::erase_if(others, [](const Difference& one) { return is_of(one, of_no_weights) || is_of(one, of_schedule); });
  if (!others.empty())
    throw InputError(fmt::format("{}: the run was started with another configuration: {}; {} has what it must be",
                                 run.string(), text_of(others), (run / "config.yaml").string()));
}

InputError no_checkpoint_serves(const std::filesystem::path& run, const Plan& plan, const Checkpoint& oldest) {
  const Configuration& of_run = oldest.plan.configuration;
  std::vector<Difference> schedule = differences(plan.configuration, of_run);
  std::erase_if(schedule, [](const Difference& one) { return !is_of(one, of_schedule); });
  return InputError(fmt::format(
      "{}: the run cannot go on with {}: from step {} on its learning rates or betas would be others, and its oldest "
      "checkpoint is of step {}. A run whose training.schedule is cooldown or constant can be lengthened",
      run.string(), text_of(schedule), alike_until(of_run.training, plan.configuration.training), oldest.step));
}

}  // namespace

std::optional<Checkpoint> checkpoint_to_resume(const std::filesystem::path& run, const Plan& plan) {
  std::vector<std::filesystem::path> saved = checkpoints_of(run);
  if (saved.empty()) {
    const std::filesystem::path yaml = run / "config.yaml";
    if (!std::filesystem::exists(yaml))
      throw InputError(fmt::format("{}: there is no checkpoint to resume from", run.string()));
    require_alike(run, plan, load_configuration(yaml));
    return std::nullopt;
  }
  const std::filesystem::path program = folder_of_program(plan.configuration.simulator);
  for (Checkpoint checkpoint = read_newest(saved, program);; checkpoint = read_checkpoint(saved.back(), program)) {
    require_alike(run, plan, checkpoint.plan.configuration);
    if (fingerprint_of(checkpoint.plan) != fingerprint_of(plan))
      throw InputError(fmt::format("{}: the simulator was changed since the run began; its header then is in {}",
                                   run.string(), (run / "simulator").string()));
    if (checkpoint.step <= alike_until(checkpoint.plan.configuration.training, plan.configuration.training)) {
      checkpoint.plan = plan;
      return checkpoint;
    }
    if (saved.size() == 1) throw no_checkpoint_serves(run, plan, checkpoint);
    saved.pop_back();
  }
}

}  // namespace alfi
