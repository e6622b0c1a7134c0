// Problems of a tile's lanes: each lane's episode of the meta-batch, the problem it meets, and that one's number of
// real observations. They are a function of the step and the tile's number alone.
#pragma once

#include "kernels/lanes/random.hpp"
#include "kernels/team/team.hpp"

namespace alfi {

/// Rule for the problems that a run meets.
struct ProblemRule {
  int episodes;         ///< B
  std::uint32_t fixed;  ///< > 0: number of fixed problems, each pass over them in an order of its own; 0: fresh ones
  std::uint64_t seed;   ///< of the order
  int least, most;      ///< R lies between them, inclusive
  const std::uint32_t* above;    ///< (most − least): R > least + i where the word that draws it is at least this
  const float* count_input;      ///< (most − least + 1): R as the RIM sees it
  std::uint32_t replicates = 1;  ///< episodes of each problem, one after the other, with simulations of their own
};

/// Keys of the streams of one step.
struct EpisodeKeys {
  PhiloxKey truth, real_count, real_set, start, propose, observe;
};

/// Inputs that change from step to step.
struct StepInput {
  EpisodeKeys keys;
  std::uint64_t first_visit;  ///< visits to fixed problems before this step
  double beta;                ///< of loss beta_normal
};

/// Inputs of a tile: some of each lane, some of all lanes.
template <class R>
struct TileInput {
  std::uint32_t episode[tile_lanes];  ///< number in the meta-batch: names its proposals and simulations
  std::uint32_t problem[tile_lanes];  ///< number of the problem: names θ* and the real observations
  R weight[tile_lanes];               ///< of the episode's loss in the batch's: 1/B, 0 for lanes without an episode
  R count[tile_lanes];                ///< real observations that are numbers, at most real_rows
  R count_input[tile_lanes];          ///< their number as the RIM sees it
  R left_out[tile_lanes];             ///< real observations that were no numbers
  EpisodeKeys keys;                   ///< of the step, for a simulator that is called between a device's kernels
  int real_rows;                      ///< most of any lane
};

inline namespace ALFI_ISA {

/// Returns the problem at position `visit` of all visits so far, 0 ≤ result < problems. Each run of `problems` visits
/// is a permutation, by a Feistel network on the smallest even number of bits that holds them. Results outside the set
/// are permuted again until they fall inside (Black & Rogaway 2002, "cycle walking").
ALFI_HD std::uint32_t problem_at(std::uint64_t visit, std::uint32_t problems, std::uint64_t seed) {
  if (problems == 1) return 0;
  const PhiloxKey key = stream_key(seed, Phase::training, Purpose::problem, visit / problems);
  std::uint32_t half = 1;
  while (((problems - 1) >> half) >> half != 0) ++half;
  const std::uint32_t mask = (1u << half) - 1;
  std::uint64_t value = visit % problems;
  do {
    auto left = static_cast<std::uint32_t>(value >> half), right = static_cast<std::uint32_t>(value) & mask;
    for (std::uint32_t round = 0; round < 4; ++round) {
      const std::uint32_t mixed = philox<std::uint32_t>(right, round, 0, 0, key).word[0] & mask;
      const std::uint32_t next = left ^ mixed;
      left = right;
      right = next;
    }
    value = (static_cast<std::uint64_t>(left) << half) | right;
  } while (value >= problems);
  return static_cast<std::uint32_t>(value);
}

/// Returns R of the problem or tile `name`.
ALFI_HD int real_count(const ProblemRule& rule, PhiloxKey key, std::uint32_t name) {
  int low = 0, high = rule.most - rule.least;  // R − least lies between them
  if (high == 0) return rule.least;
  const std::uint32_t word = philox<std::uint32_t>(0, 0, 0, name, key).word[0];
  while (low < high) {
    const int middle = (low + high) / 2;
    if (word >= rule.above[middle])
      low = middle + 1;
    else
      high = middle;
  }
  return rule.least + low;
}

/// Lanes without an episode repeat the last one, with weight 0. input.real_rows is to be read after a barrier.
template <class Team, class R>
ALFI_HD void describe_tile(const Team& team, const ProblemRule& rule, const StepInput& step, int number,
                           TileInput<R>& input) {
  team.each_lane([&](int lane) {
    const int b = number * tile_lanes + lane;
    const auto episode = static_cast<std::uint32_t>(b < rule.episodes ? b : rule.episodes - 1);
    const std::uint32_t number = episode / rule.replicates;
    const std::uint32_t problem =
        rule.fixed > 0 ? problem_at(step.first_visit + number, rule.fixed, rule.seed) : number;
    // Sixteen fresh problems share R, since the longest set decides what a tile costs.
    const int count = real_count(rule, step.keys.real_count, rule.fixed > 0 ? problem : problem / tile_lanes);
    input.episode[lane] = episode;
    input.problem[lane] = problem;
    input.weight[lane] = b < rule.episodes ? static_cast<R>(1.0 / rule.episodes) : R(0);
    input.count[lane] = static_cast<R>(count);
    input.count_input[lane] = rule.count_input[count - rule.least];
    input.left_out[lane] = R(0);
  });
  team.sync();
  team.once([&] {
    int most = 1;
    for (int lane = 0; lane < tile_lanes; ++lane) {
      const int count = static_cast<int>(input.count[lane]);
      if (count > most) most = count;
    }
    input.real_rows = most;
  });
}

}  // namespace ALFI_ISA
}  // namespace alfi
