#include "src/throughput.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "src/encoder_choice.hpp"
#include "src/engine.hpp"
#include "src/processors.hpp"

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

double multiplications(std::span<const Linear> layers) {
  double sum = 0;
  for (const Linear& layer : layers) sum += static_cast<double>(layer.in) * layer.out;
  return sum;
}

/// R of an episode on average: the engine draws it log-uniform on [min, max + 1) and cuts it to a whole number.
int mean_real_observations(const Configuration& configuration) {
  const auto& range = configuration.episode.real_observations;
  if (range.min == range.max) return range.min;
  return static_cast<int>((range.max + 1.0 - range.min) / std::log((range.max + 1.0) / range.min));
}

}  // namespace

double meta_step_flops(const Shape& shape) {
  const Layout layout = make_layout(shape);
  const Linear rim[] = {layout.fc0,      layout.fc1, layout.update_gate, layout.reset_gate,
                        layout.out_gate, layout.fc3, layout.fc4};
  const double parameters = static_cast<double>(shape.T) * shape.M;
  const double observations = parameters * shape.N + shape.R;
  const double encoder = multiplications(layout.encoder);
  const double encoder_input = multiplications(std::span(layout.encoder).first(1));
  const double of_real = static_cast<double>(shape.CP()) * shape.aggregator_hidden;
  const double of_generated = multiplications(layout.aggregator) - of_real;
  const double without_gradient =
      static_cast<double>(shape.generated_inputs() - shape.CP() - (shape.has_scores() ? shape.D : 0)) *
      shape.aggregator_hidden;
  return 2 * (observations * (4 * encoder - encoder_input) + parameters * (4 * of_generated - without_gradient) +
              3 * of_real + shape.T * 3 * multiplications(rim));
}

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
  episodes_per_second(warm_up * seconds);
  const std::uint64_t first_step = step;
  std::vector<double> rates;
  for (int i = 0; i < repetitions; ++i) {
    peak.measure();
    rates.push_back(episodes_per_second(seconds / repetitions));
  }
  peak.measure();
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
  return result;
}

}  // namespace alfi
