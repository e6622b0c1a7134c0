// One tile of 16 random quadratics that the RIM minimises from their gradients, all T iterations, forward and backward
// (Andrychowicz et al. 2016, "Learning to learn by gradient descent by gradient descent", arXiv 1606.04474).
//
//   f(θ) = ‖Wθ − y‖²,  W (D, D) and y (D) of standard normal numbers;  θ_0 = 0
//   g = 2 Wᵀ (W θ_t − y)
//   a = (log|g| / p, sign g) where |g| ≥ e^{−p}, else (−1, e^p g);  p = 10 (their appendix A)
//   θ_{t+1,d} = θ_{t,d} + what the RIM makes of [a_d, θ_{t,d}]
//   loss = Σ_t w_t f(θ_{t+1})
//
// Every coordinate d is moved by itself: by the same weights, with a recurrent state of its own. So to the RIM a
// coordinate is an episode with one number in ψ, A = 2, whose code is given.
//
// Gradient: as in their paper a is a constant, so that no second derivatives are needed, and what iteration t did is
// followed to the end of its run of 20 iterations. Further on a constant a misleads: θ seems to keep what in truth the
// machine would see and correct, and a training to the end of 100 iterations learns ever longer steps until they
// diverge.
#pragma once

#include "kernels/episode/loss.hpp"
#include "kernels/episode/tile.hpp"
#include "kernels/sim/normal.hpp"

namespace alfi {

/// Numbers the RIM gets of a coordinate's gradient: A.
inline constexpr int gradient_inputs = 2;

/// Iterations that are followed together on the way back.
inline constexpr int unrolled = 20;

/// Settings that all quadratics of a run share.
template <class R>
struct QuadraticSettings {
  ProblemRule problems;
  int dimensions;             ///< D of θ
  Shape shape;                ///< of one coordinate's machine: P = 1, A = gradient_inputs
  Layout layout;              ///< of the RIM alone
  const R* weights;           ///< (layout.size)
  const R* iteration_weight;  ///< (T), of the losses; not read with weights oi
  Weights weights_kind;
  UpdateRule update;
};

/// The arrays of one tile. Those of recorded quadratics are filled by the caller: matrix, target and input.
template <class R>
struct QuadraticTile {
  int number;               ///< in the meta-batch
  TileInput<R>* input;      ///< made with the problem
  R* matrix;                ///< W (D, D, 16)
  R* target;                ///< y (D, 16)
  R* theta;                 ///< (T + 1, D, 16)
  R* slope;                 ///< g at θ_t (T + 1, D, 16)
  R* residual;              ///< W θ_t − y (D, 16) of one iteration
  R* loss;                  ///< f(θ_t) (T + 1, 16)
  R* loss_slope;            ///< (T, 16)
  R* episode_loss;          ///< (16)
  RimHistory<R> history;    ///< rows (D, T · 16)
  RimGradient<R> gradient;  ///< rows (D, T · 16); state (D, S, 16), psi (D, 16)
};

template <class R>
QuadraticTile<R> carve_quadratic_tile(const Shape& s, int dimensions, Carver<R>& carver) {
  const std::int64_t T = s.T, D = dimensions;
  constexpr std::int64_t L = tile_lanes;
  QuadraticTile<R> tile{};
  tile.matrix = carver.take(D * D * L);
  tile.target = carver.take(D * L);
  tile.theta = carver.take((T + 1) * D * L);
  tile.slope = carver.take((T + 1) * D * L);
  tile.residual = carver.take(D * L);
  tile.loss = carver.take((T + 1) * L);
  tile.loss_slope = carver.take(T * L);
  tile.episode_loss = carver.take(L);
  tile.history = carve_history(s, carver, D * T * L);
  tile.gradient = carve_gradient(s, carver, D * T * L, D);
  return tile;
}

/// Counts the numbers that carve_quadratic_tile cuts out.
template <class R = float>
std::int64_t quadratic_tile_size(const Shape& shape, int dimensions) {
  Carver<R> counting(nullptr);
  carve_quadratic_tile(shape, dimensions, counting);
  return counting.used();
}

inline namespace ALFI_ISA {

/// Returns what the RIM sees of a coordinate's gradient.
template <class F>
ALFI_HD void describe_gradient(F g, F& size, F& direction) {
  using R = Real<F>;
  constexpr double p = 10, least = 4.5399929762484854e-5;  // e^{−p}
  const auto large = abs(g) >= R(least);
  size = select(large, log(max(abs(g), splat<F>(R(least)))) * splat<F>(R(1 / p)), splat<F>(R(-1)));
  direction = select(large, select(g < R(0), splat<F>(R(-1)), splat<F>(R(1))), g * splat<F>(R(1 / least)));
}

/// Draws each lane's quadratic: its episode, W and y.
template <class Team>
ALFI_HD void draw_quadratics(const Team& team, const QuadraticSettings<typename Team::Real>& settings,
                             const StepInput& step, const QuadraticTile<typename Team::Real>& tile) {
  using F = typename Team::F;
  describe_tile(team, settings.problems, step, tile.number, *tile.input);
  // A row of W and its number in y are D + 1 numbers, four from a block.
  const int D = settings.dimensions, blocks = blocks_of(4, D + 1);
  team.each(D * blocks, [&](int item, int lane) {
    const int i = item / blocks, block = item % blocks;
    const Stream<F> stream{step.keys.truth, load_words<F>(tile.input->problem + lane), static_cast<std::uint32_t>(i)};
    F normal[4];
    standard_normals<F>(stream.block(static_cast<std::uint32_t>(block)), normal);
    for (int k = 0; k < 4; ++k) {
      const int j = 4 * block + k;
      if (j < D) store<F>(tile.matrix + (i * D + j) * tile_lanes + lane, normal[k]);
      if (j == D) store<F>(tile.target + i * tile_lanes + lane, normal[k]);
    }
  });
}

/// Computes f and its gradient at θ_t, to be read after a barrier.
template <class Team>
ALFI_HD void look_at(const Team& team, int D, const QuadraticTile<typename Team::Real>& tile, int t) {
  using F = typename Team::F;
  using R = typename Team::Real;
  const R* const theta = tile.theta + t * D * tile_lanes;
  team.each(D, [&](int i, int lane) {
    F sum = -load<F>(tile.target + i * tile_lanes + lane);
    for (int j = 0; j < D; ++j)
      sum = fma(load<F>(tile.matrix + (i * D + j) * tile_lanes + lane), load<F>(theta + j * tile_lanes + lane), sum);
    store<F>(tile.residual + i * tile_lanes + lane, sum);
  });
  team.sync();
  team.each(D + 1, [&](int j, int lane) {
    F sum{};
    for (int i = 0; i < D; ++i) {
      const F residual = load<F>(tile.residual + i * tile_lanes + lane);
      sum = fma(j < D ? load<F>(tile.matrix + (i * D + j) * tile_lanes + lane) : residual, residual, sum);
    }
    if (j < D)
      store<F>(tile.slope + (t * D + j) * tile_lanes + lane, R(2) * sum);
    else
      store<F>(tile.loss + t * tile_lanes + lane, sum);
  });
}

/// Returns the rows of coordinate d.
template <class R>
ALFI_HD RimHistory<R> history_of(const Shape& shape, const RimHistory<R>& all, int d) {
  const auto from = [first = d * shape.T * tile_lanes](Rows<R> rows) {
    return Rows<R>{rows.data + first, rows.stride};
  };
  return {.input = from(all.input),
          .hidden0 = from(all.hidden0),
          .gate_input = from(all.gate_input),
          .update = from(all.update),
          .reset = from(all.reset),
          .candidate_input = from(all.candidate_input),
          .candidate = from(all.candidate),
          .state = from(all.state),
          .hidden3 = from(all.hidden3),
          .step = from(all.step)};
}
template <class R>
ALFI_HD RimGradient<R> gradient_of(const Shape& shape, const RimGradient<R>& all, int d) {
  const auto from = [first = d * shape.T * tile_lanes](Rows<R> rows) {
    return Rows<R>{rows.data + first, rows.stride};
  };
  return {.hidden0 = from(all.hidden0),
          .y = from(all.y),
          .update = from(all.update),
          .reset = from(all.reset),
          .candidate = from(all.candidate),
          .hidden3 = from(all.hidden3),
          .step = from(all.step),
          .gate_input = all.gate_input,  // of one iteration of one coordinate
          .input = all.input,
          .state = all.state + d * shape.S * tile_lanes,
          .psi = all.psi + d * tile_lanes};
}

/// Runs forward: θ, the losses, and all that the backward pass reads. The losses' weights may be read after a barrier.
template <class Team>
ALFI_HD void minimise_quadratics(const Team& team, const QuadraticSettings<typename Team::Real>& settings,
                                 const QuadraticTile<typename Team::Real>& tile) {
  using F = typename Team::F;
  const Shape& shape = settings.shape;
  const int D = settings.dimensions, T = shape.T;
  team.each(D, [&](int d, int lane) { store<F>(tile.theta + d * tile_lanes + lane, F{}); });
  team.sync();
  for (int t = 0; t < T; ++t) {
    look_at(team, D, tile, t);
    // No barriers: a coordinate's slope is the same thread's, and the RIM has a barrier before it reads its input.
    team.each(D, [&](int d, int lane) {
      F size, direction;
      describe_gradient<F>(load<F>(tile.slope + (t * D + d) * tile_lanes + lane), size, direction);
      const int row = (d * T + t) * tile_lanes + lane;
      store<F>(tile.history.input.at(0, row), size);
      store<F>(tile.history.input.at(1, row), direction);
    });
    for (int d = 0; d < D; ++d)
      rim_step(team, shape, settings.layout, settings.weights, settings.update, history_of(shape, tile.history, d), t,
               tile.input->count_input, tile.theta + (t * D + d) * tile_lanes,
               tile.theta + ((t + 1) * D + d) * tile_lanes);
  }
  look_at(team, D, tile, T);
  team.sync();
  team.each(1, [&](int, int lane) {
    weigh_iterations<F>(settings.weights_kind, settings.iteration_weight, T, tile.loss + tile_lanes, lane,
                        tile.loss_slope, tile.episode_loss);
  });
}

/// Goes back through time: gradient (layout.size) += of the RIM, to be read after a barrier.
template <class Team>
ALFI_HD void quadratic_gradient(const Team& team, const QuadraticSettings<typename Team::Real>& settings,
                                const QuadraticTile<typename Team::Real>& tile, typename Team::Real* gradient) {
  using F = typename Team::F;
  const Shape& shape = settings.shape;
  const int D = settings.dimensions, T = shape.T;
  team.sync();
  for (int t = T - 1; t >= 0; --t) {
    const bool ends = t == T - 1 || (t + 1) % unrolled == 0;  // nothing comes from later iterations
    team.each(ends ? D * (shape.S + 1) : D, [&](int item, int lane) {
      if (item >= D) {
        store<F>(tile.gradient.state + (item - D) * tile_lanes + lane, F{});
        return;
      }
      const F scale = load<F>(tile.input->weight + lane) * load<F>(tile.loss_slope + t * tile_lanes + lane);
      typename Team::Real* const place = tile.gradient.psi + item * tile_lanes + lane;
      store<F>(place,
               fma(scale, load<F>(tile.slope + ((t + 1) * D + item) * tile_lanes + lane), ends ? F{} : load<F>(place)));
    });
    // No barrier: coordinate 0 is the same thread's, and before the others, and the states, are read there are its own.
    for (int d = 0; d < D; ++d)
      rim_step_gradient(team, shape, settings.layout, settings.weights, settings.update,
                        history_of(shape, tile.history, d), t, gradient_of(shape, tile.gradient, d));
    team.sync();
  }
  Shape all = shape;  // the coordinates' rows one after the other
  all.T = D * T;
  rim_weight_gradient(team, all, settings.layout, tile.history, tile.gradient, gradient);
}

}  // namespace ALFI_ISA
}  // namespace alfi
