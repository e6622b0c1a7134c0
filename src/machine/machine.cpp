#include "alfi/machine.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "alfi/error.hpp"
#include "alfi/simulators.hpp"
#include "src/engine/engine.hpp"
#include "src/evaluation/replicates.hpp"
#include "src/formats/observations.hpp"
#include "src/model/checkpoint.hpp"
#include "src/model/standardise.hpp"
#include "src/numerics/statistics.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

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

/// The observations an inference uses, and what users should know of their number.
struct Used {
  std::vector<float> x;  ///< (count, X)
  int count;
  std::vector<std::string> warnings;
};

/// Takes all `count` of x, or a random subset where the machine was trained for fewer.
Used observations_to_use(std::span<const float> x, int count, const CountRange& trained, std::uint64_t seed) {
  const std::string trained_for =
      trained.min == trained.max ? fmt::format("{}", trained.max) : fmt::format("{} to {}", trained.min, trained.max);
  if (count > trained.max)
    return {random_subset(x, count, trained.max, seed),
            trained.max,
            {fmt::format("The machine was trained for {} observations: a random subset of {} of the {} given is used. "
                         "One trained with a larger episode.real_observations.max would use more.",
                         trained_for, trained.max, count)}};
  Used all{{x.begin(), x.end()}, count, {}};
  if (count < trained.min)
    all.warnings.push_back(fmt::format(
        "The machine was trained for {} observations: all {} given are used, but an interval from so few was "
        "never learned. Do not trust it; train with episode.real_observations.min of at most {}.",
        trained_for, count, count));
  return all;
}

/// Adds what the law, standardised by the prior, says of each parameter in its natural units.
void add_estimates(const ProposalLaw& law, const SimulatorInfo& simulator, Posterior& posterior) {
  const double quantile = normal_quantile(0.5 * (1 + posterior.level));
  for (std::size_t d = 0; d < simulator.parameters.size(); ++d) {
    const ParameterInfo& parameter = simulator.parameters[d];
    const auto [mean, deviation, lower, upper] = natural_law(parameter, law.mean[d], law.deviation[d], quantile);
    posterior.parameters.push_back({.name = parameter.name,
                                    .unit = parameter.unit,
                                    .mean = mean,
                                    .deviation = deviation,
                                    .lower = lower,
                                    .upper = upper});
    if (mean < parameter.low || mean > parameter.high)
      posterior.warnings.push_back(
          fmt::format("{} = {:.4g} lies outside the prior, [{}, {}]: the machine never saw such "
                      "data. Do not trust the answer.",
                      parameter.name, mean, parameter.low, parameter.high));
  }
}

}  // namespace

const Checkpoint& checkpoint_of(const Machine& machine) { return *machine.checkpoint_; }

Machine::Machine(std::unique_ptr<const Checkpoint> checkpoint) : checkpoint_(std::move(checkpoint)) {}
Machine::Machine(Machine&&) noexcept = default;
Machine& Machine::operator=(Machine&&) noexcept = default;
Machine::~Machine() = default;

Machine Machine::load(const std::filesystem::path& path, const std::filesystem::path& simulator) {
  std::error_code hidden;  // what cannot be looked at cannot be loaded either
  if (!std::filesystem::exists(path, hidden))
    throw InputError(fmt::format("{}: does not exist; a run folder or a checkpoint is expected", path.string()));
  if (std::filesystem::is_directory(path, hidden)) {
    const auto saved = checkpoints_of(path);
    if (saved.empty())
      throw InputError(
          fmt::format("{}: no run folder with a checkpoint (checkpoints/step-N.safetensors)", path.string()));
    return Machine(std::make_unique<const Checkpoint>(read_newest(saved, simulator)));
  }
  return Machine(std::make_unique<const Checkpoint>(read_checkpoint(path, simulator)));
}

const Configuration& Machine::configuration() const { return checkpoint_->plan.configuration; }

std::int64_t Machine::step() const { return checkpoint_->step; }

int Machine::default_iterations() const {
  const Configuration& c = configuration();
  return c.evaluation.iterations > 0 ? c.evaluation.iterations : c.episode.iterations;
}

Posterior Machine::infer(std::span<const float> x, int count, const InferenceOptions& options) const {
  if (!(options.level > 0 && options.level < 1))
    throw InputError(fmt::format("level = {} must be above 0 and below 1", options.level));
  Configuration configuration = checkpoint_->plan.configuration;
  configuration.evaluation.iterations = options.iterations == 0 ? default_iterations() : options.iterations;
  configuration.engine.threads = 1;
  configuration.engine.backend = options.backend;
  configuration.engine.device = options.device;
  configuration.engine.precision = Precision::fp32;  // the reference, on any backend, however it was trained
  if (options.replicates != 0) configuration.evaluation.replicates = options.replicates;
  validate(configuration);
  const Plan plan = checkpoint_->plan.with(configuration.engine, configuration.evaluation);
  plan.require_simulator();
  const ObservationInfo& observations = plan.simulator.observations;
  check_observations({count, observations.dimension, {x.begin(), x.end()}}, observations);

  const std::uint64_t seed = seed_of(x, options.seed.value_or(configuration.engine.seed));
  Used used = observations_to_use(x, count, configuration.episode.real_observations, seed);
  const int replicates = configuration.evaluation.replicates, T = configuration.evaluation.iterations;
  const std::vector<float> standard =
      standardise(used.x, configuration.simulator.transform, checkpoint_->normalisation);
  Engine engine(plan, checkpoint_->normalisation);
  ProposalLaw law;
  engine.infer({standard, used.count}, replicates, T, checkpoint_->state.average, seed,
               [&](const FinishedTile& finished) { law = TileAnswers(plan, finished).law(0, T); });

  Posterior posterior{.parameters = {},
                      .correlation = {},
                      .level = options.level,
                      .used = used.count,
                      .replicates = replicates,
                      .warnings = std::move(used.warnings)};
  const Family family = configuration.proposal.family;
  if (has_density(family)) posterior.correlation = law.correlation;
  add_estimates(law, plan.simulator, posterior);
  if (!is_finite(family, law))
    posterior.warnings.push_back(
        "The answer is not finite: the machine's training diverged, or the observations lie far outside what it was "
        "trained on.");
  return posterior;
}

}  // namespace alfi
