// A sample: observations of one θ in natural units, as they are. Observation i is number i / 16 of episode i mod 16, so
// it is the same whatever the count, the pieces and the team.
#pragma once

#include "kernels/sim/simulator_at.hpp"
#include "kernels/sim/stepwise.hpp"

namespace alfi {

/// Observations first … first + count − 1 of a sample.
struct Sample {
  int simulator, D, X;
  PhiloxKey key;
  float theta[most_parameters];  ///< (D), natural units; moved into the simulator's domain, if it has one
  std::int64_t first, count;     ///< first is a multiple of 64
  float* x;                      ///< (count, X), row-major
};

inline namespace ALFI_ISA {

/// Parameter of a sample, for SimulatorAt.
template <class F>
struct SampleParameter {
  const float* theta;

  ALFI_HD F operator()(int d) const { return splat<F>(theta[d]); }
  ALFI_HD Mask<F> limit(int, F&) const { return Mask<F>{}; }
};

/// Observations of a sample that a team draws, for run_steps.
template <class Sim>
struct SampleJobs {
  const Sample& sample;
  int number, teams;

  static ALFI_HD int count(const Sample& sample, int number, int teams) {
    const std::int64_t groups = (sample.count + tile_lanes - 1) / tile_lanes;
    return static_cast<int>((groups - number + teams - 1) / teams * tile_lanes);
  }
  ALFI_HD std::int64_t row_of(int job) const {
    return (std::int64_t{job / tile_lanes} * teams + number) * tile_lanes + job % tile_lanes;
  }
  template <class Put>
  ALFI_HD StepJob begin(int job, Put put) const {
    Array<float, Sim::D> theta;
    for (int d = 0; d < Sim::D; ++d) theta[d] = sample.theta[d];
    if constexpr (has_domain<Sim, float>()) (void)Sim::template clamp<float>(theta);
    for (int d = 0; d < Sim::D; ++d) put(d, theta[d]);
    const auto observation = static_cast<std::uint32_t>((sample.first + row_of(job)) / tile_lanes);
    return {.episode = static_cast<std::uint32_t>(job % tile_lanes), .row = 0, .observation = observation};
  }
  template <class Get>
  ALFI_HD void finish(int job, Get x) const {
    const std::int64_t row = row_of(job);
    for (int k = 0; k < Sim::X && row < sample.count; ++k) sample.x[row * sample.X + k] = x(k);
  }
};

/// Draws the share of team `number` of `teams`. An item draws every 16th of the team's groups, of 16 observations a
/// number, so that a thread block has an item for every 16 threads.
template <class Sim, class Team>
ALFI_HD void draw_sample(const Team& team, const Sample& sample, int number, int teams) {
  using F = typename Team::F;
  if constexpr (goes_by_steps<Sim>()) {
    run_steps<Sim>(team, sample.key, SampleJobs<Sim>::count(sample, number, teams),
                   SampleJobs<Sim>{sample, number, teams}, nullptr);
    return;
  } else {
    static_assert(Sim::D <= most_parameters);
    constexpr int items = 16, width = LaneTraits<F>::width;
    team.each(items, [&](int item, int lane) {
      const SimulatorAt<Sim, F, SampleParameter<F>> simulator({sample.theta}, sample.D);
      Array<std::uint32_t, width> episode;
      for (int l = 0; l < width; ++l) episode[l] = static_cast<std::uint32_t>(lane + l);
      const Stream<F> stream{sample.key, load_words<F>(episode), 0};
      constexpr int group = group_of<Sim, F>();
      const std::int64_t step = std::int64_t{teams} * items * group;
      for (std::int64_t n = (std::int64_t{number} * items + item) * group; n * tile_lanes < sample.count; n += step) {
        const std::int64_t left = (sample.count - n * tile_lanes + tile_lanes - 1) / tile_lanes;
        simulator.observe(stream, static_cast<std::uint32_t>(sample.first / tile_lanes + n),
                          static_cast<int>(left < group ? left : group), [&](int i, int k, F x) {
                            Array<float, width> value;
                            store<F>(value, x);
                            for (int l = 0; l < width; ++l) {
                              const std::int64_t row = (n + i) * tile_lanes + lane + l;
                              if (row < sample.count) sample.x[row * sample.X + k] = value[l];
                            }
                          });
      }
    });
  }
}

}  // namespace ALFI_ISA
}  // namespace alfi
