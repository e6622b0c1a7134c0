// Registers the benchmarks of the instruction set this machine runs best, and of rollout and whole meta-steps on one
// core.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>

#include "bench/kernel_benchmarks.hpp"
#include "src/engine.hpp"
#include "src/instruction_set.hpp"
#include "src/throughput.hpp"

namespace alfi {

double one_core_peak() {
  static const double peak = [] {
    double best = 0;
    for (int round = 0; round < 10; ++round) {
      const auto begin = std::chrono::steady_clock::now();
      const double operations = host_kernels().spin(1 << 18);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      best = std::max(best, operations / seconds);
    }
    return best;
  }();
  return peak;
}

namespace {

Configuration published_poisson() {
  Configuration configuration;
  configuration.simulator.name = "poisson";
  configuration.simulator.transform = Transform::sqrt;
  configuration.episode.iterations = 5;
  configuration.engine.threads = 1;
  return configuration;
}

void rollout_forward(benchmark::State& state) {
  const Configuration configuration = published_poisson();
  Engine engine(configuration, pilot_normalisation(configuration));
  const std::vector<float> weights = initial_weights(engine.layout(), 1);
  const Shape shape = shape_of(configuration, 5);
  constexpr int episodes = 16;
  for (auto _ : state) engine.rollout({Phase::evaluation, 0, episodes, 0, 1}, 5, weights, [](const FinishedTile&) {});
  // The encoder's forward pass alone is counted.
  const double flops = 2.0 * 3550 * (shape.T * shape.M * shape.N + shape.R) * episodes;
  state.counters["fraction_of_peak"] =
      benchmark::Counter(flops / one_core_peak(), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["goal_fraction"] = 0.5;
}

void meta_step(benchmark::State& state) {
  const Configuration configuration = published_poisson();
  Engine engine(configuration, pilot_normalisation(configuration));
  engine.begin(initial_state(engine.layout(), 1));
  const int episodes = configuration.training.meta_batch;
  std::uint64_t step = 0;
  for (auto _ : state) {
    const MetaStep steps[] = {{step++, 1e-3, 0}};
    engine.submit(steps);
    engine.collect();
  }
  const double flops = meta_step_flops(shape_of(configuration, 5)) * episodes;
  state.counters["fraction_of_peak"] =
      benchmark::Counter(flops / one_core_peak(), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["episodes_per_second"] = benchmark::Counter(episodes, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["goal_fraction"] = 0.40;
}

}  // namespace
}  // namespace alfi

int main(int argc, char** argv) {
  const std::string name = alfi::host_kernels().name;
#ifdef ALFI_X86
  if (name == "avx512") alfi::register_avx512_benchmarks();
  if (name == "avx2") alfi::register_avx2_benchmarks();
#endif
  if (name == "baseline") alfi::register_baseline_benchmarks();
  benchmark::RegisterBenchmark("rollout", alfi::rollout_forward)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("meta_step", alfi::meta_step)->Unit(benchmark::kMillisecond);
  benchmark::AddCustomContext("instruction_set", name);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
