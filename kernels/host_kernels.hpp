// The kernels as the host calls them: one table of functions per instruction set.
#pragma once

#include "kernels/report.hpp"

namespace alfi {

struct HostKernels {
  const char* name;  ///< baseline, avx2, avx512
  void (*rollout)(const EpisodeSettings<float>&, const StepInput&, Draws, const Tile<float>&,
                  const BlockMemory<float>&);
  void (*rollout_gradient)(const EpisodeSettings<float>&, const StepInput&, const Tile<float>&,
                           const BlockMemory<float>&, float* gradient);
  void (*bulk_gradient)(const EpisodeSettings<float>&, const Tile<float>&, const BlockMemory<float>&, int piece,
                        int pieces, float* gradient);
  void (*report)(const Shape&, const Tile<float>&, const BatchReport<float>&);
  /// The gradient: the partial sums added up into the first ones.
  void (*sum_partials)(const Optimizer<float>&);
  /// The rest of the update, and the step's summary.
  void (*update)(const Optimizer<float>&, float rate, const BatchReport<float>&, int episodes, StepOutput&);
  /// Who the lanes of a tile are, θ* and the real observations alone.
  void (*draw_problem)(const EpisodeSettings<float>&, const StepInput&, const Tile<float>&);
  /// Observations first … first + count − 1 of one θ (D), natural units, row-major (count, X). Multiples of 64.
  void (*simulate)(int simulator, PhiloxKey key, const float* theta, std::int64_t first, std::int64_t count, float* x);
  /// Runs `rounds` rounds of independent fma on registers and returns how many floating-point operations that was.
  double (*spin)(std::int64_t rounds);
};

/// Null where this machine cannot run the instruction set, or it was not built.
const HostKernels* baseline_kernels();
const HostKernels* avx2_kernels();
const HostKernels* avx512_kernels();

}  // namespace alfi
