#include "src/training/throughput.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "src/engine/cost.hpp"
#include "src/engine/encoder_choice.hpp"
#include "src/engine/engine.hpp"
#include "src/engine/processors.hpp"

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

}  // namespace

Throughput measure_throughput(const Configuration& configuration, double seconds) {
  return measure_throughput(configuration, seconds, make_processor(configuration.engine));
}

Throughput measure_throughput(const Configuration& configuration, double seconds,
                              std::unique_ptr<Processor> processor) {
  const Normalisation normalisation = pilot_normalisation(configuration, processor->statistics());
  Engine engine(configuration, normalisation, std::move(processor));
  const Configuration::Training& training = configuration.training;
  const Pipeline pipeline = engine.processor().pipeline();
  engine.begin(initial_state(engine.layout(), configuration.engine.seed));
  std::uint64_t step = 0;
  const auto submit = [&] {
    std::vector<MetaStep> steps;
    for (int i = 0; i < pipeline.steps; ++i) steps.push_back({step++, training.learning_rate, training.beta.from});
    engine.submit(steps);
  };
  const auto episodes_per_second = [&](double duration) {
    const Clock::time_point begin = Clock::now();
    const std::uint64_t first = step;
    for (int ahead = 0; ahead < pipeline.windows; ++ahead) submit();
    double taken = 0;
    do {
      engine.collect();
      taken = seconds_since(begin);
      if (taken < duration) submit();
    } while (taken < duration);
    for (int ahead = 1; ahead < pipeline.windows; ++ahead) engine.collect();
    return static_cast<double>(step - first) * training.meta_batch / seconds_since(begin);
  };

  Peak peak(engine.processor());
  double core_peak = measured_core_peak();
  episodes_per_second(warm_up * seconds);
  const std::uint64_t first_step = step;
  std::vector<double> rates;
  for (int i = 0; i < repetitions; ++i) {
    peak.measure();
    rates.push_back(episodes_per_second(seconds / repetitions));
  }
  peak.measure();
  core_peak = std::max(core_peak, measured_core_peak());
  std::sort(rates.begin(), rates.end());

  Shape shape = shape_of(configuration, configuration.episode.iterations);
  shape.R = mean_real_observations(configuration);
  Throughput result{};
  result.backend = engine.processor().backend() == Backend::cuda ? "cuda" : "cpu";
  result.device = engine.processor().name();
  result.kernels = engine.processor().kernels(shape);
  const bool on_cpu = engine.processor().backend() == Backend::cpu;
  result.encoder =
      on_cpu ? choose_encoder(configuration, shape, configuration.training.meta_batch, false) : Encoder::dense;
  result.threads = engine.processor().threads();
  result.episodes = static_cast<std::int64_t>(step - first_step) * training.meta_batch;
  result.repetitions = repetitions;
  result.episodes_per_second = rates[repetitions / 2];
  result.slowest = rates.front();
  result.fastest = rates.back();
  result.simulations_per_second =
      result.episodes_per_second * (static_cast<double>(shape.T) * shape.M * shape.N + shape.R);
  result.gflops = meta_step_flops(shape) * result.episodes_per_second / 1e9;
  result.peak_gflops = peak.gflops();
  if (const double speed = core_speed(core_peak); on_cpu && speed > 0) {
    result.predicted_episodes_per_second = speed * training.meta_batch / meta_step_cost(configuration, result.threads);
    result.predicted_training_seconds = training_seconds(configuration, 0, result.threads, speed);
  }
  return result;
}

}  // namespace alfi
