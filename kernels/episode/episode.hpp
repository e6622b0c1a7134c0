// One tile of 16 episodes, all T iterations, forward and backward.
//
//   rollout           begin; then T times propose, encode, advance; losses
//   rollout_gradient  back through time: the gradients of RIM and aggregator, and ∂L/∂code of every set
//   bulk_gradient     the encoder's weight gradient, which needs nothing but x, those slopes and the weights
//
// A rollout is put together from bodies of its own, so that where there are few tiles several teams can share one:
// the parameters an iteration proposes, and the observations it encodes, may be divided between them in any way.
//
// A simulator's samples are constants for the gradient. Everything is in standardised units but inside the simulator.
#pragma once

#include "kernels/episode/called_simulator.hpp"
#include "kernels/episode/left_out.hpp"
#include "kernels/episode/loss.hpp"
#include "kernels/episode/tile.hpp"

namespace alfi {

/// Settings that all episodes of a run share.
template <class R>
struct EpisodeSettings {
  int simulator;                        ///< its number in kernels/sim/list.hpp, for a device
  const HostSimulator* host_simulator;  ///< or null where all draws are recorded
  const ParameterUnits* parameters;     ///< (D); not read where all draws are recorded
  bool may_fail;                        ///< an observation of the simulator may be no number
  ProblemRule problems;
  Shape shape;
  Layout layout;
  const R* weights;           ///< (layout.size)
  const R* iteration_weight;  ///< (T), of the losses; not read with weights oi
  ObservationUnits<R> units;
  Weights weights_kind;
  Start start;
  double start_log_sigma;
  LossRule loss;
  UpdateRule update;
  Encoder encoder = Encoder::dense;  ///< or table, segments, where what runs the episodes can look codes up
};

/// Choices of what the rollout draws itself; the rest is recorded in the tile.
struct Draws {
  bool problem;    ///< episodes of the lanes, θ* and the real observations
  bool start;      ///< ψ₀
  bool proposals;  ///< θ and their simulations
};

inline namespace ALFI_ISA {

/// Says that draws can be made in this precision; in double every draw is recorded.
template <class R>
inline constexpr bool simulates = sizeof(R) == sizeof(float);

/// Leaves out real observations that are no numbers. One thread does all of it for a lane.
template <class Team>
ALFI_HD void leave_out_real(const Team& team, const EpisodeSettings<typename Team::Real>& settings,
                            const Tile<typename Team::Real>& tile) {
  using R = typename Team::Real;
  TileInput<R>& input = *tile.input;
  const ProblemRule& rule = settings.problems;
  team.each_lane([&](int lane) { input.left_out[lane] = input.count[lane]; });
  leave_out(team, tile.real, settings.shape.X, 1, input.real_rows, input.count);
  team.each_lane([&](int lane) {
    input.left_out[lane] = input.left_out[lane] - input.count[lane];
    const int count = static_cast<int>(input.count[lane]);
    input.count_input[lane] = rule.count_input[count < rule.least ? 0 : count - rule.least];
  });
}

/// Simulates the real observations of θ*, once the problem is described.
template <class Team, class Source>
ALFI_HD void simulate_real(const Team& team, const EpisodeSettings<typename Team::Real>& settings, const Source& source,
                           PhiloxKey key, const Tile<typename Team::Real>& tile) {
  source.simulate(team, settings.units,
                  {.key = key,
                   .episode = tile.input->problem,
                   .first_row = 0,
                   .parameters = 1,
                   .count = tile.input->real_rows,
                   .D = settings.shape.D,
                   .units = settings.parameters,
                   .pieces = blocks_of(block_length, tile.input->real_rows),
                   .theta = tile.truth,
                   .clamped = nullptr,
                   .x = tile.real,
                   .counts = tile.input->count});
  if constexpr (Source::fails) {
    if (!settings.may_fail) return;
    team.sync();
    leave_out_real(team, settings, tile);
  }
}

/// Draws each lane's problem: its episode, θ* and the real observations.
template <class Team, class Source>
ALFI_HD void draw_problem(const Team& team, const EpisodeSettings<typename Team::Real>& settings, const Source& source,
                          const StepInput& step, const Tile<typename Team::Real>& tile) {
  using F = typename Team::F;
  describe_tile(team, settings.problems, step, tile.number, *tile.input);
  team.each(settings.shape.D, [&](int d, int lane) {
    const Stream<F> stream{step.keys.truth, load_words<F>(tile.input->problem + lane), 0};
    store<F>(tile.truth + d * tile_lanes + lane,
             prior_draw<F>(settings.parameters[d], stream.block(static_cast<std::uint32_t>(d))));
  });
  team.sync();
  simulate_real(team, settings, source, step.keys.real_set, tile);
}

/// Sets ψ₀.
template <class Team>
ALFI_HD void start_proposal(const Team& team, const EpisodeSettings<typename Team::Real>& settings,
                            const StepInput& step, const Tile<typename Team::Real>& tile) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const Shape& shape = settings.shape;
  team.each(shape.P(), [&](int p, int lane) {
    F value{};
    if (settings.start == Start::draw) {
      if (p >= 2 * shape.D) {
        value = F{};  // nothing is coupled
      } else if (p >= shape.D) {
        value = splat<F>(static_cast<R>(settings.start_log_sigma));
      } else if constexpr (simulates<R>) {
        const Stream<F> stream{step.keys.start, load_words<F>(tile.input->episode + lane), 0};
        value = prior_draw<F>(settings.parameters[p], stream.block(static_cast<std::uint32_t>(p)));
      }
    }
    store<F>(tile.psi + p * tile_lanes + lane, value);
  });
}

/// Draws problem and ψ₀, as far as they are to be drawn, before the first iteration; to be read after a barrier.
template <class Team, class Source>
ALFI_HD void begin(const Team& team, const EpisodeSettings<typename Team::Real>& settings, const Source& source,
                   const StepInput& step, Draws draws, const Tile<typename Team::Real>& tile) {
  using F = typename Team::F;
  using R = typename Team::Real;
  if constexpr (simulates<R>) {
    if (draws.problem) draw_problem(team, settings, source, step, tile);
  }
  if (draws.start) start_proposal(team, settings, step, tile);
  team.once([&] { tile.input->keys = step.keys; });
  if (!draws.proposals) return;
  team.each(settings.shape.T * settings.shape.M, [&](int set, int lane) {
    store<F>(tile.count + set * tile_lanes + lane, splat<F>(static_cast<R>(settings.shape.N)));
  });
}

/// Some of the parameters of an iteration.
struct Parameters {
  int first, count;
};

/// Finds θ and its offset u of these parameters of iteration t: drawn, or u from the recorded θ.
template <class Team>
ALFI_HD void draw_parameters(const Team& team, const EpisodeSettings<typename Team::Real>& settings,
                             const StepInput& step, const Tile<typename Team::Real>& tile, int t, Parameters parameters,
                             bool draw) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const Shape& shape = settings.shape;
  const R* const psi = tile.psi + t * shape.P() * tile_lanes;
  team.each(parameters.count, [&](int item, int lane) {
    const int m = parameters.first + item;
    for (int d = 0; d < shape.D; ++d) {
      const int at = ((t * shape.M + m) * shape.D + d) * tile_lanes + lane;
      const F mean = load<F>(psi + d * tile_lanes + lane);
      if (!has_density(shape.family)) {
        if (draw) store<F>(tile.theta + at, mean);
        store<F>(tile.offset + at, F{});
        continue;
      }
      const F deviation = exp(log_deviation<F>(shape.family, settings.loss.log_sigma, shape.D, psi, d, lane));
      if (!draw) {
        store<F>(tile.offset + at, (load<F>(tile.theta + at) - mean) / deviation);
      } else if constexpr (simulates<R>) {
        // One block gives the noise of four dimensions; it is drawn anew for each, which costs less than keeping it.
        const Stream<F> stream{step.keys.propose, load_words<F>(tile.input->episode + lane),
                               static_cast<std::uint32_t>(t * shape.M + m)};
        F normal[4];
        standard_normals<F>(stream.block(static_cast<std::uint32_t>(d / 4)), normal);
        F u = d % 4 == 0 ? normal[0] : d % 4 == 1 ? normal[1] : d % 4 == 2 ? normal[2] : normal[3];
        if (couples(shape.family))
          for (int j = 0; j < d; ++j)
            u = fma(-coupling<F>(shape.D, psi, d, j, lane), load<F>(tile.offset + at + (j - d) * tile_lanes), u);
        store<F>(tile.offset + at, u);
        store<F>(tile.theta + at, fma(deviation, u, mean));
      }
    }
  });
}

/// Returns the pooled codes of iteration t.
template <class R>
ALFI_HD R* codes_of(const Shape& shape, const Tile<R>& tile, int t) {
  return tile.codes + t * shape.M * shape.CP() * tile_lanes;
}

/// Computes what standardises the scores of iteration t.
template <class Team>
ALFI_HD void score_parameters(const Team& team, const Shape& shape, const Tile<typename Team::Real>& tile, int t) {
  if (shape.has_scores())
    score_statistics(team, shape, tile.offset + t * shape.M * shape.D * tile_lanes,
                     tile.scores + t * shape.scores() * 2 * tile_lanes);
}

template <class R>
ALFI_HD AggregatorInput<R> aggregator_input(const Shape& shape, const Tile<R>& tile, int t) {
  const int parameters = t * shape.M * shape.D * tile_lanes;
  return {.real_share = tile.real_share,
          .codes = codes_of(shape, tile, t),
          .theta = tile.theta + parameters,
          .offset = tile.offset + parameters,
          .scores = tile.scores + t * shape.scores() * 2 * tile_lanes};
}

template <class R>
ALFI_HD ObservationSets<R> real_set(const Tile<R>& tile) {
  const int rows = tile.input->real_rows;
  return {.x = tile.real, .observations = rows, .set_size = rows, .count = tile.input->count};
}

/// Returns x of the iterations from t on.
template <class R>
ALFI_HD Rows<R> generated_rows(const Shape& shape, const Tile<R>& tile, int t) {
  return {tile.x.at(0, t * shape.M * shape.N * tile_lanes), tile.x.stride};
}

/// Returns the sets of `iterations` iterations from t on.
template <class R>
ALFI_HD ObservationSets<R> generated_sets(const Shape& shape, const Tile<R>& tile, int t, int iterations) {
  return {.x = generated_rows(shape, tile, t),
          .observations = iterations * shape.M * shape.N,
          .set_size = shape.N,
          .count = tile.count + t * shape.M * tile_lanes};
}

/// Parameters of a tile that are to be simulated, and where their observations go.
struct Proposed {
  int first, count;         ///< of all the iterations' T · M
  const float* theta;       ///< (count, D, 16)
  float *clamped, *counts;  ///< (count, 16), as in the tile
  Rows<float> x;            ///< (X, count · N · 16)
};

/// Simulates N observations of each of these parameters.
template <class Team, class Source>
ALFI_HD void simulate_proposals(const Team& team, const EpisodeSettings<float>& settings, const Source& source,
                                PhiloxKey key, const TileInput<float>& input, const Proposed& proposed, int pieces) {
  const Shape& shape = settings.shape;
  source.simulate(team, settings.units,
                  {.key = key,
                   .episode = input.episode,
                   .first_row = static_cast<std::uint32_t>(proposed.first),
                   .parameters = proposed.count,
                   .count = shape.N,
                   .D = shape.D,
                   .units = settings.parameters,
                   .pieces = pieces,
                   .theta = proposed.theta,
                   .clamped = proposed.clamped,
                   .x = proposed.x});
  if constexpr (Source::fails) {
    if (!settings.may_fail) return;
    team.sync();
    leave_out(team, proposed.x, shape.X, proposed.count, shape.N, proposed.counts);
  }
}

/// Draws these parameters of iteration t and their observations, as far as they are drawn; x may be read after a
/// barrier. A parameter's observations are split into `pieces`, so that the team has enough to do.
template <class Team, class Source>
ALFI_HD void propose(const Team& team, const EpisodeSettings<typename Team::Real>& settings, const Source& source,
                     const StepInput& step, Draws draws, const Tile<typename Team::Real>& tile, int t,
                     Parameters parameters, int pieces) {
  const Shape& shape = settings.shape;
  draw_parameters(team, settings, step, tile, t, parameters, draws.proposals);
  team.sync();
  if constexpr (simulates<typename Team::Real>) {
    if (!draws.proposals) return;
    const int first = t * shape.M + parameters.first;
    simulate_proposals(team, settings, source, step.keys.observe, *tile.input,
                       {.first = first,
                        .count = parameters.count,
                        .theta = tile.theta + first * shape.D * tile_lanes,
                        .clamped = tile.clamped + first * tile_lanes,
                        .counts = tile.count + first * tile_lanes,
                        .x = {tile.x.at(0, first * shape.N * tile_lanes), tile.x.stride}},
                       pieces);
  }
}

/// Computes ψ of the next iteration from the codes of iteration t.
template <class Team>
ALFI_HD void advance(const Team& team, const EpisodeSettings<typename Team::Real>& settings,
                     const Tile<typename Team::Real>& tile, int t, const AggregatorBlock<typename Team::Real>& block) {
  const Shape& shape = settings.shape;
  const int P = shape.P();
  aggregate(team, shape, settings.layout, settings.weights, aggregator_input(shape, tile, t), block,
            Rows<typename Team::Real>{tile.history.input.data + t * tile_lanes, tile.history.input.stride});
  rim_step(team, shape, settings.layout, settings.weights, settings.update, tile.history, t, tile.input->count_input,
           tile.psi + t * P * tile_lanes, tile.psi + (t + 1) * P * tile_lanes);
}

/// Computes the losses of all iterations and their weights, to be read after a barrier.
template <class Team>
ALFI_HD void weigh_losses(const Team& team, const EpisodeSettings<typename Team::Real>& settings, const StepInput& step,
                          const Tile<typename Team::Real>& tile) {
  using F = typename Team::F;
  const Shape& shape = settings.shape;
  const int D = shape.D, P = shape.P();
  team.each(shape.T, [&](int t, int lane) {
    store<F>(tile.loss + t * tile_lanes + lane,
             iteration_loss<F>(settings.loss, step.beta, D, tile.psi + (t + 1) * P * tile_lanes, tile.truth, lane));
  });
  team.sync();
  team.each(1, [&](int, int lane) {
    weigh_iterations<F>(settings.weights_kind, settings.iteration_weight, shape.T, tile.loss, lane, tile.loss_slope,
                        tile.episode_loss);
  });
}

/// Runs forward: ψ, the losses, and all that the backward passes read. The losses' weights may be read after a barrier.
template <class Team, class Source, class Encoder>
ALFI_HD void rollout(const Team& team, const EpisodeSettings<typename Team::Real>& settings, const Source& source,
                     const StepInput& step, Draws draws, const Tile<typename Team::Real>& tile, const Encoder& encoder,
                     const AggregatorBlock<typename Team::Real>& block) {
  using R = typename Team::Real;
  const Shape& shape = settings.shape;
  begin(team, settings, source, step, draws, tile);
  team.sync();
  for (int t = -1; t < shape.T; ++t) {  // −1 encodes the real set: one call, its code is the kernel's larger part
    const bool of_real = t < 0;
    if (!of_real) {
      propose(team, settings, source, step, draws, tile, t, {0, shape.M}, 1);
      score_parameters(team, shape, tile, t);
      team.sync();
    }
    ObservationSets<R> sets = generated_sets(shape, tile, of_real ? 0 : t, 1);
    if (of_real) sets = real_set(tile);
    if constexpr (requires { encoder.lookup; }) {
      locate(team, encoder, of_real ? tile.real : generated_rows(shape, tile, t), sets.observations);
      team.sync();
    }
    encode_sets(team, shape, encoder, sets, of_real ? tile.real_code : codes_of(shape, tile, t));
    if (of_real)  // the first iteration's barriers are before it is read
      share_real_code(team, shape, settings.layout, settings.weights, tile.real_code, tile.real_share);
    else
      advance(team, settings, tile, t, block);
  }
  weigh_losses(team, settings, step, tile);
}

/// Goes back through time: adds the slopes of RIM and aggregator to gradient (layout.size), and computes tile.slopes
/// and tile.real_slope for the encoder. All may be read after a barrier.
template <class Team>
ALFI_HD void rollout_gradient(const Team& team, const EpisodeSettings<typename Team::Real>& settings,
                              const StepInput& step, const Tile<typename Team::Real>& tile,
                              const AggregatorBlock<typename Team::Real>& block, typename Team::Real* gradient) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const Shape& shape = settings.shape;
  const int M = shape.M, C = shape.C, CP = shape.CP(), D = shape.D, P = shape.P();
  team.each(shape.S + P + shape.aggregator_hidden, [&](int item, int lane) {
    R* const place = item < shape.S       ? tile.gradient.state + item * tile_lanes
                     : item < shape.S + P ? tile.gradient.psi + (item - shape.S) * tile_lanes
                                          : tile.real_share_gradient + (item - shape.S - P) * tile_lanes;
    store<F>(place + lane, F{});
  });
  team.sync();
  for (int t = shape.T - 1; t >= 0; --t) {
    const R *const psi = tile.psi + t * P * tile_lanes, *const updated = psi + P * tile_lanes;
    if (couples(settings.loss)) {
      team.each(D, [&](int d, int lane) {
        const F log_sigma = log_deviation<F>(shape.family, settings.loss.log_sigma, D, updated, d, lane);
        store<F>(tile.residual + d * tile_lanes + lane,
                 term_weight(settings.loss, step.beta, log_sigma) *
                     coupled_residual<F>(settings.loss, D, updated, tile.truth, d, lane));
      });
      team.sync();
    }
    team.each(D, [&](int d, int lane) {
      const F scale = load<F>(tile.input->weight + lane) * load<F>(tile.loss_slope + t * tile_lanes + lane);
      if (couples(settings.loss))
        add_coupled_gradient<F>(settings.loss, step.beta, D, updated, tile.truth, tile.residual, scale, d, lane,
                                tile.gradient.psi);
      else
        add_loss_gradient<F>(settings.loss, step.beta, D, updated, tile.truth, scale, d, lane, tile.gradient.psi);
      if (shape.has_scores())
        store<F>(tile.deviation + d * tile_lanes + lane,
                 exp(log_deviation<F>(shape.family, settings.loss.log_sigma, D, psi, d, lane)));
    });
    team.sync();
    rim_step_gradient(team, shape, settings.layout, settings.weights, settings.update, tile.history, t, tile.gradient);
    const AggregatorInput<R> input = aggregator_input(shape, tile, t);
    aggregator_gradient(team, shape, settings.layout, settings.weights, input, block, tile.gradient.input,
                        AggregatorGradient<R>{tile.real_share_gradient, tile.code_gradient, tile.square_gradient},
                        gradient);
    if (shape.has_scores()) score_gradient(team, shape, input, tile.square_gradient, tile.deviation, tile.gradient.psi);
    team.each(M * C, [&](int item, int lane) {
      const int m = item / C, c = item % C;
      pooling_gradient<F>(shape.pooling, C, c, lane, tile.code_gradient + m * CP * tile_lanes,
                          input.codes + m * CP * tile_lanes, load<F>(tile.count + (t * M + m) * tile_lanes + lane),
                          tile.slopes + (t * M + m) * 2 * C * tile_lanes);
    });
    // No barrier: what the next iteration begins with is ψ's gradient, of each dimension the same thread's as above.
  }
  real_code_gradient(team, shape, settings.layout, settings.weights, tile.real_share_gradient, tile.real_code,
                     tile.real_code_gradient, gradient);
  team.sync();
  team.each(C, [&](int c, int lane) {
    pooling_gradient<F>(shape.pooling, C, c, lane, tile.real_code_gradient, tile.real_code,
                        load<F>(tile.input->count + lane), tile.real_slope);
  });
  rim_weight_gradient(team, shape, settings.layout, tile.history, tile.gradient, gradient);
}

/// Adds the encoder's to gradient (layout.encoder_size()): one of `pieces` pieces, cut between blocks of observations,
/// those of the real set before those of the generated ones.
template <class Team, class Encoder>
ALFI_HD void bulk_gradient(const Team& team, const EpisodeSettings<typename Team::Real>& settings,
                           const Tile<typename Team::Real>& tile, const Encoder& encoder, int piece, int pieces,
                           typename Team::Real* gradient) {
  using R = typename Team::Real;
  const Shape& shape = settings.shape;
  const int real_blocks = blocks_of(block_length, tile.input->real_rows);
  const std::int64_t all = real_blocks + blocks_of(block_length, shape.T * shape.M * shape.N);
  const int first = static_cast<int>(all * piece / pieces), last = static_cast<int>(all * (piece + 1) / pieces);
  for (int which = 0; which < 2; ++which) {  // one call: its code is the kernel's larger part
    const bool of_real = which == 0;
    ObservationSets<R> sets = generated_sets(shape, tile, 0, shape.T);
    if (of_real) sets = real_set(tile);
    const int before = of_real ? 0 : real_blocks;
    const int end = of_real && last > real_blocks ? real_blocks : last;
    encoder_gradient(team, shape, settings.layout, encoder, sets, first < before ? 0 : first - before, end - before,
                     of_real ? tile.real_slope : tile.slopes, gradient);
  }
}

}  // namespace ALFI_ISA
}  // namespace alfi
