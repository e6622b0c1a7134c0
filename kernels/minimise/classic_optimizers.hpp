// The optimizers a machine that minimises is to beat, in double, on the 16 quadratics of a tile.
//
//   descent    θ ← θ − η g
//   momentum   v ← β v − η g,  θ ← θ + v                                        (Polyak 1964)
//   adam       m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  k = 1, 2, …
//              θ ← θ − η (m/(1 − β₁ᵏ)) / (√(v/(1 − β₂ᵏ)) + 10⁻⁸)                (Kingma & Ba 2015)
//
// Trained machines are measured against them; they are not trained themselves. They run on the host alone.
#pragma once

#include "kernels/team/team.hpp"

namespace alfi {

enum class OptimizerKind { descent, momentum, adam };

struct ClassicOptimizer {
  OptimizerKind method;
  double rate;       ///< η
  double beta1 = 0;  ///< of momentum β
  double beta2 = 0;
};

/// A tile's quadratics in double, and what is computed of them.
struct Descent {
  int dimensions, iterations;  ///< D, T
  const double* matrix;        ///< W (D, D, 16)
  const double* target;        ///< y (D, 16)
  double* state;               ///< two moments and the residual (3, D, 16)
  double* theta;               ///< θ_t (T + 1, D, 16)
  double* loss;                ///< f(θ_t) (T + 1, 16)
};

inline namespace ALFI_ISA {

/// Lanes of a tile, as many as a register holds.
typedef double DoubleLanes __attribute__((vector_size(vector_width * 4)));

/// Runs a tile's descent, some lanes after the other.
ALFI_HD void descend(const ClassicOptimizer& o, const Descent& d) {
  constexpr int width = sizeof(DoubleLanes) / sizeof(double);
  const int D = d.dimensions;
  const auto get = [](const double* array, int i) {
    DoubleLanes value;
    memcpy(&value, array + i * tile_lanes, sizeof value);
    return value;
  };
  const auto put = [](double* array, int i, DoubleLanes value) {
    memcpy(array + i * tile_lanes, &value, sizeof value);
  };
  for (int lane = 0; lane < tile_lanes; lane += width) {
    const double* const matrix = d.matrix + lane;
    const double* const target = d.target + lane;
    double* const first = d.state + lane;
    double* const second = first + D * tile_lanes;
    double* const residual = second + D * tile_lanes;
    for (int j = 0; j < D; ++j) {
      put(first, j, DoubleLanes{});
      put(second, j, DoubleLanes{});
      put(d.theta + lane, j, DoubleLanes{});
    }
    double power1 = 1, power2 = 1;
    for (int t = 0;; ++t) {
      const double* const theta = d.theta + t * D * tile_lanes + lane;
      double* const next = d.theta + (t + 1) * D * tile_lanes + lane;
      DoubleLanes loss{};
      for (int i = 0; i < D; ++i) {
        DoubleLanes sum = -get(target, i);
        for (int j = 0; j < D; ++j) sum += get(matrix, i * D + j) * get(theta, j);
        put(residual, i, sum);
        loss += sum * sum;
      }
      put(d.loss + lane, t, loss);
      if (t == d.iterations) break;
      power1 *= o.beta1;
      power2 *= o.beta2;
      for (int j = 0; j < D; ++j) {
        DoubleLanes g{};
        for (int i = 0; i < D; ++i) g += get(matrix, i * D + j) * get(residual, i);
        g *= 2.0;
        DoubleLanes step = -o.rate * g;
        if (o.method == OptimizerKind::momentum) {
          step = o.beta1 * get(first, j) + step;
          put(first, j, step);
        } else if (o.method == OptimizerKind::adam) {
          const DoubleLanes m = o.beta1 * get(first, j) + (1 - o.beta1) * g;
          const DoubleLanes v = o.beta2 * get(second, j) + (1 - o.beta2) * g * g;
          put(first, j, m);
          put(second, j, v);
          DoubleLanes root = v / (1 - power2);
          for (int l = 0; l < width; ++l) root[l] = sqrt(root[l]);
          step = -o.rate * (m / (1 - power1)) / (root + 1e-8);
        }
        put(next, j, get(theta, j) + step);
      }
    }
  }
}

}  // namespace ALFI_ISA

}  // namespace alfi
