// Codes looked up by a thread block: that the bodies are code a device could run. No launch uses them yet.
#include "kernels/episode/lookup.hpp"
#include "kernels/team/cuda_team.hpp"

namespace alfi {

using Team = CudaTeam<256>;

struct LookupWork {
  EpisodeSettings<float> settings;
  StepInput step;
  Draws draws;
  Tile<float>* tiles;
  BlockMemory<float> block;
  SegmentSearch search;
  Lookup<float> lookup;
  LookupSums<float> sums;
  ListedRows<float> listed;
  float* gradient;
};

__device__ DenseEncoder<float> encoder_of(const LookupWork& work) {
  return unstaged_encoder(work.settings.layout, work.settings.weights, work.block.encoder);
}

__global__ __launch_bounds__(256, 1) void build(const LookupWork work) {
  const Team team;
  find_lookup(team, encoder_of(work), work.settings.units, work.search, work.lookup);
  team.sync();
  for (int block = 0; block < blocks_of(lookup_block, work.lookup.rows()); ++block)
    fill_lookup(team, encoder_of(work), work.lookup, block);
}

__global__ __launch_bounds__(256, 1) void roll_out(const LookupWork work) {
  const Team team;
  rollout(team, work.settings, work.step, work.draws, work.tiles[team.number()],
          LookupEncoder<float>{work.lookup, work.settings.units}, work.block.aggregator);
}

__global__ __launch_bounds__(256, 1) void add_up(const LookupWork work) {
  const Team team;
  add_tile_sums(team, work.settings.shape, work.tiles[team.number()], work.lookup, work.sums);
  team.sync();
  list_rows(team, work.lookup, work.sums, work.listed);
}

__global__ __launch_bounds__(256, 1) void go_back(const LookupWork work) {
  const Team team;
  listed_gradient(team, work.settings.layout, encoder_of(work), work.lookup, work.sums, work.listed, team.number(),
                  work.gradient);
}

}  // namespace alfi
