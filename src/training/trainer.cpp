#include "src/training/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>
#include <span>
#include <vector>

#include "alfi/error.hpp"
#include "src/engine/cost.hpp"
#include "src/engine/engine.hpp"
#include "src/engine/processors.hpp"
#include "src/minimisation/quadratic_engine.hpp"
#include "src/model/checkpoint.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/atomic_file.hpp"
#include "src/system/run_lock.hpp"

namespace alfi {
namespace {

using Clock = std::chrono::steady_clock;

/// Non-finite gradients in a row after which a run is given up.
constexpr int most_skipped_in_a_row = 50;
/// Meta-steps a line of metrics.jsonl sums up.
constexpr std::int64_t steps_per_line = 10;

double learning_rate(const Configuration::Training& training, std::int64_t step) {
  const double warm = std::min(1.0, static_cast<double>(step + 1) / std::max(1, training.warmup_steps));
  if (training.schedule == Schedule::constant) return training.learning_rate * warm;
  return training.learning_rate * warm * 0.5 *
         (1 + std::cos(std::numbers::pi * static_cast<double>(step) / training.steps));
}

double annealed_beta(const Configuration::Training& training, std::int64_t step) {
  const double done = static_cast<double>(step) / training.steps;
  return training.beta.from + (training.beta.to - training.beta.from) * done;
}

/// metrics.jsonl, a JSON object a line. A resumed run drops the lines after its checkpoint.
class Metrics {
 public:
  Metrics(std::filesystem::path path, std::int64_t first_step) : path_(std::move(path)) {
    std::string kept;
    if (first_step > 0 && std::filesystem::exists(path_)) {
      std::ifstream old(path_);
      for (std::string line; std::getline(old, line);) {
        const auto object = nlohmann::json::parse(line, nullptr, false);
        if (object.is_object() && object.value("step", first_step + 1) <= first_step) kept += line + "\n";
      }
    }
    write_file_atomically(path_, std::as_bytes(std::span(kept)));
    file_.open(path_, std::ios::app);
  }

  void write(const nlohmann::json& line) {
    file_ << line.dump() << "\n" << std::flush;
    if (!file_) throw RunError(fmt::format("{}: cannot be written", path_.string()));
  }

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

/// What may differ between a run and its continuation: where it runs, not what it computes.
bool continues(Configuration a, const Configuration& b) {
  a.engine.threads = b.engine.threads;
  a.engine.backend = b.engine.backend;
  a.engine.device = b.engine.device;
  return a == b;
}

/// How what is trained begins, and how it is made.
struct Beginning {
  std::function<Normalisation()> normalisation;
  std::function<std::unique_ptr<Learner>(const Normalisation&)> learner;
};

Checkpoint start(const Configuration& configuration, const Beginning& beginning) {
  const Layout layout = make_layout(shape_of(configuration, configuration.episode.iterations));
  return {configuration, beginning.normalisation(), initial_state(layout, configuration.engine.seed), 0};
}

Checkpoint prepare(const Configuration& configuration, const std::filesystem::path& run, const TrainingOptions& options,
                   const Beginning& beginning) {
  const auto saved = checkpoints_of(run);
  if (options.resume) {
    const std::filesystem::path yaml = run / "config.yaml";
    const bool killed_early = saved.empty() && std::filesystem::exists(yaml);  // before its first checkpoint
    if (saved.empty() && !killed_early)
      throw InputError(fmt::format("{}: there is no checkpoint to resume from", run.string()));
    Checkpoint checkpoint;
    if (killed_early)
      checkpoint.configuration = load_configuration(yaml);
    else
      checkpoint = read_newest(saved);
    if (!continues(checkpoint.configuration, configuration))
      throw InputError(fmt::format("{}: the run was started with another configuration ({}); resume it with that one",
                                   run.string(), yaml.string()));
    if (killed_early) return start(configuration, beginning);
    checkpoint.configuration = configuration;
    return checkpoint;
  }
  if (std::filesystem::exists(run) && !std::filesystem::is_directory(run))
    throw InputError(fmt::format("{}: is not a folder", run.string()));
  if (std::filesystem::exists(run) && !std::filesystem::is_empty(run)) {
    if (!std::filesystem::exists(run / "config.yaml"))
      throw InputError(fmt::format("{}: the folder is not empty and holds no run of alfi", run.string()));
    if (!options.force)
      throw InputError(fmt::format("{}: the folder already holds a run; use --resume to go on or --force to replace it",
                                   run.string()));
  }
  return start(configuration, beginning);
}

/// Removes what a run left in its folder.
void clear(const std::filesystem::path& run) {
  for (const char* const name :
       {"config.yaml", "metrics.jsonl", "checkpoints", "evaluation.json", "report.html", "report"})
    std::filesystem::remove_all(run / name);
}

TrainingOutcome train_from(const Beginning& beginning, const Configuration& configuration,
                           const std::filesystem::path& run, const TrainingOptions& options) try {
  std::optional<RunLock> lock;
  if (std::filesystem::is_directory(run)) lock.emplace(run);
  Checkpoint checkpoint = prepare(configuration, run, options, beginning);
  const Configuration::Training& training = configuration.training;
  const std::unique_ptr<Learner> learner = beginning.learner(checkpoint.normalisation);
  if (!lock) {
    std::filesystem::create_directories(run);
    lock.emplace(run);
  }
  if (!options.resume) clear(run);  // not before: the old run survives what the new one may be refused for
  const std::string yaml = to_yaml(configuration);
  write_file_atomically(run / "config.yaml", std::as_bytes(std::span(yaml)));
  Metrics metrics(run / "metrics.jsonl", checkpoint.step);

  const Clock::time_point begin = Clock::now();
  Clock::time_point window_begin = begin;
  std::int64_t window_steps = 0, clamped = 0, line_steps = 0, skipped = checkpoint.state.skipped;
  double rate_of_episodes = 0, loss_mean = 0, line_loss = 0, seconds_per_step = 0;
  double validation_loss = std::numeric_limits<double>::quiet_NaN();
  std::int64_t saved_step = -1;
  int skipped_in_a_row = 0;
  bool go_on = true;

  const int threads = learner->threads_of_known_cost();
  if (options.estimate && threads > 0 && checkpoint.step < training.steps)
    if (const double speed = core_speed(measured_core_peak()); speed > 0)
      options.estimate(training_seconds(configuration, checkpoint.step, threads, speed));
  learner->begin(checkpoint.state);
  const auto save = [&] {
    if (saved_step == checkpoint.step) return;
    checkpoint.state = learner->state();
    write_checkpoint(checkpoint_path(run, checkpoint.step), checkpoint);
    saved_step = checkpoint.step;
  };
  const auto write_line = [&](double learning) {
    if (line_steps == 0) return;
    metrics.write({{"step", checkpoint.step},
                   {"loss", line_loss / static_cast<double>(line_steps)},
                   {"learning_rate", learning},
                   {"episodes_per_second", rate_of_episodes},
                   {"clamped_draws", clamped},
                   {"skipped_updates", skipped}});
    line_steps = 0;
    line_loss = 0;
    clamped = 0;
  };
  const auto finish_step = [&](const StepOutput& result) {
    const double learning = learning_rate(training, checkpoint.step);
    ++checkpoint.step;
    if (result.applied()) {
      skipped_in_a_row = 0;
    } else {
      ++skipped;
      if (++skipped_in_a_row == most_skipped_in_a_row)
        throw RunError(fmt::format(
            "training diverged: {} gradients in a row were not finite, the last at step {} (loss {}). The last good "
            "checkpoint is in {}. A smaller training.learning_rate ({}) or training.clip_norm ({}) may help",
            skipped_in_a_row, checkpoint.step, result.loss, (run / "checkpoints").string(), training.learning_rate,
            training.clip_norm));
    }
    clamped += result.clamped;
    line_loss += result.loss;
    ++line_steps;
    ++window_steps;
    const double weight = std::max(0.02, 1.0 / static_cast<double>(checkpoint.step));
    loss_mean =
        window_steps == 1 && rate_of_episodes == 0 ? result.loss : loss_mean + weight * (result.loss - loss_mean);
    const double window = std::chrono::duration<double>(Clock::now() - window_begin).count();
    if (window > 1 || rate_of_episodes == 0) {
      seconds_per_step = window / static_cast<double>(window_steps);
      rate_of_episodes = training.meta_batch / seconds_per_step;
      window_begin = Clock::now();
      window_steps = 0;
    }
    if (checkpoint.step % steps_per_line == 0) write_line(learning);
  };
  const auto validate_weights = [&] {
    const Validation validation = learner->validate(
        {Phase::validation, 0, validation_episodes, 0, configuration.engine.seed}, learner->state().average);
    validation_loss = validation.loss;
    metrics.write(
        {{"step", checkpoint.step}, {"validation_loss", validation.loss}, {"validation_error", validation.error}});
    window_begin = Clock::now();
    window_steps = 0;
  };
  const auto validates_after = [&](std::int64_t step) {
    return step % training.validate_every == 0 || step == training.steps;
  };

  // Steps are submitted in windows, some ahead of the one that is waited for, so that a device never idles; but none
  // beyond a step whose weights are needed.
  const Pipeline pipeline = learner->pipeline();
  std::int64_t submitted = checkpoint.step;
  std::deque<std::int64_t> windows;
  const auto needs_weights = [&](std::int64_t step) {
    return validates_after(step) || step % training.checkpoint_every == 0;
  };
  const auto submit = [&] {
    std::vector<MetaStep> steps;
    do {
      steps.push_back({static_cast<std::uint64_t>(submitted), learning_rate(training, submitted),
                       annealed_beta(training, submitted)});
      ++submitted;
    } while (static_cast<int>(steps.size()) < pipeline.steps && submitted < training.steps &&
             !needs_weights(submitted));
    learner->submit(steps);
    windows.push_back(submitted);
  };
  while (checkpoint.step < training.steps && (go_on || !windows.empty())) {
    while (go_on && static_cast<int>(windows.size()) < pipeline.windows && submitted < training.steps &&
           (windows.empty() || !needs_weights(submitted)))
      submit();
    for (const StepOutput& result : learner->collect()) finish_step(result);
    windows.pop_front();
    if (windows.empty() && needs_weights(checkpoint.step)) {
      if (validates_after(checkpoint.step)) validate_weights();
      // A state that has stopped being finite is not saved over a good one.
      if (checkpoint.step % training.checkpoint_every == 0 && skipped_in_a_row == 0) save();
    }
    if (options.progress)
      go_on = options.progress({checkpoint.step, training.steps, loss_mean, validation_loss, rate_of_episodes,
                                seconds_per_step * static_cast<double>(training.steps - checkpoint.step), skipped,
                                learner->notice()}) &&
              go_on;
  }
  write_line(learning_rate(training, checkpoint.step));
  save();
  return {checkpoint.step == training.steps,
          checkpoint.step,
          skipped,
          std::chrono::duration<double>(Clock::now() - begin).count(),
          validation_loss,
          checkpoint_path(run, checkpoint.step)};
} catch (const std::filesystem::filesystem_error& error) {
  throw RunError(error.what());
} catch (const std::bad_alloc&) {
  throw RunError("memory ran out during training; smaller sizes or fewer engine.threads need less");
}

}  // namespace

TrainingOutcome train(const Configuration& configuration, const std::filesystem::path& run,
                      const TrainingOptions& options) {
  validate(configuration);
  if (!minimises(configuration.simulator))
    return train(configuration, run, options, make_processor(configuration.engine));
  return train_from({[] { return Normalisation{}; },  // there are no observations
                     [&](const Normalisation&) { return std::make_unique<QuadraticEngine>(configuration); }},
                    configuration, run, options);
}

TrainingOutcome train(const Configuration& configuration, const std::filesystem::path& run,
                      const TrainingOptions& options, std::unique_ptr<Processor> processor) {
  return train_from({[&] { return pilot_normalisation(configuration, processor->statistics()); },
                     [&](const Normalisation& normalisation) {
                       return std::make_unique<Engine>(configuration, normalisation, std::move(processor));
                     }},
                    configuration, run, options);
}

}  // namespace alfi
