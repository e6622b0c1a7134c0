#include "src/evaluation/diagnostics.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "alfi/simulators.hpp"
#include "src/engine/engine.hpp"
#include "src/engine/processors.hpp"
#include "src/evaluation/evaluation.hpp"
#include "src/evaluation/regenerated.hpp"
#include "src/evaluation/replicates.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

constexpr int most_course_episodes = 1000, most_start_episodes = 500, most_energy_episodes = 200, examples = 3;
/// Observations of an energy distance at most: it takes the square of their number.
constexpr std::size_t most_observations = 500;
/// The prior reaches to ±√3 deviations.
constexpr double starts[] = {-1.5, -0.75, 0, 0.75, 1.5};
/// Part of the time that the evaluation takes.
constexpr double evaluation_part = 0.7;

double square(double x) { return x * x; }

/// Rollouts of a machine's episodes, of which the ways are kept.
class Courses {
 public:
  explicit Courses(Engine& engine) : engine_(engine) {}

  /// The first `count` episodes, from the configured start or from this ψ₀.
  Course operator()(int count, std::span<const float> weights, std::span<const float> start = {}) {
    const Plan& plan = engine_.plan();
    const int D = plan.shape.D, T = plan.configuration.evaluation.iterations;
    const std::size_t numbers = static_cast<std::size_t>(count) * static_cast<std::size_t>(D);
    Course course{count, T, D, std::vector<double>(numbers), {}, {}, {}, {}};
    for (auto* const values : {&course.mean, &course.deviation, &course.estimate})
      values->resize(numbers * static_cast<std::size_t>(T + 1));
    course.correlation.resize(static_cast<std::size_t>(count) * static_cast<std::size_t>(T + 1), 0);
    const auto keep = [&](const FinishedTile& finished) {
      const TileAnswers answers(plan, finished);
      for (int i = 0; i < answers.problems(); ++i) {
        const int b = answers.first() + i;
        for (int d = 0; d < D; ++d) course.truth[static_cast<std::size_t>(b * D + d)] = answers.truth(i, d);
        for (int t = 0; t <= T; ++t) {
          const TruncatedLaw answer = answers.answer(i, t);
          const ProposalLaw& law = answer.normal();
          for (int d = 0; d < D; ++d) {
            course.mean[course.at(b, t, d)] = law.mean[static_cast<std::size_t>(d)];
            course.deviation[course.at(b, t, d)] = law.deviation[static_cast<std::size_t>(d)];
            course.estimate[course.at(b, t, d)] = answer.mean()[static_cast<std::size_t>(d)];
          }
          if (D > 1) course.correlation[course.at(b, t)] = law.correlation[1];
        }
      }
    };
    const Episodes episodes = evaluation_rollouts(plan, count);
    if (start.empty())
      engine_.rollout(episodes, T, weights, keep);
    else
      engine_.rollout_from(start, episodes, T, weights, keep);
    return course;
  }

  /// ψ₀ with this number for every mean.
  std::vector<float> start_at(double mean) const {
    const Shape& shape = engine_.plan().shape;
    const Configuration::Proposal& proposal = engine_.plan().configuration.proposal;
    std::vector<float> psi(static_cast<std::size_t>(shape.P()), static_cast<float>(mean));
    const double log_sigma = proposal.start == Start::draw ? std::log(proposal.sigma) : 0;
    std::fill(psi.begin() + shape.D, psi.end(), 0.0F);  // nothing is coupled
    if (learns_deviation(shape.family)) std::fill_n(psi.begin() + shape.D, shape.D, static_cast<float>(log_sigma));
    return psi;
  }

 private:
  Engine& engine_;
};

/// Fills in what is simulated anew for the first episodes.
void regenerate(Engine& engine, const Normalisation& normalisation, Diagnostics& diagnostics) {
  const Configuration& configuration = engine.plan().configuration;
  const SimulatorInfo& simulator = engine.plan().simulator;
  const int D = engine.plan().shape.D, X = engine.plan().shape.X;
  const int count = std::min(configuration.evaluation.episodes, most_energy_episodes);
  const std::uint64_t seed = configuration.engine.seed;
  SampleStatistics& statistics = engine.processor().statistics();
  EnergyDistances& energy = diagnostics.energy;
  for (auto* const distances : {&energy.truth, &energy.alfi, &energy.mle})
    distances->resize(static_cast<std::size_t>(count));
  diagnostics.regenerated.resize(static_cast<std::size_t>(std::min(count, examples)));
  const auto natural = [&](const std::vector<double>& estimate, int b) {
    std::vector<double> theta;
    for (int d = 0; d < D; ++d) {
      const ParameterInfo& prior = simulator.parameters[static_cast<std::size_t>(d)];
      theta.push_back(natural_of(prior, estimate[diagnostics.answers.at(b, d)]));
    }
    return theta;
  };
  engine.draw_problems(
      {.phase = Phase::evaluation, .step = 0, .count = count, .seed = seed}, Transform::none,
      [&](const FinishedTile& finished) {
        for (int lane = 0; lane < finished.episodes; ++lane) {
          const int b = finished.first + lane;
          const auto place = static_cast<std::size_t>(b);
          const std::vector<float> x = observations_of(finished.tile, X, lane);
          const auto some = std::span(x).first(std::min(x.size(), most_observations * static_cast<std::size_t>(X)));
          // The evaluation's numbers.
          const PhiloxKey key = stream_key(seed, Phase::simulation, Purpose::observe, static_cast<std::uint64_t>(b));
          const auto distance = [&](const std::vector<double>& estimate) {
            return regenerated_distance(statistics, simulator, configuration.simulator.transform, normalisation, some,
                                        natural(estimate, b), key);
          };
          energy.truth[place] = distance(diagnostics.answers.truth);
          energy.alfi[place] = distance(diagnostics.answers.alfi);
          energy.mle[place] = distance(diagnostics.answers.mle);
          if (place >= diagnostics.regenerated.size()) continue;
          Regenerated& example = diagnostics.regenerated[place];
          example = {
              natural(diagnostics.answers.truth, b), natural(diagnostics.answers.alfi, b), x, {}, energy.alfi[place]};
          if (!std::all_of(example.estimate.begin(), example.estimate.end(), [](double v) { return std::isfinite(v); }))
            continue;
          example.simulated.resize(x.size());
          simulate_into(simulator, example.estimate, key, static_cast<std::int64_t>(x.size()) / X,
                        example.simulated.data());
        }
      });
}

}  // namespace

std::vector<double> Course::errors(int iteration) const {
  std::vector<double> result;
  for (int b = 0; b < episodes; ++b) {
    double squares = 0;
    for (int d = 0; d < parameters; ++d)
      squares += square(truth[static_cast<std::size_t>(b * parameters + d)] - estimate[at(b, iteration, d)]);
    result.push_back(std::sqrt(squares));
  }
  return result;
}

std::vector<double> StartInfluence::shifts(std::size_t start) const {
  const Course& course = courses[start];
  const int T = course.iterations;
  std::vector<double> result;
  for (int b = 0; b < course.episodes; ++b) {
    double squares = 0;
    for (int d = 0; d < course.parameters; ++d) {
      double sum = 0;
      for (const Course& other : courses) sum += other.estimate[other.at(b, T, d)];
      squares += square(course.estimate[course.at(b, T, d)] - sum / static_cast<double>(courses.size()));
    }
    result.push_back(std::sqrt(squares));
  }
  return result;
}

Diagnostics diagnose(const Machine& machine, const EvaluationOptions& options) {
  const Plan plan = configured(machine, options);
  const Checkpoint& checkpoint = checkpoint_of(machine);
  const auto progress = [&](double part) {
    if (options.progress) options.progress(part);
  };
  Diagnostics diagnostics{{}, Answers(0, 0), {}, {}, {}, {}, {}};
  diagnostics.evaluation = evaluate(
      checkpoint, plan, make_processor(plan), [&](double part) { progress(evaluation_part * part); },
      &diagnostics.answers);

  Engine engine(plan, checkpoint.normalisation);
  Courses courses(engine);
  const int count = plan.configuration.evaluation.episodes;
  const std::vector<float>& weights = checkpoint.state.average;
  diagnostics.trained = courses(std::min(count, most_course_episodes), weights);
  diagnostics.untrained =
      courses(std::min(count, most_course_episodes), initial_weights(plan.layout, plan.configuration.engine.seed));
  progress(0.8);
  for (const double start : starts) {
    diagnostics.starts.starts.push_back(start);
    diagnostics.starts.courses.push_back(
        courses(std::min(count, most_start_episodes), weights, courses.start_at(start)));
  }
  progress(0.9);
  regenerate(engine, checkpoint.normalisation, diagnostics);
  progress(1);
  return diagnostics;
}

}  // namespace alfi
