// The kernels as the host calls them: one table of functions per instruction set.
#pragma once

#include "kernels/report.hpp"
#include "kernels/sample.hpp"

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
  /// A sample, or a part of it.
  void (*draw_sample)(const Sample&);
  /// Runs `rounds` rounds of independent fma on registers and returns how many floating-point operations that was.
  double (*spin)(std::int64_t rounds);
};

/// Null where this machine cannot run the instruction set, or it was not built.
const HostKernels* baseline_kernels();
const HostKernels* avx2_kernels();
const HostKernels* avx512_kernels();

}  // namespace alfi
