#include "src/training/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alfi/error.hpp"
#include "src/engine/cost.hpp"
#include "src/engine/engine.hpp"
#include "src/engine/processors.hpp"
#include "src/minimisation/quadratic_engine.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/abandoned.hpp"
#include "src/system/atomic_file.hpp"
#include "src/training/fine_tuning.hpp"
#include "src/training/metrics_file.hpp"
#include "src/training/pace.hpp"
#include "src/training/run_folder.hpp"
#include "src/training/schedule.hpp"
#include "src/training/simulator_time.hpp"

namespace alfi {
namespace {

/// Non-finite gradients in a row after which a run is given up.
constexpr int most_skipped_in_a_row = 50;
/// Least weight of a step's loss in the moving mean that progress shows.
constexpr double least_weight = 0.02;

Checkpoint start(const Plan& plan, const LearnerSource& source, const std::filesystem::path& from) {
  if (!from.empty()) return start_from(from, plan, source.normalisation);
  return {.plan = plan,
          .normalisation = source.normalisation(),
          .state = initial_state(plan.layout, plan.configuration.engine.seed),
          .step = 0};
}

/// Does what a stop may leave unfinished. Returns false where it did.
template <class Work>
bool unless_stopped(Work work) try {
  work();
  return true;
} catch (const Abandoned&) {
  return false;
}

/// Says what may keep a training from getting worse.
std::string advice(const Configuration::Training& training) {
  return fmt::format("A smaller training.learning_rate (it is {}) or {} may help", training.learning_rate,
                     training.clip_norm > 0 ? fmt::format("a smaller training.clip_norm (it is {})", training.clip_norm)
                                            : "training.clip_norm (it is 0, off)");
}

/// The loop of meta-steps, in a run folder that is this training's.
///
/// Steps are submitted in windows, some ahead of the one that is waited for, so that a device never idles; but none
/// beyond a step whose weights are needed.
class MetaTraining {
 public:
  /// Trains from this checkpoint on; all that is referred to lives longer.
  MetaTraining(Learner& learner, Checkpoint checkpoint, const std::filesystem::path& run,
               const TrainingOptions& options, const Clock& clock)
      : learner_(learner),
        checkpoint_(std::move(checkpoint)),
        run_(run),
        options_(options),
        clock_(clock),
        begin_(clock()),
        pace_(begin_),
        metrics_(run / "metrics.jsonl", checkpoint_.step),
        submitted_(checkpoint_.step),
        skipped_(checkpoint_.state.skipped) {}

  TrainingOutcome run();

 private:
  const Configuration::Training& training() const { return checkpoint_.plan.configuration.training; }
  double episodes_per_second() const { return training().meta_batch / pace_.seconds_per_step(); }
  double validation_loss() const {
    const ValidationHistory::Entry* const last = metrics_.validations().last();
    return last != nullptr ? last->validation.loss : std::numeric_limits<double>::quiet_NaN();
  }
  /// Says that the weights of this step are validated.
  bool validated() const {
    const ValidationHistory::Entry* const last = metrics_.validations().last();
    return last != nullptr && last->step == checkpoint_.step;
  }
  TrainingProgress progress() const;
  TrainingOutcome outcome() const;
  /// Says that no meta-step is left.
  bool done() const { return checkpoint_.step == training().steps || out_of_patience(); }
  bool out_of_patience() const {
    return training().patience > 0 && metrics_.validations().since_best() >= training().patience;
  }

  /// Does what comes before the first meta-step. Returns false where a stop was heeded, as those below.
  bool begin();
  /// Tells how long the training should take.
  void estimate() const;
  /// Submits as many windows as the learner takes.
  bool submit_windows();
  /// Waits for the oldest window.
  void collect_window();
  /// Takes what a meta-step came to.
  void finish_step(const StepOutput& result);
  /// Counts a meta-step whose gradient was not finite. RunError where too many were, one after the other.
  void skip_step(const StepOutput& result);
  /// Writes the steps since the last such line to the metrics. RunError where most of their observations were no
  /// numbers.
  void write_steps(double learning_rate);
  /// Does what the schedule wants done with the weights now.
  bool use_weights();
  void validate();
  void save();
  /// Removes the checkpoints that training.keep_checkpoints does not keep.
  void thin_out() const;
  bool keeps_best() const { return training().keep_checkpoints > 0 || training().patience > 0; }
  /// Returns where the best checkpoint by validation is, or would be; empty where there is none or it is not kept.
  std::filesystem::path best() const;

  Learner& learner_;
  Checkpoint checkpoint_;  ///< of the steps collected; its state is that of the last save
  const std::filesystem::path& run_;
  const TrainingOptions& options_;
  const Clock& clock_;
  double begin_;
  Pace pace_;
  MetricsFile metrics_;

  std::int64_t submitted_;  ///< steps, those of earlier trainings of the run included
  int in_flight_ = 0;       ///< windows
  std::int64_t skipped_;    ///< steps in all
  int skipped_in_a_row_ = 0;
  double left_out_ = 0;  ///< part of the observations of the last line's steps
  std::optional<double> loss_mean_;
  std::int64_t saved_step_ = -1;
};

TrainingOutcome MetaTraining::run() {
  learner_.begin(checkpoint_.state);
  learner_.stop_when(options_.stop);
  bool go_on = begin();
  while (!done() && (go_on || in_flight_ > 0)) {
    if (go_on) go_on = submit_windows();
    if (in_flight_ == 0) break;
    collect_window();
    if (--in_flight_ == 0) go_on = use_weights() && go_on;
    if (options_.progress) go_on = options_.progress(progress()) && go_on;
  }
  write_steps(learning_rate(training(), checkpoint_.step));
  save();
  return outcome();
}

TrainingOutcome MetaTraining::outcome() const {
  const bool finished = done() && validated();
  const std::filesystem::path best = this->best();
  std::string worse = finished ? metrics_.validations().worse() : "";
  if (!worse.empty()) worse = fmt::format("the training ended worse than it began: {}. {}", worse, advice(training()));
  return {.finished = finished,
          .step = checkpoint_.step,
          .skipped = skipped_,
          .seconds = clock_() - begin_,
          .validation_loss = validation_loss(),
          .checkpoint = checkpoint_path(run_, checkpoint_.step),
          .out_of_patience = checkpoint_.step < training().steps && out_of_patience(),
          .best = std::filesystem::exists(best) ? best : "",
          .worse = std::move(worse)};
}

bool MetaTraining::begin() {
  return unless_stopped([&] {
    estimate();
    pace_.add_other(clock_());
    // A training that goes on was perhaps stopped within this validation.
    if (!validated() && validates_after(training(), checkpoint_.step)) validate();
  });
}

void MetaTraining::estimate() const {
  const int threads = learner_.threads_of_known_cost();
  if (!options_.estimate || threads == 0 || done()) return;
  const double speed = core_speed(measured_core_peak());
  if (speed == 0) return;
  const Plan& plan = checkpoint_.plan;
  const double simulation =
      is_built_in(plan.number) ? 0 : simulator_seconds(plan, checkpoint_.normalisation, mean_real_observations(plan));
  options_.estimate(training_seconds(plan, checkpoint_.step, threads, speed, simulation));
}

TrainingProgress MetaTraining::progress() const {
  return {.step = checkpoint_.step,
          .steps = training().steps,
          .loss = loss_mean_.value_or(0),
          .validation_loss = validation_loss(),
          .episodes_per_second = episodes_per_second(),
          .seconds_left = out_of_patience() ? 0 : pace_.seconds(work_left(training(), checkpoint_.step)),
          .skipped = skipped_,
          .left_out = left_out_,
          .notice = learner_.notice()};
}

bool MetaTraining::submit_windows() {
  const Pipeline pipeline = learner_.pipeline();
  return unless_stopped([&] {
    while (in_flight_ < pipeline.windows && submitted_ < training().steps &&
           (in_flight_ == 0 || !needs_weights_after(training(), submitted_))) {
      const std::vector<MetaStep> steps = next_window(training(), submitted_, pipeline.steps);
      learner_.submit(steps);
      submitted_ += static_cast<std::int64_t>(steps.size());
      ++in_flight_;
    }
  });
}

void MetaTraining::collect_window() {
  const std::vector<StepOutput> results = learner_.collect();
  pace_.add_steps(static_cast<std::int64_t>(results.size()), clock_());
  for (const StepOutput& result : results) finish_step(result);
}

void MetaTraining::finish_step(const StepOutput& result) {
  const double rate = learning_rate(training(), checkpoint_.step);
  ++checkpoint_.step;
  if (result.applied())
    skipped_in_a_row_ = 0;
  else
    skip_step(result);
  metrics_.add(result);
  const double weight = std::max(least_weight, 1.0 / static_cast<double>(checkpoint_.step));
  loss_mean_ = loss_mean_ ? *loss_mean_ + weight * (result.loss - *loss_mean_) : result.loss;
  if (checkpoint_.step % steps_per_line == 0) write_steps(rate);
}

void MetaTraining::skip_step(const StepOutput& result) {
  ++skipped_;
  if (++skipped_in_a_row_ < most_skipped_in_a_row) return;
  const std::vector<std::filesystem::path> saved = checkpoints_of(run_);
  throw RunError(fmt::format(
      "training diverged: {} gradients in a row were not finite, the last at step {} (loss {}). {}. {}",
      skipped_in_a_row_, checkpoint_.step, result.loss,
      saved.empty() ? "No checkpoint was saved before" : "The last good checkpoint is " + saved.back().string(),
      advice(training())));
}

void MetaTraining::write_steps(double learning_rate) {
  const Shape& shape = checkpoint_.plan.shape;
  const double observations = static_cast<double>(shape.T) * shape.M * shape.N + shape.R;  // of an episode, at most
  left_out_ = checkpoint_.plan.minimises ? 0 : metrics_.left_out_of_a_step() / (observations * training().meta_batch);
  metrics_.write_steps({.step = checkpoint_.step,
                        .learning_rate = learning_rate,
                        .episodes_per_second = episodes_per_second(),
                        .skipped = skipped_});
  if (left_out_ <= 0.5) return;
  (void)unless_stopped([&] { learner_.refuse_failures(learner_.state().average); });
  throw RunError(fmt::format("{:.1f} % of the observations of the steps before step {} are no numbers", 100 * left_out_,
                             checkpoint_.step));
}

bool MetaTraining::use_weights() {
  const bool validates = validates_after(training(), checkpoint_.step);
  if (validates && !unless_stopped([&] { validate(); })) return false;
  const bool is_best = validates && keeps_best() && metrics_.validations().since_best() == 0;
  // A state that has stopped being finite is not saved over a good one.
  if ((is_best || saves_after(training(), checkpoint_.step)) && skipped_in_a_row_ == 0) save();
  return true;
}

void MetaTraining::validate() {
  const Validation validation = learner_.validate({.phase = Phase::validation,
                                                   .step = 0,
                                                   .count = validation_episodes,
                                                   .seed = checkpoint_.plan.configuration.engine.seed},
                                                  learner_.state().average);
  metrics_.write_validation(checkpoint_.step, validation);
  pace_.add_validation(clock_());
}

void MetaTraining::save() {
  if (saved_step_ == checkpoint_.step) return;
  checkpoint_.state = learner_.state();
  metrics_.flush();
  write_checkpoint(checkpoint_path(run_, checkpoint_.step), checkpoint_);
  saved_step_ = checkpoint_.step;
  thin_out();
  pace_.add_checkpoint(clock_());
}

void MetaTraining::thin_out() const {
  std::vector<std::filesystem::path> saved = checkpoints_of(run_);
  const auto kept = static_cast<std::size_t>(training().keep_checkpoints);
  if (kept == 0 || saved.size() <= kept) return;
  saved.resize(saved.size() - kept);
  std::vector<std::filesystem::path> others{best()};
  if (training().schedule == Schedule::cooldown) others.push_back(checkpoint_path(run_, cooldown_begin(training())));
  for (const std::filesystem::path& path : saved)
    if (std::ranges::find(others, path) == others.end()) std::filesystem::remove(path);
}

std::filesystem::path MetaTraining::best() const {
  const ValidationHistory::Entry* const best = metrics_.validations().best();
  return best == nullptr || !keeps_best() ? "" : checkpoint_path(run_, best->step);
}

}  // namespace

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

TrainingOutcome train_from(const LearnerSource& source, const Plan& plan, const std::filesystem::path& run,
                           const TrainingOptions& options, const Clock& clock) try {
  const double begin = clock();
  RunFolder folder(run);
  std::optional<Checkpoint> saved = folder.admit(plan, options);
  if (!saved && !unless_stopped([&] { saved = start(plan, source, options.from); }))
    return {.finished = false,
            .step = 0,
            .skipped = 0,
            .seconds = clock() - begin,
            .validation_loss = std::numeric_limits<double>::quiet_NaN(),
            .checkpoint = {}};
  const std::unique_ptr<Learner> learner = source.learner(saved->normalisation);
  folder.take(*saved, options);  // not before: the old run survives what the new one may be refused for
  return MetaTraining(*learner, *std::move(saved), run, options, clock).run();
} catch (const std::filesystem::filesystem_error& error) {
  throw RunError(trouble_of(error));
} catch (const std::bad_alloc&) {
  throw RunError("memory ran out during training; smaller sizes or fewer engine.threads need less");
}

TrainingOutcome train(const Configuration& configuration, const std::filesystem::path& run,
                      const TrainingOptions& options) {
  validate(configuration);
  const Plan plan = configuration;
  if (!plan.minimises) return train(plan, run, options, make_processor(plan));
  return train_from({[] { return Normalisation{}; },  // there are no observations
                     [&](const Normalisation&) { return std::make_unique<QuadraticEngine>(plan); }},
                    plan, run, options);
}

TrainingOutcome train(const Plan& plan, const std::filesystem::path& run, const TrainingOptions& options,
                      std::unique_ptr<Processor> processor) {
  return train_from({[&] { return pilot_normalisation(plan, processor->statistics(), options.stop); },
                     [&](const Normalisation& normalisation) {
                       return std::make_unique<Engine>(plan, normalisation, std::move(processor));
                     }},
                    plan, run, options);
}

}  // namespace alfi
