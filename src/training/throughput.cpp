#include "src/training/throughput.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "src/configuration/names.hpp"
#include "src/engine/cost.hpp"
#include "src/engine/encoder_choice.hpp"
#include "src/engine/engine.hpp"
#include "src/engine/processors.hpp"
#include "src/simulators/simulators.hpp"
#include "src/training/simulator_time.hpp"

namespace alfi {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

constexpr int repetitions = 7;
constexpr double warm_up = 0.1;  // of the time to measure
constexpr double peak_round_seconds = 0.015;
constexpr std::int64_t most_peak_rounds = std::int64_t{1} << 32;  // seconds, on any processor
constexpr int peak_rounds_between = 2;

/// fma on registers, all threads at once, in rounds of about 15 ms; keeps the best round.
class Peak {
 public:
  explicit Peak(Processor& processor) : processor_(processor) {
    // The first rounds wake the cores up, or load the kernel, and find out how much work 15 ms are. One that something
    // else held up says nothing of that.
    processor_.spin(rounds_);
    while (rounds_ < most_peak_rounds && std::min(round(), round()) < peak_round_seconds / 2) rounds_ *= 2;
  }

  void measure() {
    for (int i = 0; i < peak_rounds_between; ++i) round();
  }

  double gflops() const { return best_ / 1e9; }

 private:
  double round() {
    const Clock::time_point begin = Clock::now();
    const double flops = processor_.spin(rounds_);
    const double seconds = seconds_since(begin);
    best_ = std::max(best_, flops / seconds);
    return seconds;
  }

  Processor& processor_;
  std::int64_t rounds_ = 1;
  double best_ = 0;
};

/// Meta-steps on end, in windows as a training submits them.
class Steps {
 public:
  explicit Steps(Engine& engine) : engine_(engine), training_(engine.plan().configuration.training) {
    engine.begin(initial_state(engine.layout(), engine.plan().configuration.engine.seed));
    pipeline_ = engine.pipeline();  // known only of a training that has begun
  }

  /// Runs steps for about this long and returns the episodes per second.
  double run(double seconds) {
    const Clock::time_point begin = Clock::now();
    const std::int64_t before = episodes();
    for (int ahead = 0; ahead < pipeline_.windows; ++ahead) submit();
    double taken = 0;
    do {
      engine_.collect();
      taken = seconds_since(begin);
      if (taken < seconds) submit();
    } while (taken < seconds);
    for (int ahead = 1; ahead < pipeline_.windows; ++ahead) engine_.collect();
    return static_cast<double>(episodes() - before) / seconds_since(begin);
  }

  /// Returns the number of episodes so far.
  std::int64_t episodes() const { return static_cast<std::int64_t>(step_) * training_.meta_batch; }

 private:
  void submit() {
    std::vector<MetaStep> steps;
    for (int i = 0; i < pipeline_.steps; ++i) steps.push_back({step_++, training_.learning_rate, training_.beta.from});
    engine_.submit(steps);
  }

  Engine& engine_;
  const Configuration::Training& training_;
  Pipeline pipeline_{};
  std::uint64_t step_ = 0;
};

/// Result of the measurement.
struct Measurement {
  std::vector<double> rates;  ///< episodes per second of each repetition, in ascending order
  std::int64_t episodes;      ///< of all repetitions
  double peak_gflops;
  double core_peak;  ///< of one core, operations a second
};

Measurement measure(Engine& engine, double seconds) {
  Steps steps(engine);
  Peak peak(engine.processor());
  double core_peak = measured_core_peak();
  steps.run(warm_up * seconds);
  const std::int64_t before = steps.episodes();
  std::vector<double> rates;
  for (int i = 0; i < repetitions; ++i) {
    peak.measure();
    rates.push_back(steps.run(seconds / repetitions));
  }
  peak.measure();
  core_peak = std::max(core_peak, measured_core_peak());
  std::sort(rates.begin(), rates.end());
  return {.rates = std::move(rates),
          .episodes = steps.episodes() - before,
          .peak_gflops = peak.gflops(),
          .core_peak = core_peak};
}

}  // namespace

Throughput measure_throughput(const Configuration& configuration, double seconds) {
  return measure_throughput(configuration, seconds, make_processor(Plan(configuration)));
}

Throughput measure_throughput(const Configuration& configuration, double seconds,
                              std::unique_ptr<Processor> processor) {
  const Plan plan = configuration;
  const Normalisation normalisation = pilot_normalisation(plan, processor->statistics());
  Engine engine(plan, normalisation, std::move(processor));
  const Measurement measured = measure(engine, seconds);

  Shape shape = plan.shape;
  shape.R = mean_real_observations(plan);
  const bool on_cpu = engine.processor().backend() == Backend::cpu;
  const int meta_batch = configuration.training.meta_batch, threads = engine.processor().threads();
  const double rate = measured.rates[repetitions / 2];
  Throughput result{
      .backend = std::string(name_of(engine.processor().backend())),
      .device = engine.processor().name(),
      .kernels = engine.processor().kernels(shape),
      .encoder = on_cpu ? choose_encoder(plan, shape, meta_batch, RealSource::simulated) : Encoder::dense,
      .threads = threads,
      .episodes = measured.episodes,
      .repetitions = repetitions,
      .episodes_per_second = rate,
      .slowest = measured.rates.front(),
      .fastest = measured.rates.back(),
      .simulations_per_second = rate * (static_cast<double>(shape.T) * shape.M * shape.N + shape.R),
      .gflops = meta_step_flops(shape) * rate / 1e9,
      .peak_gflops = measured.peak_gflops,
  };
  if (on_cpu || !is_built_in(plan.number)) result.simulator_seconds = simulator_seconds(plan, normalisation, shape.R);
  if (const double speed = core_speed(measured.core_peak); on_cpu && speed > 0) {
    const double simulation = is_built_in(plan.number) ? 0 : result.simulator_seconds;
    result.predicted_episodes_per_second =
        speed * meta_batch / meta_step_cost(plan, meta_batch, threads, simulation * speed);
    result.predicted_training_seconds = training_seconds(plan, 0, threads, speed, simulation);
  }
  return result;
}

}  // namespace alfi
