// Registers the benchmarks of the instruction set this machine runs best, of rollout, whole meta-steps and simulation
// to a file. Under ALFI_ISA=avx2 those alone that have a goal there, which are the dense ones.
//
// Goals in episodes, numbers or bytes a second were set on cores whose peak is 250 GFLOP/s; scripts/bench.sh sets them
// beside what was measured as they are, and at the peak that was measured.

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "alfi/simulators.hpp"
#include "bench/kernel_benchmarks.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/engine/cost.hpp"
#include "src/engine/engine.hpp"
#include "src/formats/npy.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/instruction_set.hpp"

namespace alfi {

double one_core_peak() {
  static const double peak = measured_core_peak();
  return peak;
}

namespace {

Configuration published_poisson() {
  Configuration configuration;
  configuration.simulator.name = "poisson";
  configuration.simulator.transform = Transform::sqrt;
  configuration.episode.iterations = 5;
  configuration.engine.encoder = Encoder::dense;
  configuration.engine.threads = 1;
  return configuration;
}

void rollout_forward(benchmark::State& state) {
  const Configuration configuration = published_poisson();
  Engine engine(configuration, pilot_normalisation(configuration));
  const std::vector<float> weights = initial_weights(engine.layout(), 1);
  const Shape shape = Plan(configuration).shape_over(5);
  constexpr int episodes = 16;
  const Episodes drawn{.phase = Phase::evaluation, .step = 0, .count = episodes, .seed = 1};
  for (auto _ : state) engine.rollout(drawn, 5, weights, [](const FinishedTile&) {});
  // The encoder's forward pass alone is counted.
  const double flops = 2.0 * 3550 * (shape.T * shape.M * shape.N + shape.R) * episodes;
  state.counters["fraction_of_peak"] =
      benchmark::Counter(flops / one_core_peak(), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["goal_fraction"] = 0.5;
}

/// Whole meta-steps: simulators, network, gradients, update.
struct MetaSteps {
  const char* name;
  const char* configuration;
  int threads, meta_batch;
  double goal_episodes;  ///< a second; 0: the goal is a part of the peak of all threads
};

constexpr double goal_fraction = 0.75, goal_fraction_avx2 = 0.70;

// The published sizes, but for T = 5 of gaussian, which has none.
constexpr const char* poisson = "{simulator: {name: poisson, transform: sqrt}, episode: {iterations: 5}";
constexpr const char* gaussian = "{simulator: {name: gaussian}, episode: {iterations: 5}";
constexpr const char* weinberg =
    "{simulator: {name: weinberg}, episode: {iterations: 15, thetas: 8, observations: 64}, networks: {encoder: {code: "
    "60}, "
    "aggregator: {hidden: 50, code: 60}, rim: {hidden: 50, bound: 0.2}}";
constexpr const char* vectors = "{simulator: {name: multi_distribution}, episode: {iterations: 15}";

constexpr MetaSteps meta_steps[] = {
    {"dense/weinberg/1", weinberg, 1, 64, 0},
    {"dense/weinberg/2", weinberg, 2, 64, 0},
    {"dense/gaussian/1", gaussian, 1, 64, 0},
    {"dense/gaussian/2", gaussian, 2, 64, 0},
    {"dense/vectors/1", vectors, 1, 64, 0},
    {"dense/vectors/2", vectors, 2, 64, 0},
    {"table/poisson/32", poisson, 2, 32, 40000},
    {"table/poisson/256", poisson, 2, 256, 60000},
    {"segments/gaussian/256", gaussian, 2, 256, 25000},
    {"segments/weinberg/256", weinberg, 2, 256, 4500},
};

void meta_step(benchmark::State& state, const MetaSteps& what) {
  const std::string name = what.name;
  const std::string encoder = name.substr(0, name.find('/'));
  const Configuration configuration = parse_configuration(
      what.configuration +
      fmt::format(", training: {{meta_batch: {}}}, engine: {{backend: cpu, encoder: {}, threads: {}}}}}",
                  what.meta_batch, encoder, what.threads));
  Engine engine(configuration, pilot_normalisation(configuration));
  engine.begin(initial_state(engine.layout(), 1));
  std::uint64_t step = 0;
  for (auto _ : state) {
    const MetaStep steps[] = {{step++, 1e-3, 0}};
    engine.submit(steps);
    engine.collect();
  }
  const auto rate = [](double value) {
    return benchmark::Counter(value, benchmark::Counter::kIsIterationInvariantRate);
  };
  state.counters["episodes_per_second"] = rate(what.meta_batch);
  if (what.goal_episodes > 0) {
    state.counters["goal_episodes"] = what.goal_episodes;
    return;
  }
  const double flops = meta_step_flops(Plan(configuration).shape) * what.meta_batch;
  state.counters["fraction_of_peak"] = rate(flops / (what.threads * one_core_peak()));
  state.counters["goal_fraction"] = std::string(host_kernels().name) == "avx2" ? goal_fraction_avx2 : goal_fraction;
}

/// Draws observations in the layout that alfi simulate writes, on all cores.
void simulate_to_npy(benchmark::State& state) {
  constexpr std::int64_t count = std::int64_t{1} << 23;
  const SimulatorInfo simulator = find_simulator("poisson");
  const Sample sample =
      make_sample(simulator, std::vector<double>{4}, stream_key(1, Phase::simulation, Purpose::observe, 0), count);
  HostProcessor processor(0);
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("alfi_bench.{}.npy", getpid());
  for (auto _ : state) {
    std::ofstream file(path, std::ios::binary);
    write_npy_header(file, {count, 1});
    processor.simulate(sample, [&](std::span<const float> values) { write_npy_values(file, values); });
    file.close();
    if (!file) state.SkipWithError("the file cannot be written");
  }
  std::filesystem::remove(path);
  state.counters["bytes_per_second"] =
      benchmark::Counter(sizeof(float) * static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["goal_bytes"] = 200e6;
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
  for (const alfi::MetaSteps& what : alfi::meta_steps)
    if (name == "avx512" || what.goal_episodes == 0)
      benchmark::RegisterBenchmark(what.name, alfi::meta_step, what)->UseRealTime()->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("simulate/npy", alfi::simulate_to_npy)->UseRealTime()->Unit(benchmark::kMillisecond);
  benchmark::AddCustomContext("instruction_set", name);
  benchmark::AddCustomContext("one_core_gflops", fmt::format("{}", alfi::one_core_peak() / 1e9));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
