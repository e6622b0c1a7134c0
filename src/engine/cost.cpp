#include "src/engine/cost.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <span>
#include <string_view>

#include "kernels/episode/lookup.hpp"
#include "kernels/launch/optimizer.hpp"
#include "kernels/sim/list.hpp"
#include "src/engine/encoder_choice.hpp"
#include "src/model/episodes.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/instruction_set.hpp"

namespace alfi {
namespace {

// Peak operations, by least squares over 118 configurations on one core of an EPYC 9004 with AVX-512.
constexpr double layer_operation = 1.04;       // of a layer over many rows, which reaches 96 % of the peak
constexpr double chained_operation = 1.32;     // of the RIM's, whose 16 rows are one vector: 76 %
constexpr double hidden_unit = 9.4;            // to load, bound and store a hidden number of a row, forward or backward
constexpr double code_unit = 46;               // tanh, pooling and their gradients, of a number of a code
constexpr double lanes_of_a_weight = 117;      // adding a weight gradient's 16 lanes up after a block of parameters
constexpr double rim_lanes_of_a_weight = 126;  // the same once a tile
constexpr double draw_in_place = 1.1;          // a draw beside its price alone, below: θ's law, units, storing
constexpr double parameter = 1350;             // a dimension of a drawn θ: noise, scores and their gradient
constexpr double table_lookup = 815;           // to locate, pool and add up an observation, forward and backward
constexpr double segment_lookup = 600;         // the same without
constexpr double segment_sixteen = 1100;       // its two tanh and sums, for 16 numbers of its code
constexpr double moments_sixteen = 92;         // what moments add to either
constexpr double pooled_number = 330;          // of a looked-up set, from episodes side by side to one after the other
constexpr double summed_number = 60;           // to clear, and to add up, a number of a partial sum
constexpr double segment_search = 735;         // hinge by hidden unit
constexpr double step = 1e6;                   // what else a meta-step does but once
constexpr double meeting = 3e6;                // to wake other threads and wait for them: 25 µs, of a virtual machine

// AVX2 takes twice the instructions for the same peak: 1.12 to 1.45 times as long, where codes are computed least.
constexpr double avx2_cost = 1.27;

constexpr double forward_share = 0.35;  // of an episode that is only validated
constexpr double checkpoint_seconds = 0.01;

double multiplications(std::span<const Linear> layers) {
  double sum = 0;
  for (const Linear& layer : layers) sum += static_cast<double>(layer.in) * layer.out;
  return sum;
}

double observations_of(const Shape& shape) { return static_cast<double>(shape.T) * shape.M * shape.N + shape.R; }
double parameters_of(const Shape& shape) { return static_cast<double>(shape.T) * shape.M; }

struct NetworkFlops {
  double encoder_forward, encoder_backward;  ///< of an observation
  double aggregator;                         ///< of a drawn parameter
  double real_code;                          ///< of an episode
  double rim;                                ///< of an iteration
};

NetworkFlops network_flops(const Shape& shape, const Layout& layout) {
  const Linear rim[] = {layout.fc0,      layout.fc1, layout.update_gate, layout.reset_gate,
                        layout.out_gate, layout.fc3, layout.fc4};
  const double encoder = multiplications(layout.encoder);
  const double encoder_input = multiplications(std::span(layout.encoder).first(1));
  const double of_real = static_cast<double>(shape.CP()) * shape.aggregator_hidden;
  const double of_generated = multiplications(layout.aggregator) - of_real;
  const double without_gradient =
      static_cast<double>(shape.generated_inputs() - shape.CP() - (shape.has_scores() ? shape.square_scores() : 0)) *
      shape.aggregator_hidden;
  return {2 * encoder, 2 * (3 * encoder - encoder_input), 2 * (4 * of_generated - without_gradient), 2 * 3 * of_real,
          2 * 3 * multiplications(rim)};
}

/// All of a meta-step but the encoder and its gradient.
Cost rest_cost(const Shape& shape, double draw, int tiles) {
  const Layout layout = make_layout(shape);
  const NetworkFlops flops = network_flops(shape, layout);
  const double parameters = parameters_of(shape), rim_weights = flops.rim / 6;
  const double aggregator_weights = multiplications(layout.aggregator);
  const double blocks = shape.T * std::ceil(static_cast<double>(shape.M) / parameter_block);
  const GradientSums sums = gradient_sums(layout, tiles);
  return {tile_lanes * (draw_in_place * draw * observations_of(shape) + parameter * shape.D * parameters +
                        layer_operation * flops.aggregator * parameters +
                        chained_operation * (flops.rim * shape.T + flops.real_code)) +
              lanes_of_a_weight * aggregator_weights * blocks + rim_lanes_of_a_weight * rim_weights,
          0, step + summed_number * sums.count * (layout.size - layout.encoder_size()), 1};
}

/// Returns the cost of a user's simulator, until all threads are done.
double simulation_cost(double of_episode, int tiles, int threads) {
  return Cost{tile_lanes * of_episode, 0, 0, 0}.until_done(tiles, threads);
}

}  // namespace

double meta_step_flops(const Shape& shape) {
  const NetworkFlops flops = network_flops(shape, make_layout(shape));
  return observations_of(shape) * (flops.encoder_forward + flops.encoder_backward) +
         parameters_of(shape) * flops.aggregator + flops.real_code + shape.T * flops.rim;
}

double Cost::until_done(int tiles, int threads) const {
  return std::ceil(static_cast<double>(tiles) / threads) * tile + shared / threads + alone +
         (threads > 1 ? meeting * meetings : 0);
}

Cost encoder_cost(const Shape& shape, Encoder encoder, int table, int tiles) {
  const Layout layout = make_layout(shape);
  const NetworkFlops flops = network_flops(shape, layout);
  const double units = hidden_unit * 2 * shape.encoder_hidden + code_unit * shape.C;
  const double forward = layer_operation * flops.encoder_forward + units;
  const double backward = layer_operation * flops.encoder_backward + units;
  const double observations = tile_lanes * observations_of(shape), size = layout.encoder_size();
  const GradientSums partials = gradient_sums(layout, tiles);
  if (encoder == Encoder::dense)
    return {observations * (forward + backward), 0, summed_number * partials.count * partials.pieces * size, 0};

  // Segments: as many as both hidden layers have units, in practice. Rows that nothing falls on have no gradient.
  const double segments = 2.0 * shape.encoder_hidden, rows = table + 2 * segments, places = table + segments;
  const double hit = rows * (1 - std::exp(-tiles * observations / (4 * places)));
  const int code = whole_groups(shape.C), sixteens = code / tile_lanes;
  const bool moments = shape.pooling == Pooling::moments;
  const double sums = (2 * places - (moments ? 0 : table)) * code;
  const double lookup = (table > 0 ? table_lookup : segment_lookup + segment_sixteen * sixteens) +
                        (moments ? moments_sixteen * sixteens : 0);
  return {observations * lookup + tile_lanes * parameters_of(shape) * pooled_number * shape.CP(),
          rows * forward + hit * backward + summed_number * partials.count * sums,
          segment_search * shape.encoder_hidden * shape.encoder_hidden + summed_number * size * hit / lookup_block, 3};
}

int mean_real_observations(const Plan& plan) {
  // The engine draws it log-uniform on [min, max + 1) and cuts it to a whole number.
  const auto& range = plan.configuration.episode.real_observations;
  if (range.min == range.max) return range.min;
  return static_cast<int>((range.max + 1.0 - range.min) / std::log((range.max + 1.0) / range.min));
}

double meta_step_cost(const Plan& plan, int episodes, int threads, double simulation) {
  const int tiles = blocks_of(tile_lanes, episodes);
  const Encoder encoder = choose_encoder(plan, plan.shape, episodes, RealSource::simulated);
  Shape shape = plan.shape;
  shape.R = mean_real_observations(plan);
  const double draw = number_price(plan.number) * shape.X;
  return encoder_cost(shape, encoder, encoder == Encoder::table ? table_size(plan.number) : 0, tiles)
             .until_done(tiles, threads) +
         rest_cost(shape, draw, tiles).until_done(tiles, threads) + simulation_cost(simulation, tiles, threads);
}

double training_seconds(const Plan& plan, std::int64_t first, int threads, double core_speed,
                        double simulator_seconds) {
  const Configuration::Training& training = plan.configuration.training;
  const auto of_steps = [&](int every) {  // and one at the end
    const std::int64_t done = first / every;
    return std::ceil(static_cast<double>(training.steps) / every) - static_cast<double>(done);
  };
  const double simulation = simulator_seconds * core_speed;
  const double validation = forward_share * meta_step_cost(plan, validation_episodes, threads) +
                            simulation_cost(simulation, blocks_of(tile_lanes, validation_episodes), threads);
  const double cost =
      static_cast<double>(training.steps - first) * meta_step_cost(plan, training.meta_batch, threads, simulation) +
      (of_steps(training.validate_every) + (first == 0 ? 1 : 0)) * validation;
  return cost / core_speed + of_steps(training.checkpoint_every) * checkpoint_seconds;
}

double measured_core_peak() {
  using Clock = std::chrono::steady_clock;
  constexpr double round_seconds = 0.002;
  constexpr int rounds = 7;
  const HostKernels& kernels = host_kernels();
  double best = 0;
  const auto round = [&](std::int64_t length) {
    const Clock::time_point begin = Clock::now();
    const double operations = kernels.spin(length);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    best = std::max(best, operations / seconds);
    return seconds;
  };
  std::int64_t length = 1024;
  while (round(length) < round_seconds) length *= 2;
  for (int i = 0; i < rounds; ++i) round(length);
  return best;
}

double core_speed(double core_peak) {
  const std::string_view set = host_kernels().name;
  return set == "avx512" ? core_peak : set == "avx2" ? core_peak / avx2_cost : 0;
}

}  // namespace alfi
