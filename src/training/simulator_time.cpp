#include "src/training/simulator_time.hpp"

#include <chrono>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

constexpr double least_seconds = 0.1;

}  // namespace

double simulator_seconds(const Plan& plan, const Normalisation& normalisation, int R) {
  const Shape& shape = plan.shape;
  const HostSimulator& functions = *host_simulator(plan.number);
  std::mt19937_64 engine(1);
  std::normal_distribution<double> normal;
  std::vector<float> theta;
  for (int m = 0; m < shape.M; ++m)
    for (const ParameterInfo& p : plan.simulator.parameters)
      for (int lane = 0; lane < tile_lanes; ++lane)
        theta.push_back(static_cast<float>(standard_of_score(p, normal(engine))));
  std::uint32_t episode[tile_lanes];
  std::iota(episode, episode + tile_lanes, 0U);
  std::vector<float> x, clamped(theta.size());
  std::uint32_t row = 0;
  const std::vector<float> counts(tile_lanes, static_cast<float>(R));
  const auto simulate = [&](int parameters, int count, const float* counts) {
    const int rows = parameters * count * tile_lanes;
    x.resize(static_cast<std::size_t>(shape.X) * static_cast<std::size_t>(rows));
    functions.simulate(functions.context,
                       {plan.configuration.simulator.transform, normalisation.mean.data(), normalisation.scale.data()},
                       {.key = stream_key(1, Phase::simulation, Purpose::pilot, 0),
                        .episode = episode,
                        .first_row = row,
                        .parameters = parameters,
                        .count = count,
                        .D = shape.D,
                        .units = plan.parameters.data(),
                        .pieces = 1,
                        .theta = theta.data(),
                        .clamped = clamped.data(),
                        .x = {x.data(), rows},
                        .counts = counts});
    row += static_cast<std::uint32_t>(parameters);
  };
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  std::chrono::duration<double> taken{};
  std::int64_t simulated = 0;  // observations of an episode
  for (int call = 0; taken.count() < least_seconds; ++call, taken = Clock::now() - begin) {
    const bool is_real = call % (shape.T + 1) == 0;
    is_real ? simulate(1, R, counts.data()) : simulate(shape.M, shape.N, nullptr);
    simulated += is_real ? R : shape.M * shape.N;
  }
  const std::int64_t all = R + std::int64_t{shape.T} * shape.M * shape.N;
  return taken.count() * static_cast<double>(all) / (static_cast<double>(simulated) * tile_lanes);
}

}  // namespace alfi
