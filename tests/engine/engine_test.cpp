#include "src/engine/engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/simulators.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/model/parameters.hpp"
#include "src/system/instruction_set.hpp"
#include "tests/support/processor_runs.hpp"
#include "tests/support/simulator_names.hpp"
#include "tests/support/small_configuration.hpp"

namespace alfi {
namespace {

/// Returns the state after three steps, and the losses.
std::pair<TrainingState, std::vector<double>> three_steps(const Configuration& configuration) {
  Engine engine(configuration, pilot_normalisation(configuration));
  engine.begin(initial_state(engine.layout(), 1));
  const MetaStep steps[] = {{0, 1e-3, 0.5}, {1, 1e-3, 0.5}, {2, 1e-3, 0.5}};
  engine.submit(steps);
  std::vector<double> losses;
  for (const StepOutput& output : engine.collect()) losses.push_back(output.loss);
  EXPECT_EQ(engine.state().updates, 3);
  return {engine.state(), losses};
}

class Simulators : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, Simulators, testing::ValuesIn(test::simulator_names()));

TEST_P(Simulators, SameBitsOnOneAndTwoThreads) {
  Configuration configuration = test::small_configuration(GetParam());
  configuration.training.meta_batch = 75;  // five tiles, the last with empty lanes
  const auto one = three_steps(configuration);
  configuration.engine.threads = 2;
  EXPECT_EQ(one, three_steps(configuration));
}

// More inputs than normal numbers in a block, and as many as there may be.
TEST(Engine, SameBitsWithAnyNumberOfInputs) {
  for (const int inputs : {1, 5, 63}) {
    SCOPED_TRACE(inputs);
    Configuration configuration = test::small_configuration("linear_regression");
    configuration.simulator.parameters = {{"inputs", inputs}};
    configuration.simulator.transform = Transform::asinh;
    EXPECT_EQ(Engine(configuration, pilot_normalisation(configuration)).layout().encoder[0].in, inputs + 1);
    const auto one = three_steps(configuration);
    for (const double loss : one.second) EXPECT_TRUE(std::isfinite(loss));
    configuration.engine.threads = 2;
    EXPECT_EQ(one, three_steps(configuration));
  }
}

// Tests that compare two trainings would compare nothing where ReLUs let nothing through.
TEST(Engine, TrainsEveryLayerOfTheSmallConfigurations) {
  for (const SimulatorInfo& simulator : simulators()) {
    const Configuration configuration = test::small_configuration(simulator.name);
    const Layout layout = Plan(configuration).layout;
    const std::vector<float> before = initial_state(layout, 1).weights,
                             after =
                                 test::train_steps(configuration, std::make_unique<HostProcessor>(1), 1).state.weights;
    for (const auto& [name, linear] : named_layers(layout))
      EXPECT_FALSE(
          std::equal(before.begin() + linear.weight, before.begin() + linear.bias, after.begin() + linear.weight))
          << simulator.name << " " << name;
  }
}

TEST(Engine, SameBitsOnTwoThreadsWhereTilesShareAPartialSum) {
  Configuration configuration = test::small_configuration();
  configuration.episode.iterations = 1;
  configuration.episode.thetas = 2;
  configuration.episode.observations = 1;
  configuration.episode.real_observations = {2, 2};
  configuration.training.meta_batch = 16 * (gradient_partials + 40);
  const auto one = three_steps(configuration);
  configuration.engine.threads = 2;
  EXPECT_EQ(one, three_steps(configuration));
}

/// Runs the body under each instruction set of this machine.
template <class Body>
void under_each_instruction_set(Body body) {
  for (const std::string& name : instruction_sets()) {
    setenv("ALFI_ISA", name.c_str(), 1);
    SCOPED_TRACE(name);
    body();
  }
  unsetenv("ALFI_ISA");
}

TEST_P(Simulators, SameBitsOnEveryInstructionSet) {
  Configuration configuration = test::small_configuration(GetParam());
  configuration.networks.encoder.pooling = Pooling::moments;
  configuration.training.loss = Loss::beta_normal;
  configuration.networks.rim.update = Update::tanh;
  const auto best = three_steps(configuration);
  under_each_instruction_set([&] { EXPECT_EQ(best, three_steps(configuration)); });
}

/// Returns a configuration that is small but for the number of observations, of which most share a place.
Configuration looked_up(const std::string& simulator, Encoder encoder) {
  Configuration configuration = test::small_configuration(simulator);
  configuration.networks.encoder.hidden = 50;
  configuration.networks.encoder.code = 20;
  configuration.episode.real_observations = {40, 60};
  configuration.training.meta_batch = 75;
  configuration.engine.encoder = encoder;
  return configuration;
}

struct Looked {
  std::string simulator;
  Encoder encoder;
};

/// Returns every way to look codes up: segments where an observation is one number, a table where it is whole too.
std::vector<Looked> every_lookup() {
  std::vector<Looked> all;
  for (const SimulatorInfo& simulator : simulators()) {
    if (simulator.observations.dimension != 1) continue;
    if (simulator.observations.whole) all.push_back({simulator.name, Encoder::table});
    all.push_back({simulator.name, Encoder::segments});
  }
  return all;
}

class Lookups : public testing::TestWithParam<Looked> {};
INSTANTIATE_TEST_SUITE_P(Engine, Lookups, testing::ValuesIn(every_lookup()),
                         [](const auto& with) { return with.param.simulator + "_" + to_text(with.param.encoder); });

TEST_P(Lookups, SameBitsOnTwoThreadsAndEveryInstructionSet) {
  for (const Pooling pooling : {Pooling::mean, Pooling::moments}) {
    Configuration configuration = looked_up(GetParam().simulator, GetParam().encoder);
    configuration.networks.encoder.pooling = pooling;
    const auto one = three_steps(configuration);
    configuration.engine.threads = 2;
    under_each_instruction_set([&] { EXPECT_EQ(one, three_steps(configuration)); });
  }
}

TEST_P(Lookups, SameBitsOnTwoThreadsWhereTilesShareAPartialSum) {
  Configuration configuration = looked_up(GetParam().simulator, GetParam().encoder);
  configuration.episode.iterations = 1;
  configuration.episode.thetas = 2;
  configuration.episode.observations = 1;
  configuration.episode.real_observations = {2, 2};
  configuration.training.meta_batch = 16 * (gradient_partials + 40);
  const auto one = three_steps(configuration);
  configuration.engine.threads = 2;
  EXPECT_EQ(one, three_steps(configuration));
}

// Adam divides a gradient by its size, so that of one near 0 the sign alone counts: the first step's norm and loss are
// compared, and ψ of an untrained machine. Some 1000 roundings of 6e-8 in each.
TEST_P(Lookups, ComesToWhatIsComputed) {
  for (const Pooling pooling : {Pooling::mean, Pooling::moments}) {
    const auto run = [&](Encoder encoder) {
      Configuration configuration = looked_up(GetParam().simulator, encoder);
      configuration.networks.encoder.pooling = pooling;
      Engine engine(configuration, pilot_normalisation(configuration));
      const TrainingState state = initial_state(engine.layout(), 1);
      std::vector<float> psi(32);
      engine.rollout({Phase::evaluation, 0, 16, 0, 1}, 2, state.weights, [&](const FinishedTile& finished) {
        psi.assign(finished.tile.psi + 4 * tile_lanes, finished.tile.psi + 6 * tile_lanes);
      });
      engine.begin(state);
      const MetaStep steps[] = {{0, 1e-3, 0.5}};
      engine.submit(steps);
      return std::pair(engine.collect()[0], psi);
    };
    const auto [looked, looked_psi] = run(GetParam().encoder);
    const auto [computed, computed_psi] = run(Encoder::dense);
    EXPECT_NEAR(looked.loss, computed.loss, 2e-5 * std::abs(computed.loss));
    EXPECT_NEAR(looked.gradient_norm, computed.gradient_norm, 2e-5 * computed.gradient_norm);
    for (std::size_t i = 0; i < looked_psi.size(); ++i) EXPECT_NEAR(looked_psi[i], computed_psi[i], 2e-5) << i;
  }
}

TEST(Engine, ComputesWhatCannotBeLookedUpAndSaysSo) {
  Configuration configuration = looked_up("gaussian", Encoder::segments);
  configuration.networks.encoder.hidden = 700;
  const auto first_step = [&](Encoder encoder) {
    configuration.engine.encoder = encoder;
    Engine engine(configuration, pilot_normalisation(configuration));
    TrainingState state = initial_state(engine.layout(), 1);
    for (int i = 0; i < 700; ++i) {  // a bend for each unit
      state.weights[static_cast<std::size_t>(i)] = 1;
      state.weights[static_cast<std::size_t>(engine.layout().encoder[0].bias + i)] = 0.003F * static_cast<float>(i);
    }
    engine.begin(state);
    const MetaStep steps[] = {{0, 1e-3, 0.5}};
    engine.submit(steps);
    const double loss = engine.collect()[0].loss;
    return std::tuple(loss, engine.state(), engine.processor().notice());
  };
  const auto [loss, state, notice] = first_step(Encoder::segments);
  const auto [dense_loss, dense_state, no_notice] = first_step(Encoder::dense);
  EXPECT_EQ(loss, dense_loss);
  EXPECT_EQ(state, dense_state);
  EXPECT_NE(notice.find("more than 512 linear pieces"), notice.npos) << notice;
  EXPECT_EQ(no_notice, "");
}

TEST(Engine, RefusesAnUnknownInstructionSet) {
  setenv("ALFI_ISA", "avx3", 1);
  EXPECT_THROW(host_kernels(), InputError);
  unsetenv("ALFI_ISA");
}

/// Returns ψ after the last iteration and the number of real observations, by episode.
std::pair<std::vector<float>, std::vector<float>> rollout_of(const Configuration& configuration, Episodes episodes) {
  Engine engine(configuration, pilot_normalisation(configuration));
  const TrainingState state = initial_state(engine.layout(), 1);
  const int T = configuration.episode.iterations, P = engine.layout().fc4.out;
  std::vector<float> psi(static_cast<std::size_t>(episodes.count * P)),
      counts(static_cast<std::size_t>(episodes.count));
  engine.rollout(episodes, T, state.weights, [&](const FinishedTile& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane) {
      const auto b = static_cast<std::size_t>(finished.first + lane);
      counts[b] = finished.tile.input->count[lane];
      for (int p = 0; p < P; ++p)
        psi[b * static_cast<std::size_t>(P) + static_cast<std::size_t>(p)] =
            finished.tile.psi[(T * P + p) * tile_lanes + lane];
    }
  });
  return {psi, counts};
}

TEST_P(Simulators, AnEpisodeDoesNotDependOnTheOthers) {
  const Configuration configuration = test::small_configuration(GetParam());
  auto many = rollout_of(configuration, {Phase::evaluation, 0, 60, 0, 9}).first;
  const auto few = rollout_of(configuration, {Phase::evaluation, 0, 19, 0, 9}).first;
  many.resize(few.size());
  EXPECT_EQ(few, many);
}

/// By episode: θ* and R, then ψ at the start and at the end.
struct Ways {
  std::vector<std::vector<float>> problem, start, end;
};
Ways ways_of(const Configuration& configuration, Episodes episodes) {
  Engine engine(configuration, pilot_normalisation(configuration));
  const TrainingState state = initial_state(engine.layout(), 1);
  const int T = configuration.episode.iterations, P = engine.layout().fc4.out;
  const auto count = static_cast<std::size_t>(episodes.count);
  Ways ways{std::vector<std::vector<float>>(count), std::vector<std::vector<float>>(count),
            std::vector<std::vector<float>>(count)};
  engine.rollout(episodes, T, state.weights, [&](const FinishedTile& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane) {
      const auto b = static_cast<std::size_t>(finished.first + lane);
      ways.problem[b] = {finished.tile.input->count[lane]};
      for (int d = 0; d < engine.plan().shape.D; ++d)
        ways.problem[b].push_back(finished.tile.truth[d * tile_lanes + lane]);
      for (int p = 0; p < P; ++p) {
        ways.start[b].push_back(finished.tile.psi[p * tile_lanes + lane]);
        ways.end[b].push_back(finished.tile.psi[(T * P + p) * tile_lanes + lane]);
      }
    }
  });
  return ways;
}

TEST_P(Simulators, ReplicatesMeetOneProblemWithSimulationsOfTheirOwn) {
  constexpr int problems = 40;  // problems of more than one R
  Configuration configuration = test::small_configuration(GetParam());
  configuration.episode.real_observations = {5, 30};
  const Ways alone = ways_of(configuration, {Phase::evaluation, 0, problems, 0, 9});
  for (const int replicates : {2, 16})
    for (const Start start : {Start::prior, Start::draw}) {
      configuration.proposal.start = start;
      const Ways ways = ways_of(configuration, {Phase::evaluation, 0, problems * replicates, 0, 9, replicates});
      std::set<std::vector<float>> starts, ends;
      for (std::size_t i = 0; i < ways.problem.size(); ++i) {
        EXPECT_EQ(ways.problem[i], alone.problem[i / static_cast<std::size_t>(replicates)]) << i;
        starts.insert(ways.start[i]);
        ends.insert(ways.end[i]);
      }
      EXPECT_EQ(starts.size(), start == Start::prior ? 1 : ways.start.size());
      EXPECT_EQ(ends.size(), ways.end.size());
    }
}

TEST(Engine, StartsFromAPriorDrawWhereToldTo) {
  Configuration configuration = test::small_configuration("gaussian");
  configuration.proposal.start = Start::draw;
  configuration.proposal.sigma = 0.25;
  Engine engine(configuration, pilot_normalisation(configuration));
  const TrainingState state = initial_state(engine.layout(), 1);
  std::set<float> means;
  std::mutex guard;
  engine.rollout({Phase::evaluation, 0, 64, 0, 9}, 2, state.weights, [&](const FinishedTile& finished) {
    const std::scoped_lock lock(guard);
    for (int lane = 0; lane < finished.episodes; ++lane) {
      means.insert(finished.tile.psi[lane]);
      EXPECT_LE(std::abs(finished.tile.psi[lane]), std::sqrt(3.0F));
      EXPECT_EQ(finished.tile.psi[2 * tile_lanes + lane], static_cast<float>(std::log(0.25)));
    }
  });
  EXPECT_EQ(means.size(), 64U);
}

TEST(Engine, DrawsTheNumberOfRealObservationsLogUniformly) {
  Configuration configuration = test::small_configuration();
  configuration.episode.real_observations = {5, 200};
  const auto counts = rollout_of(configuration, {Phase::evaluation, 0, 16 * 400, 0, 9}).second;
  double mean_log = 0;
  for (std::size_t b = 0; b < counts.size(); ++b) {
    EXPECT_GE(counts[b], 5);
    EXPECT_LE(counts[b], 200);
    EXPECT_EQ(counts[b], counts[b / 16 * 16]);  // a tile's episodes share it
    mean_log += std::log(counts[b]) / static_cast<double>(counts.size());
  }
  // Mean of log-uniform on [5, 201), less the rounding down (0.04 at most): 400 draws, deviation 1.07, five errors
  // 0.27.
  EXPECT_NEAR(mean_log, (std::log(5.0) + std::log(201.0)) / 2, 0.31);
}

TEST(Engine, FixedProblemsComeBack) {
  Configuration configuration = test::small_configuration();
  Engine engine(configuration, pilot_normalisation(configuration));
  const TrainingState state = initial_state(engine.layout(), 1);
  std::set<std::pair<std::uint32_t, float>> problems;
  for (std::uint64_t step = 0; step < 6; ++step)
    engine.draw_problems({Phase::training, step, 20, 40, 3}, Transform::none, [&](const FinishedTile& finished) {
      for (int lane = 0; lane < finished.episodes; ++lane)
        problems.emplace(finished.tile.input->problem[lane], finished.tile.truth[lane]);
    });
  EXPECT_EQ(problems.size(), 40U);  // 120 visits, 40 problems, each with one truth
}

/// Brings the state one step on.
StepOutput first_step(Engine& engine, TrainingState& state) {
  engine.begin(state);
  const MetaStep steps[] = {{0, 1e-3, 1}};
  engine.submit(steps);
  const std::vector<StepOutput> outputs = engine.collect();
  state = engine.state();
  return outputs.at(0);
}

TEST(Engine, ChangesNothingOnAGradientThatIsNotFinite) {
  const Configuration configuration = test::small_configuration();
  Engine engine(configuration, pilot_normalisation(configuration));
  TrainingState state = initial_state(engine.layout(), 1);
  state.weights[3] = std::numeric_limits<float>::quiet_NaN();
  const TrainingState before = state;
  EXPECT_FALSE(first_step(engine, state).applied());
  EXPECT_EQ(state.skipped, 1);
  EXPECT_EQ(state.updates, 0);
  EXPECT_EQ(state.first_moment, before.first_moment);
  EXPECT_EQ(std::vector<float>(state.weights.begin() + 4, state.weights.end()),
            std::vector<float>(before.weights.begin() + 4, before.weights.end()));
}

TEST(Engine, ClipsTheGradient) {
  Configuration configuration = test::small_configuration();
  configuration.training.clip_norm = 1e-3;
  Engine engine(configuration, pilot_normalisation(configuration));
  TrainingState state = initial_state(engine.layout(), 1);
  const StepOutput result = first_step(engine, state);
  ASSERT_GT(result.gradient_norm, 1e-3);
  double squares = 0;
  for (const float m : state.first_moment) squares += static_cast<double>(m) * m;
  // First moment of the first step: (1 − β₁) times the clipped gradient.
  EXPECT_NEAR(std::sqrt(squares), 0.1 * 1e-3, 1e-9);
}

TEST(Engine, RefusesWhatDoesNotFitIntoMemory) {
  Configuration configuration = test::small_configuration();
  configuration.episode.iterations = 1000;
  configuration.episode.thetas = 1000;
  configuration.episode.observations = 1000;
  EXPECT_THROW(Engine(configuration, {{0}, {1}}), InputError);
}

TEST(Engine, PilotFindsMeanAndDeviationOverThePrior) {
  const Normalisation normalisation = pilot_normalisation(test::small_configuration("gaussian"));
  // x = μ + σ z with μ ~ U(−10, 10), log σ ~ U(−2, 1.5): variance 400/12 + (e³ − e⁻⁴)/7. The pilot has 4096 values of
  // θ: errors of 5.77/64 for the mean, about 1 % for the deviation; five of each.
  const double deviation = std::sqrt(400.0 / 12 + (std::exp(3.0) - std::exp(-4.0)) / 7);
  EXPECT_NEAR(normalisation.mean[0], 0, 5 * 0.09);
  EXPECT_NEAR(1 / normalisation.scale[0], deviation, 0.05 * deviation);
}

}  // namespace
}  // namespace alfi
