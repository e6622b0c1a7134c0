// Compiled once per instruction set: the kernel bodies on a HostTeam.

#include "kernels/launch/host_kernels.hpp"

#include "kernels/episode/lookup_building.hpp"
#include "kernels/team/host_team.hpp"

namespace alfi {
inline namespace ALFI_ISA {
namespace {

using Team = HostTeam<FloatLanes>;

DenseEncoder<float> encoder_of(const EpisodeSettings<float>& settings, const BlockMemory<float>& block) {
  return unstaged_encoder(settings.layout, settings.weights, block.encoder);
}

void rollout_tile(const EpisodeSettings<float>& settings, const StepInput& step, Draws draws, const Tile<float>& tile,
                  const BlockMemory<float>& block) {
  rollout(Team{}, settings, Called{settings.host_simulator}, step, draws, tile, encoder_of(settings, block),
          block.aggregator);
}

void rollout_gradient_tile(const EpisodeSettings<float>& settings, const StepInput& step, const Tile<float>& tile,
                           const BlockMemory<float>& block, float* gradient) {
  rollout_gradient(Team{}, settings, step, tile, block.aggregator, gradient);
}

void bulk_gradient_tile(const EpisodeSettings<float>& settings, const Tile<float>& tile,
                        const BlockMemory<float>& block, int piece, int pieces, float* gradient) {
  bulk_gradient(Team{}, settings, tile, encoder_of(settings, block), piece, pieces, gradient);
}

void find_tile_lookup(const EpisodeSettings<float>& settings, const SegmentSearch& search,
                      const Lookup<float>& lookup) {
  find_lookup(Team{}, encoder_of(settings, {}), settings.units, search, lookup);
}

void fill_lookup_block(const EpisodeSettings<float>& settings, const BlockMemory<float>& block,
                       const Lookup<float>& lookup, int number) {
  fill_lookup(Team{}, encoder_of(settings, block), lookup, number);
}

void rollout_looked_up(const EpisodeSettings<float>& settings, const StepInput& step, Draws draws,
                       const Tile<float>& tile, const BlockMemory<float>& block, const LookupEncoder<float>& encoder) {
  rollout(Team{}, settings, Called{settings.host_simulator}, step, draws, tile, encoder, block.aggregator);
}

void add_sums(const Shape& shape, const Tile<float>& tile, const Lookup<float>& lookup, const LookupSums<float>& sums) {
  add_tile_sums(Team{}, shape, tile, lookup, sums);
}

void add_up_partials(float* data, int count, int groups, int first_group, int group_count) {
  add_partials(Team{}, data, count, groups, first_group, group_count);
}

void list_hit_rows(const Lookup<float>& lookup, const LookupSums<float>& sums, const ListedRows<float>& listed) {
  list_rows(Team{}, lookup, sums, listed);
}

void listed_gradient_block(const EpisodeSettings<float>& settings, const BlockMemory<float>& block,
                           const Lookup<float>& lookup, const LookupSums<float>& sums, const ListedRows<float>& listed,
                           int number, float* gradient) {
  listed_gradient(Team{}, settings.layout, encoder_of(settings, block), lookup, sums, listed, number, gradient);
}

void report(const Shape& shape, const Tile<float>& tile, const BatchReport<float>& to) {
  report_tile(Team{}, shape, tile, to);
}

void sum_all_partials(const Optimizer<float>& optimizer) { sum_partials(Team{}, optimizer, 0, optimizer.groups); }

void update_weights(const Optimizer<float>& optimizer, float rate, const BatchReport<float>& report, int episodes,
                    StepOutput& output) {
  // On one core each stage is done when the next begins.
  gradient_norm(Team{}, optimizer);
  apply_update(Team{}, optimizer, rate, 0, optimizer.groups);
  conclude_step(Team{}, optimizer, report, episodes, output);
}

void draw_problem_tile(const EpisodeSettings<float>& settings, const StepInput& step, const Tile<float>& tile) {
  draw_problem(Team{}, settings, Called{settings.host_simulator}, step, tile);
}

void simulate_real_of_tile(const EpisodeSettings<float>& settings, const Tile<float>& tile) {
  simulate_real(Team{}, settings, Called{settings.host_simulator}, tile.input->keys.real_set, tile);
}

void simulate_proposals_of_tile(const EpisodeSettings<float>& settings, const TileInput<float>& input,
                                const Proposed& proposed) {
  simulate_proposals(Team{}, settings, Called{settings.host_simulator}, input.keys.observe, input, proposed, 1);
}

void draw_quadratic_tile(const QuadraticSettings<float>& settings, const StepInput& step,
                         const QuadraticTile<float>& tile) {
  draw_quadratics(Team{}, settings, step, tile);
}

void minimise_quadratic_tile(const QuadraticSettings<float>& settings, const QuadraticTile<float>& tile) {
  minimise_quadratics(Team{}, settings, tile);
}

void quadratic_gradient_tile(const QuadraticSettings<float>& settings, const QuadraticTile<float>& tile,
                             float* gradient) {
  quadratic_gradient(Team{}, settings, tile, gradient);
}

void descend_tile(const ClassicOptimizer& optimizer, const Descent& descent) { descend(optimizer, descent); }

double spin(std::int64_t rounds) {
  constexpr int chains = 12;
  FloatLanes sum[chains];
  for (int i = 0; i < chains; ++i) sum[i] = splat<FloatLanes>(static_cast<float>(i));
  const FloatLanes factor = splat<FloatLanes>(0.999f), addend = splat<FloatLanes>(0.001f);
  for (std::int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) sum[i] = fma(sum[i], factor, addend);
  for (int i = 0; i < chains; ++i) asm volatile("" : : "m"(sum[i]));  // the loop must not be optimised away
  return 2.0 * chains * vector_width * static_cast<double>(rounds);
}

constexpr HostKernels kernels{.name = instruction_set_name,
                              .rollout = rollout_tile,
                              .rollout_gradient = rollout_gradient_tile,
                              .bulk_gradient = bulk_gradient_tile,
                              .find_lookup = find_tile_lookup,
                              .fill_lookup = fill_lookup_block,
                              .rollout_looked_up = rollout_looked_up,
                              .add_lookup_sums = add_sums,
                              .add_partials = add_up_partials,
                              .list_rows = list_hit_rows,
                              .listed_gradient = listed_gradient_block,
                              .report = report,
                              .sum_partials = sum_all_partials,
                              .update = update_weights,
                              .draw_problem = draw_problem_tile,
                              .simulators = HostSimulators<Simulators>::by_number,
                              .simulate_real = simulate_real_of_tile,
                              .simulate_proposals = simulate_proposals_of_tile,
                              .draw_quadratics = draw_quadratic_tile,
                              .minimise_quadratics = minimise_quadratic_tile,
                              .quadratic_gradient = quadratic_gradient_tile,
                              .descend = descend_tile,
                              .spin = spin};

}  // namespace
}  // namespace ALFI_ISA

#if defined(__AVX512F__)
const HostKernels* avx512_kernels() { return &ALFI_ISA::kernels; }
#elif defined(__AVX2__)
const HostKernels* avx2_kernels() { return &ALFI_ISA::kernels; }
#else
const HostKernels* baseline_kernels() { return &ALFI_ISA::kernels; }
#endif

}  // namespace alfi
