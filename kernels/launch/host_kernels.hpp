// The kernels as the host calls them: one table of functions per instruction set.
#pragma once

#include "kernels/episode/lookup_gradient.hpp"
#include "kernels/launch/report.hpp"
#include "kernels/minimise/classic_optimizers.hpp"
#include "kernels/minimise/quadratic.hpp"

namespace alfi {

struct HostKernels {
  const char* name;  ///< baseline, avx2, avx512
  void (*rollout)(const EpisodeSettings<float>&, const StepInput&, Draws, const Tile<float>&,
                  const BlockMemory<float>&);
  void (*rollout_gradient)(const EpisodeSettings<float>&, const StepInput&, const Tile<float>&,
                           const BlockMemory<float>&, float* gradient);
  void (*bulk_gradient)(const EpisodeSettings<float>&, const Tile<float>&, const BlockMemory<float>&, int piece,
                        int pieces, float* gradient);
  /// Find a lookup's segments, nodes and numbers; then its codes, a block of rows after the other.
  void (*find_lookup)(const EpisodeSettings<float>&, const SegmentSearch&, const Lookup<float>&);
  void (*fill_lookup)(const EpisodeSettings<float>&, const BlockMemory<float>&, const Lookup<float>&, int block);
  /// Runs a rollout that looks codes up, then adds its tile's part to the sums.
  void (*rollout_looked_up)(const EpisodeSettings<float>&, const StepInput&, Draws, const Tile<float>&,
                            const BlockMemory<float>&, const LookupEncoder<float>&);
  void (*add_lookup_sums)(const Shape&, const Tile<float>&, const Lookup<float>&, const LookupSums<float>&);
  /// Adds the partial sums (count, groups · 16) of some groups up into the first.
  void (*add_partials)(float* data, int count, int groups, int first_group, int group_count);
  /// Compute the encoder's gradient from the sums: list its rows, then a block of them after the other.
  void (*list_rows)(const Lookup<float>&, const LookupSums<float>&, const ListedRows<float>&);
  void (*listed_gradient)(const EpisodeSettings<float>&, const BlockMemory<float>&, const Lookup<float>&,
                          const LookupSums<float>&, const ListedRows<float>&, int block, float* gradient);
  void (*report)(const Shape&, const Tile<float>&, const BatchReport<float>&);
  /// Adds the partial sums up into the first ones: the gradient.
  void (*sum_partials)(const Optimizer<float>&);
  /// Does the rest of the update, and sums the step up.
  void (*update)(const Optimizer<float>&, float rate, const BatchReport<float>&, int episodes, StepOutput&);
  /// Draws the problems of a tile alone: each lane's episode, θ* and the real observations.
  void (*draw_problem)(const EpisodeSettings<float>&, const StepInput&, const Tile<float>&);
  const HostSimulator* simulators;  ///< by their numbers in the list
  /// Simulate for a device: the real observations of a tile, observations of its proposals.
  void (*simulate_real)(const EpisodeSettings<float>&, const Tile<float>&);
  void (*simulate_proposals)(const EpisodeSettings<float>&, const TileInput<float>&, const Proposed&);
  /// Draw a tile of quadratics, W and y; go the way down; compute its gradient.
  void (*draw_quadratics)(const QuadraticSettings<float>&, const StepInput&, const QuadraticTile<float>&);
  void (*minimise_quadratics)(const QuadraticSettings<float>&, const QuadraticTile<float>&);
  void (*quadratic_gradient)(const QuadraticSettings<float>&, const QuadraticTile<float>&, float* gradient);
  /// Minimises a tile of quadratics by an optimizer.
  void (*descend)(const ClassicOptimizer&, const Descent&);
  /// Runs `rounds` rounds of independent fma on registers and returns how many floating-point operations that was.
  double (*spin)(std::int64_t rounds);
};

/// Return null where this machine cannot run the instruction set, or it was not built.
const HostKernels* baseline_kernels();
const HostKernels* avx2_kernels();
const HostKernels* avx512_kernels();

}  // namespace alfi
