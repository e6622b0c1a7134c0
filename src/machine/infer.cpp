// Machine::infer: from sets of observations to posteriors, a chunk of sets at a time.
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <random>
#include <utility>

#include "alfi/error.hpp"
#include "alfi/machine.hpp"
#include "alfi/simulators.hpp"
#include "src/engine/engine.hpp"
#include "src/evaluation/more_iterations.hpp"
#include "src/evaluation/replicates.hpp"
#include "src/formats/observations.hpp"
#include "src/machine/estimates.hpp"
#include "src/machine/fit.hpp"
#include "src/machine/fit_check.hpp"
#include "src/model/checkpoint.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

/// Sets of one pass for each thread: what is done once a pass costs little, and who waits hears soon.
constexpr std::size_t sets_of_a_thread = 64;

/// Makes a seed of observations and a seed. With one seed for all observations, all answers would share one error, that
/// of its simulations, and no evaluation, which has simulations of its own for each problem, could see it.
std::uint64_t seed_of(std::span<const float> x, std::uint64_t seed) {
  return XXH3_64bits_withSeed(x.data(), x.size_bytes(), seed);
}

/// `wanted` of `count` rows at random, in their order (Knuth, The Art of Computer Programming 2, algorithm 3.4.2 S).
std::vector<float> random_subset(std::span<const float> x, int count, int wanted, std::uint64_t seed) {
  const std::size_t columns = x.size() / static_cast<std::size_t>(count);
  std::mt19937_64 generator(seed);  // the standard fixes its numbers, not its distributions'
  std::vector<float> subset;
  for (int row = 0, chosen = 0; chosen < wanted; ++row) {
    const double u = static_cast<double>(generator() >> 11) * 0x1p-53;
    if (u * (count - row) >= wanted - chosen) continue;
    const auto begin = x.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(row) * columns);
    subset.insert(subset.end(), begin, begin + static_cast<std::ptrdiff_t>(columns));
    ++chosen;
  }
  return subset;
}

/// Says what users should know of the number of observations given.
std::vector<Warning> warnings_of(int count, const CountRange& trained) {
  const std::string trained_for =
      trained.min == trained.max ? fmt::format("{}", trained.max) : fmt::format("{} to {}", trained.min, trained.max);
  if (count > trained.max)
    return {{Doubt::subset_used,
             fmt::format("The machine was trained for {} observations: a random subset of {} of the {} given is used. "
                         "One trained with a larger episode.real_observations.max would use more.",
                         trained_for, trained.max, count)}};
  if (count < trained.min)
    return {{Doubt::too_few_observations,
             fmt::format(
                 "The machine was trained for {} observations: all {} given are used, but an interval from so few was "
                 "never learned. Do not trust it; train with episode.real_observations.min of at most {}.",
                 trained_for, count, count)}};
  return {};
}

/// Inference with checked options, on an engine of its own.
class Inference {
 public:
  Inference(const Checkpoint& checkpoint, const Plan& plan, const InferenceOptions& options)
      : plan_(plan),
        truncated_(options.truncated),
        level_(options.level),
        seed_(options.seed.value_or(plan.configuration.engine.seed)),
        weights_(checkpoint.state.average),
        engine_(plan_, checkpoint.normalisation) {
    if (options.fit) fit_.emplace(plan_, checkpoint.normalisation, weights_);
  }

  /// Refuses more iterations than trained where they ruin the machine, else notes a warning.
  void check_iterations() {
    const int trained = plan_.configuration.episode.iterations, T = plan_.configuration.evaluation.iterations;
    if (T <= trained) return;
    const MoreIterations more = try_more_iterations(engine_, weights_);
    if (more.ruined)
      throw InputError(
          fmt::format("iterations = {}: the machine was trained for {}, and more ruin it. {}", T, trained, more.text));
    more_iterations_ =
        fmt::format("The machine was trained for {} iterations, {} are asked for. {}", trained, T, more.text);
  }

  std::size_t sets_at_once() { return sets_of_a_thread * static_cast<std::size_t>(engine_.processor().threads()); }

  std::vector<Posterior> infer(std::span<const DataSet> sets) {
    const CountRange& trained = plan_.configuration.episode.real_observations;
    const int replicates = plan_.configuration.evaluation.replicates, T = plan_.configuration.evaluation.iterations;
    std::vector<std::vector<float>> subsets(sets.size());
    std::vector<GivenProblem> problems;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      GivenProblem problem{sets[i].x, sets[i].count, seed_of(sets[i].x, seed_)};
      if (problem.count > trained.max) {
        problem.x = subsets[i] = random_subset(problem.x, problem.count, trained.max, problem.seed);
        problem.count = trained.max;
      }
      problems.push_back(problem);
    }
    const std::vector<double> code_distances =
        fit_ ? fit_->code_distances(problems) : std::vector<double>(problems.size());
    std::vector<Posterior> posteriors(sets.size());
    engine_.infer(problems, replicates, T, weights_, [&](std::size_t i, const FinishedTile& finished) {
      posteriors[i] =
          posterior_of(TileAnswers(plan_, finished).law(0, T), problems[i], sets[i].count, code_distances[i]);
    });
    return posteriors;
  }

 private:
  Posterior posterior_of(const ProposalLaw& law, const GivenProblem& problem, int given, double code_distance) const {
    const Family family = plan_.configuration.proposal.family;
    Posterior posterior{.parameters = {},
                        .correlation = {},
                        .standard = {law.mean, law.deviation},
                        .truncated = truncated_,
                        .level = level_,
                        .used = problem.count,
                        .replicates = plan_.configuration.evaluation.replicates,
                        .seed = problem.seed,
                        .fit = unchecked_fit(),
                        .warnings = warnings_of(given, plan_.configuration.episode.real_observations)};
    if (!more_iterations_.empty()) posterior.warnings.push_back({Doubt::more_iterations, more_iterations_});
    if (couples(family)) posterior.correlation = law.correlation;
    const TruncatedLaw answer = law_of(posterior, plan_.simulator);
    add_estimates(answer, plan_.simulator, posterior);
    if (fit_) posterior.fit = fit_->of(answer, problem, code_distance);
    if (std::string poor = poor_fit(posterior.fit); !poor.empty())
      posterior.warnings.push_back({Doubt::poor_fit, std::move(poor)});
    if (!is_finite(family, law))
      posterior.warnings.push_back(
          {Doubt::not_finite,
           "The answer is not finite: the machine's training diverged, or the observations lie far outside what it was "
           "trained on."});
    return posterior;
  }

  Plan plan_;
  bool truncated_;
  double level_;
  std::uint64_t seed_;
  std::span<const float> weights_;
  Engine engine_;
  std::optional<FitCheck> fit_;
  std::string more_iterations_;  ///< warning of them
};

void check_sets(std::span<const DataSet> sets, const ObservationInfo& allowed) {
  if (sets.empty()) throw InputError("there are no sets of observations, at least one is needed");
  for (std::size_t k = 0; k < sets.size(); ++k) try {
      check_observations(sets[k], allowed);
    } catch (const InputError& error) {
      if (sets.size() == 1) throw;
      throw InputError(fmt::format("set {}: {}", k + 1, error.what()));
    }
}

}  // namespace

Posterior Machine::infer(std::span<const float> x, int count, const InferenceOptions& options) const {
  const DataSet set{x, count};
  return std::move(infer(std::span(&set, 1), options).front());
}

std::vector<Posterior> Machine::infer(std::span<const DataSet> sets, const InferenceOptions& options) const {
  std::vector<Posterior> all;
  infer(sets, options, [&](std::size_t, std::span<const Posterior> posteriors) {
    all.insert(all.end(), posteriors.begin(), posteriors.end());
    return true;
  });
  return all;
}

void Machine::infer(std::span<const DataSet> sets, const InferenceOptions& options, const PosteriorSink& sink) const {
  if (!(options.level > 0 && options.level < 1))
    throw InputError(fmt::format("level = {} must be above 0 and below 1", options.level));
  Configuration configuration = checkpoint_->plan.configuration;
  configuration.evaluation.iterations = options.iterations == 0 ? default_iterations() : options.iterations;
  if (options.threads != 0) configuration.engine.threads = options.threads;
  if (sets.size() == 1) configuration.engine.threads = 1;
  configuration.engine.backend = options.backend;
  configuration.engine.device = options.device;
  configuration.engine.precision = Precision::fp32;  // the reference, on any backend, however it was trained
  if (options.replicates != 0) configuration.evaluation.replicates = options.replicates;
  validate(configuration);
  const Plan plan = checkpoint_->plan.with(configuration.engine, configuration.evaluation);
  plan.require_simulator();
  check_sets(sets, plan.simulator.observations);
  Inference inference(*checkpoint_, plan, options);
  inference.check_iterations();
  const std::size_t at_once = inference.sets_at_once();
  for (std::size_t first = 0; first < sets.size(); first += at_once) {
    const auto chunk = sets.subspan(first, std::min(at_once, sets.size() - first));
    if (!sink(first, inference.infer(chunk))) return;
  }
}

}  // namespace alfi
