// The problems are drawn tile by tile, as an evaluation draws them, and answered where they are drawn; once for each
// number of calls, so that one that is stopped in the middle leaves the smaller ones whole.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "alfi/baseline.hpp"
#include "alfi/error.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/baselines/problems.hpp"
#include "src/engine/engine.hpp"
#include "src/evaluation/answers.hpp"
#include "src/evaluation/regenerated.hpp"
#include "src/evaluation/replicates.hpp"
#include "src/exact/exact.hpp"
#include "src/model/checkpoint.hpp"
#include "src/model/standardise.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

using namespace baselines;

constexpr std::int64_t most_calls = 1'000'000'000;

/// T of an evaluation.
int iterations_of(const Configuration& c) {
  return c.evaluation.iterations > 0 ? c.evaluation.iterations : c.episode.iterations;
}

std::int64_t calls_of_alfi(const Configuration& c) {
  return std::int64_t{c.evaluation.replicates} * iterations_of(c) * c.episode.thetas * c.episode.observations;
}

/// `progress` said so.
struct Stopped {};

class Progress {
 public:
  Progress(const std::function<bool(double)>& report, std::int64_t all) : report_(report), all_(all) {}

  /// Throws Stopped, to every thread.
  void add(std::int64_t calls) {
    const std::lock_guard lock(mutex_);
    done_ += calls;
    stopped_ = stopped_ || (report_ && !report_(static_cast<double>(done_) / static_cast<double>(all_)));
    if (stopped_) throw Stopped{};
  }
  bool stopped() const { return stopped_; }

 private:
  const std::function<bool(double)>& report_;
  std::int64_t done_ = 0, all_;
  bool stopped_ = false;
  std::mutex mutex_;
};

struct Subject {
  Plan plan;
  Normalisation normalisation;
  std::span<const float> weights;  ///< of a machine; none of a configuration alone
};

/// Comparison of a baseline with ALFI and the exact answers, on an evaluation's episodes.
class Comparison {
 public:
  Comparison(const Subject& subject, int episodes)
      : plan_(subject.plan),
        normalisation_(subject.normalisation),
        episodes_{.phase = Phase::evaluation, .step = 0, .count = episodes, .seed = plan_.configuration.engine.seed},
        engine_(plan_, normalisation_, std::make_unique<HostProcessor>(plan_.configuration.engine.threads)),
        answers_(episodes, D()) {
    answer_exactly();
    if (!subject.weights.empty()) answer_by_alfi(subject.weights);
    alfi_ = distances(answers_, answers_.alfi);
    mle_ = distances(answers_, answers_.mle);
    posterior_ = distances(answers_, answers_.posterior);
  }

  int D() const { return plan_.shape.D; }
  Compared error() { return {mean(alfi_), mean(mle_), mean(posterior_)}; }

  BaselineResult maximum_likelihood() {
    if (std::all_of(mle_.begin(), mle_.end(), [](double error) { return std::isnan(error); }))
      throw InputError(fmt::format("maximum_likelihood: {} has none, its observations do not single out its parameters",
                                   plan_.simulator.name));
    return result(0, 0, mle_, 0);
  }

  /// Runs a method, and returns what was finished before it was stopped.
  BaselineResult run(Method method, std::int64_t calls, Progress& progress) {
    const auto begin = std::chrono::steady_clock::now();
    const int X = plan_.shape.X;
    const Transform transform = plan_.configuration.simulator.transform;
    const auto key = [&](Purpose purpose) {
      return stream_key(plan_.configuration.engine.seed, Phase::baseline, purpose, static_cast<std::uint64_t>(calls));
    };
    Answers estimates(episodes_.count, D());
    std::int64_t used = 0;
    try {
      engine_.draw_problems(episodes_, Transform::none, [&](const FinishedTile& finished) {
        Problems problems{plan_.simulator.parameters, plan_.parameters, X, finished.first, {}, key(Purpose::propose)};
        for (int lane = 0; lane < finished.episodes; ++lane)
          problems.real.push_back(standardise(observations_of(finished.tile, X, lane), transform, normalisation_));
        Simulations simulations(*host_simulator(plan_.number), transform, normalisation_, key(Purpose::observe),
                                problems, calls, [&](std::int64_t spent) { progress.add(spent); });
        const std::vector<double> found = method(problems, simulations);
        std::copy(found.begin(), found.end(),
                  estimates.alfi.begin() + static_cast<std::ptrdiff_t>(answers_.at(finished.first, 0)));
        if (finished.first == 0) used = calls - simulations.left();
        progress.add(simulations.left() * finished.episodes);
      });
    } catch (const Stopped&) {
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    return result(calls, used, distances(answers_, estimates.alfi), seconds.count());
  }

 private:
  static Measured mean(const std::vector<double>& values) { return measured_mean(host_statistics(), values); }

  void answer_exactly() {
    const auto exact = make_exact_inference(plan_.simulator);
    engine_.draw_problems(episodes_, Transform::none, [&](const FinishedTile& finished) {
      for (int lane = 0; lane < finished.episodes; ++lane) {
        const int b = finished.first + lane;
        for (int d = 0; d < D(); ++d) answers_.truth[answers_.at(b, d)] = finished.tile.truth[d * tile_lanes + lane];
        keep_exact(exact ? exact->infer(observations_of(finished.tile, plan_.shape.X, lane)) : Exact{}, plan_, b,
                   answers_);
      }
    });
  }

  void answer_by_alfi(std::span<const float> weights) {
    const int T = iterations_of(plan_.configuration);
    engine_.rollout(evaluation_rollouts(plan_, episodes_.count), T, weights,
                    [&](const FinishedTile& finished) { keep_alfi(TileAnswers(plan_, finished), T, answers_); });
  }

  /// Returns the result on the episodes that have an error.
  BaselineResult result(std::int64_t calls, std::int64_t used, const std::vector<double>& errors, double seconds) {
    std::vector<double> finished, alfi, mle, posterior;
    for (std::size_t b = 0; b < errors.size(); ++b) {
      if (std::isnan(errors[b])) continue;
      finished.push_back(errors[b]);
      alfi.push_back(alfi_[b]);
      mle.push_back(mle_[b]);
      posterior.push_back(posterior_[b]);
    }
    const auto over = [&](const std::vector<double>& others) {
      return measured_ratio(host_statistics(), finished, others);
    };
    return {calls,      used,   static_cast<int>(finished.size()), mean(finished), over(mle), over(posterior),
            over(alfi), seconds};
  }

  Plan plan_;
  Normalisation normalisation_;
  Episodes episodes_;
  Engine engine_;
  Answers answers_;
  std::vector<double> alfi_, mle_, posterior_;  // errors
};

Method method_of(Baseline baseline) {
  switch (baseline) {
    case Baseline::nes:
      return estimate_by_nes;
    case Baseline::avo:
      return estimate_by_avo;
    case Baseline::abc:
      return estimate_by_abc;
    case Baseline::maximum_likelihood:
      return nullptr;
  }
  return nullptr;
}

void check(Baseline baseline, const Configuration& configuration, const BaselineOptions& options) {
  validate(configuration);
  if (options.episodes < 1) throw InputError(fmt::format("episodes = {} must be at least 1", options.episodes));
  if (options.multiples.empty()) throw InputError("calls: a multiple of ALFI's is needed, such as 1,10,100");
  const std::int64_t one = calls_of_alfi(configuration);
  for (const int multiple : options.multiples)
    if (multiple < 1 || multiple > most_calls / one)
      throw InputError(fmt::format("calls = {} must be from 1 to {}: times the {} simulator calls of one inference",
                                   multiple, most_calls / one, one));
  const int least = configuration.episode.real_observations.min;
  if (method_of(baseline) != nullptr && least < 2)
    throw InputError(fmt::format("episode.real_observations = {} must be at least 2 for {}", least, to_text(baseline)));
}

/// Returns the configuration as it runs here.
Configuration configured(Configuration configuration, const BaselineOptions& options) {
  if (options.threads != 0) configuration.engine.threads = options.threads;
  if (options.replicates != 0) configuration.evaluation.replicates = options.replicates;
  configuration.engine.backend = Backend::cpu;
  configuration.engine.precision = Precision::fp32;
  return configuration;
}

BaselineComparison compare(Baseline baseline, const Subject& subject, const BaselineOptions& options) {
  Comparison comparison(subject, options.episodes);
  const std::int64_t one = calls_of_alfi(subject.plan.configuration);
  BaselineComparison compared{
      to_text(baseline), subject.plan.simulator.name, options.episodes, one, true, comparison.error(), {}};
  const Method method = method_of(baseline);
  if (method == nullptr) {
    compared.results.push_back(comparison.maximum_likelihood());
    return compared;
  }
  std::int64_t all = 0;
  for (const int multiple : options.multiples) all += multiple * one * options.episodes;
  Progress progress(options.progress, all);
  for (const int multiple : options.multiples) {
    const BaselineResult result = comparison.run(method, multiple * one, progress);
    if (result.episodes > 0) compared.results.push_back(result);
    compared.finished = !progress.stopped();
    if (!compared.finished) break;
  }
  return compared;
}

}  // namespace

std::string to_text(Baseline baseline) {
  switch (baseline) {
    case Baseline::maximum_likelihood:
      return "maximum_likelihood";
    case Baseline::nes:
      return "nes";
    case Baseline::avo:
      return "avo";
    case Baseline::abc:
      return "abc";
  }
  return "";
}

BaselineComparison compare(Baseline baseline, const Configuration& configuration, const BaselineOptions& options) {
  const Configuration here = configured(configuration, options);
  check(baseline, here, options);
  const Plan plan = here;
  return compare(baseline, {plan, pilot_normalisation(plan), {}}, options);
}

BaselineComparison compare(Baseline baseline, const Machine& machine, const BaselineOptions& options) {
  const Configuration here = configured(machine.configuration(), options);
  check(baseline, here, options);
  const Checkpoint& checkpoint = checkpoint_of(machine);
  const Plan plan = checkpoint.plan.with(here.engine, here.evaluation);
  return compare(baseline, {plan, checkpoint.normalisation, checkpoint.state.average}, options);
}

std::string to_json(const BaselineComparison& c) {
  using Json = nlohmann::ordered_json;  // what is NaN becomes null
  const auto interval = [](const Measured& m) { return Json{m.lower, m.upper}; };
  Json json{{"method", c.method},
            {"simulator", c.simulator},
            {"episodes", c.episodes},
            {"calls_of_alfi", c.calls_of_alfi},
            {"finished", c.finished}};
  json["error"] = {{"alfi", c.error.alfi.value}, {"mle", c.error.mle.value}, {"posterior", c.error.posterior.value}};
  json["error_interval"] = {
      {"alfi", interval(c.error.alfi)}, {"mle", interval(c.error.mle)}, {"posterior", interval(c.error.posterior)}};
  json["results"] = Json::array();
  for (const BaselineResult& r : c.results)
    json["results"].push_back(
        {{"calls", r.calls},
         {"used", r.used},
         {"episodes", r.episodes},
         {"error", r.error.value},
         {"error_interval", interval(r.error)},
         {"error_ratio",
          {{"alfi", r.over_alfi.value}, {"mle", r.over_mle.value}, {"posterior", r.over_posterior.value}}},
         {"error_ratio_interval",
          {{"alfi", interval(r.over_alfi)}, {"mle", interval(r.over_mle)}, {"posterior", interval(r.over_posterior)}}},
         {"seconds", r.seconds}});
  return json.dump(2) + "\n";
}

}  // namespace alfi
