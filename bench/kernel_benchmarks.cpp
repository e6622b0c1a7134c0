// Benchmarks of single kernels on one core, compiled once per instruction set.
//
// Every benchmark carries its goal as a counter: dense kernels a fraction of the fp32 peak measured in the same run;
// samplers observations a second; random numbers the price of one, in operations the core could have done in that time
// at its peak ("peak_ops", less is better).

#include "bench/kernel_benchmarks.hpp"

#include <benchmark/benchmark.h>

#include <vector>

#include "kernels/episode/episode.hpp"
#include "kernels/launch/host_kernels.hpp"
#include "kernels/sim/simulator_at.hpp"
#include "kernels/team/host_team.hpp"
#include "src/system/lane_memory.hpp"

namespace alfi {
namespace ALFI_ISA {
namespace {

using Team = HostTeam<FloatLanes>;

/// The published Poisson networks on blocks of 16 observations.
struct EncoderFixture {
  Shape shape{.T = 5,
              .M = 20,
              .N = 20,
              .R = 500,
              .D = 1,
              .X = 1,
              .encoder_hidden = 50,
              .C = 20,
              .aggregator_hidden = 20,
              .A = 30,
              .H = 30,
              .S = 40,
              .family = Family::gaussian,
              .pooling = Pooling::mean,
              .use_grad = true,
              .count_input = false};
  Layout layout = make_layout(shape);
  int observations = 400;
  std::vector<float> weights = std::vector<float>(static_cast<std::size_t>(layout.size), 0.02F);
  std::vector<float> gradient = weights;
  std::vector<float> x = std::vector<float>(static_cast<std::size_t>(observations * tile_lanes), 0.5F);
  std::vector<float> count = std::vector<float>(tile_lanes, 20.0F);
  std::vector<float> pooled = std::vector<float>(static_cast<std::size_t>(20 * 20 * tile_lanes), 0.0F);
  std::vector<float> slope = std::vector<float>(static_cast<std::size_t>(20 * 40 * tile_lanes), 0.01F);
  LaneMemory<float> memory;
  BlockMemory<float> block;
  ObservationSets<float> sets;

  EncoderFixture() {
    Carver<float> counting(nullptr);
    carve_block(shape, counting);
    memory.resize(static_cast<std::size_t>(counting.used()));
    Carver<float> carver(memory.data());
    block = carve_block(shape, carver);
    sets = {.x = {x.data(), observations * tile_lanes},
            .observations = observations,
            .set_size = 20,
            .count = count.data()};
  }

  DenseEncoder<float> encoder() const { return unstaged_encoder(layout, weights.data(), block.encoder); }
  double multiply_adds() const { return 50 + 2500 + 1000; }
};

void report_dense(benchmark::State& state, double flops, double goal) {
  const double peak = one_core_peak();
  state.counters["fraction_of_peak"] = benchmark::Counter(flops / peak, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["goal_fraction"] = goal;
}

void report_numbers(benchmark::State& state, double numbers, double goal) {
  state.counters["peak_ops"] = benchmark::Counter(
      numbers / one_core_peak(), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["goal_peak_ops"] = goal;
}

void report_draws(benchmark::State& state, double draws, double goal) {
  state.counters["numbers_per_second"] = benchmark::Counter(draws, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["goal_numbers"] = goal;
}

void encoder_forward(benchmark::State& state) {
  EncoderFixture f;
  for (auto _ : state) {
    encode_sets(Team{}, f.shape, f.encoder(), f.sets, f.pooled.data());
    benchmark::ClobberMemory();
  }
  report_dense(state, 2 * f.multiply_adds() * f.observations * tile_lanes, 0.75);
}

void encoder_backward(benchmark::State& state) {
  EncoderFixture f;
  for (auto _ : state) {
    encoder_gradient(Team{}, f.shape, f.layout, f.encoder(), f.sets, 0, blocks_of(block_length, f.observations),
                     f.slope.data(), f.gradient.data());
    benchmark::ClobberMemory();
  }
  // Recompute and dW of all layers, dX of all but the first.
  report_dense(state, 2 * (3 * f.multiply_adds() - 50) * f.observations * tile_lanes, 0.65);
}

void philox_numbers(benchmark::State& state) {
  const Stream<FloatLanes> stream{{1, 2}, UintLanes{}, 3};
  std::uint32_t n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(stream.block(n++));
  report_numbers(state, 4 * vector_width, 70);
}

/// Draws a second and core that a simulator should reach.
template <class Sim>
constexpr double goal_of = Sim::X == 1 ? 600e6 : 100e6;
template <>
constexpr double goal_of<Poisson> = 150e6;

template <class Sim>
void sampler(benchmark::State& state) {
  // θ spread over the prior, a lane each, so that no branch is taken by all lanes alike; of any size three inputs.
  constexpr int D = Sim::D == any_size ? 4 : Sim::D;
  Array<FloatLanes, D> theta;
  for (int d = 0; d < D; ++d) {
    const int end = Sim::facts.parameter_count - 1, kind = Sim::D != any_size ? d : d == D - 1 ? end : 0;
    const PriorLaw law = Sim::facts.law(kind);
    for (int l = 0; l < vector_width; ++l)
      theta[d][l] = static_cast<float>(law.low + (law.high - law.low) * (l + 0.5) / vector_width);
  }
  const auto natural = [&](int d) { return theta[d]; };
  const SimulatorAt<Sim, FloatLanes, decltype(natural)> simulator(natural, D);
  const Stream<FloatLanes> stream{{1, 2}, UintLanes{}, 3};
  std::uint32_t n = 0;
  constexpr int count = 20;  // as many as the published configurations draw at a parameter
  for (auto _ : state) {
    simulator.observe(stream, n, count, [](int, int, FloatLanes x) { benchmark::DoNotOptimize(x); });
    n += count;
  }
  report_draws(state, static_cast<double>(count) * vector_width, goal_of<Sim>);
}

}  // namespace

void register_all() {
  benchmark::RegisterBenchmark("encoder_forward", encoder_forward);
  benchmark::RegisterBenchmark("encoder_gradient", encoder_backward);
  if (vector_width < tile_lanes) return;  // the other goals are of 16 lanes
  benchmark::RegisterBenchmark("philox", philox_numbers);
  for (int i = 0; i < Simulators::size; ++i)
    Simulators::with(i, []<class Sim>() { benchmark::RegisterBenchmark(Sim::facts.name, sampler<Sim>); });
}

}  // namespace ALFI_ISA

#if defined(__AVX512F__)
void register_avx512_benchmarks() { ALFI_ISA::register_all(); }
#elif defined(__AVX2__)
void register_avx2_benchmarks() { ALFI_ISA::register_all(); }
#else
void register_baseline_benchmarks() { ALFI_ISA::register_all(); }
#endif

}  // namespace alfi
