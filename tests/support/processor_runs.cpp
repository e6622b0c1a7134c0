#include "tests/support/processor_runs.hpp"

#include <span>
#include <utility>

#include "alfi/simulators.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::test {

Engine engine_on(const Configuration& configuration, std::unique_ptr<Processor> processor) {
  // Most runs are of the configuration of the last one, and the pilot's draws cost more than a small training.
  thread_local Configuration last;
  thread_local Normalisation normalisation;
  if (normalisation.mean.empty() || configuration != last) {
    normalisation = pilot_normalisation(configuration);
    last = configuration;
  }
  return {configuration, normalisation, std::move(processor)};
}

MetaStep meta_step(int number) { return {static_cast<std::uint64_t>(number), 1e-3 * (1 + number), 0.5}; }

Trained train_steps(const Configuration& configuration, std::unique_ptr<Processor> processor, int steps) {
  Engine engine = engine_on(configuration, std::move(processor));
  engine.begin(initial_state(engine.layout(), 1));
  Trained trained;
  const Pipeline pipeline = engine.processor().pipeline();
  int submitted = 0, in_flight = 0;
  while (submitted < steps || in_flight > 0) {
    while (in_flight < pipeline.windows && submitted < steps) {
      std::vector<MetaStep> window;
      for (int i = 0; i < pipeline.steps && submitted < steps; ++i) window.push_back(meta_step(submitted++));
      engine.submit(window);
      ++in_flight;
    }
    for (const StepOutput& output : engine.collect()) {
      trained.losses.push_back(output.loss);
      trained.norms.push_back(output.gradient_norm);
      trained.clamped += output.clamped;
      trained.left_out += output.left_out;
    }
    --in_flight;
  }
  trained.state = engine.state();
  return trained;
}

Numbers rollout_of(const Configuration& configuration, std::unique_ptr<Processor> processor, int episodes,
                   int replicates) {
  Engine engine = engine_on(configuration, std::move(processor));
  const Shape shape = Plan(configuration).shape_over(3);
  const std::vector<float> weights = initial_weights(engine.layout(), 1);
  Numbers rows(static_cast<std::size_t>(episodes));
  const Episodes drawn{.phase = Phase::evaluation, .step = 0, .count = episodes, .seed = 9, .replicates = replicates};
  engine.rollout(drawn, 3, weights, [&](const FinishedTile& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane) {
      std::vector<float>& row = rows[static_cast<std::size_t>(finished.first + lane)];
      const auto add = [&](const float* from, int count) {
        for (int i = 0; i < count; ++i) row.push_back(from[i * tile_lanes + lane]);
      };
      add(finished.tile.truth, shape.D);
      add(finished.tile.psi, (shape.T + 1) * shape.P());
      add(finished.tile.clamped, shape.T * shape.M);
      add(finished.tile.count, shape.T * shape.M);
      add(finished.tile.loss, shape.T);
      add(finished.tile.episode_loss, 1);
      row.push_back(finished.tile.input->count[lane]);
      row.push_back(finished.tile.input->left_out[lane]);
    }
  });
  return rows;
}

Numbers problems_of(const Configuration& configuration, std::unique_ptr<Processor> processor, int episodes) {
  const Shape shape = Plan(configuration).shape_over(1);
  Engine engine = engine_on(configuration, std::move(processor));
  Numbers rows(static_cast<std::size_t>(episodes));
  const Episodes drawn{.phase = Phase::evaluation, .step = 0, .count = episodes, .seed = 9};
  engine.draw_problems(drawn, Transform::none, [&](const FinishedTile& finished) {
    for (int lane = 0; lane < finished.episodes; ++lane) {
      std::vector<float>& row = rows[static_cast<std::size_t>(finished.first + lane)];
      for (int d = 0; d < shape.D; ++d) row.push_back(finished.tile.truth[d * tile_lanes + lane]);
      for (int r = 0; r < static_cast<int>(finished.tile.input->count[lane]); ++r)
        for (int k = 0; k < shape.X; ++k) row.push_back(*finished.tile.real.at(k, r * tile_lanes + lane));
    }
  });
  return rows;
}

std::vector<float> sample_of(const std::string& simulator, std::int64_t count, Processor& processor, double place) {
  std::vector<double> theta;
  for (const ParameterInfo& parameter : find_simulator(simulator).parameters)
    theta.push_back(parameter.low + place * (parameter.high - parameter.low));
  const PhiloxKey key = stream_key(3, Phase::simulation, Purpose::observe, 0);
  std::vector<float> all;
  processor.simulate(make_sample(find_simulator(simulator), theta, key, count),
                     [&](std::span<const float> x) { all.insert(all.end(), x.begin(), x.end()); });
  return all;
}

std::vector<float> inference_of(const Configuration& configuration, std::unique_ptr<Processor> processor) {
  constexpr int iterations = 4, observations = 25;
  Engine engine = engine_on(configuration, std::move(processor));
  const std::vector<float> x(observations, 0.25F);
  const int count = (iterations + 1) * Plan(configuration).shape_over(iterations).P();
  std::vector<float> psi;
  // Two problems: where a processor rolls out the tiles one by one, the second must get its own.
  const GivenProblem problems[]{{x, observations, 6}, {x, observations, 7}};
  engine.infer(problems, tile_lanes, iterations, initial_weights(engine.layout(), 1),
               [&](std::size_t problem, const FinishedTile& finished) {
                 if (problem == 1) psi.assign(finished.tile.psi, finished.tile.psi + count * finished.episodes);
               });
  return psi;
}

}  // namespace alfi::test
