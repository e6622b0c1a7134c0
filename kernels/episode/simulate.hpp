// Simulated observations as the networks see them: θ in natural units, clamped to the simulator's domain, its law, the
// draws, transformed and standardised. A row is one observation of one episode:
// row = 16 (parameter · count + number) + lane.
//
// Bodies that simulate are handed a source of observations: Listed, a simulator that the kernel was built with, or
// Called (called_simulator.hpp), functions of the host.
#pragma once

#include "kernels/lanes/random.hpp"
#include "kernels/networks/dense.hpp"
#include "kernels/sim/parameter_units.hpp"
#include "kernels/sim/sample.hpp"
#include "kernels/sim/transform.hpp"

namespace alfi {

/// Units of observations, which are transformed and standardised: (transformed − mean) · scale.
template <class R>
struct ObservationUnits {
  Transform transform;
  const R* mean;   ///< (X)
  const R* scale;  ///< (X)
};

/// Order for a simulator: `count` observations of each of `parameters` parameters.
struct Simulation {
  PhiloxKey key;
  const std::uint32_t* episode;  ///< (16): with `first_row` + the parameter's number it names the random numbers
  std::uint32_t first_row;
  int parameters, count;
  int D;                        ///< numbers of a parameter
  const ParameterUnits* units;  ///< (D)
  int pieces;                   ///< number of parts of a parameter's observations, so that a team has enough items
  const float* theta;           ///< (parameters, D, 16), standardised
  float* clamped;               ///< (parameters, 16): 1 where θ was outside the domain; or null
  Rows<float> x;                ///< (X, parameters · count · 16)
  /// (16): observations that count in each lane, which then is a problem that its episode names; null: the lanes are
  /// simulated together. A simulator that is called with batches draws each problem in a batch of its own.
  const float* counts = nullptr;
  LaneUse* use = nullptr;  ///< is added up, of a simulator that goes by steps; or null
};

inline namespace ALFI_ISA {

/// Parameter of an order, for SimulatorAt.
template <class F>
struct OrderedParameter {
  const ParameterUnits* units;
  const float* theta;  ///< of this lane

  ALFI_HD F operator()(int d) const { return natural_of<F>(units[d], load<F>(theta + d * tile_lanes)); }
  ALFI_HD Mask<F> limit(int d, F& value) const {
    const Mask<F> below = value<units[d].low, above = value> units[d].high;
    value = select(below, splat<F>(units[d].low), value);
    value = select(above, splat<F>(units[d].high), value);
    return below | above;
  }
};

/// Observations of an order, for run_steps.
template <class Sim>
struct OrderedJobs {
  const ObservationUnits<float>& units;
  const Simulation& to;

  /// Finds θ (D) of one lane of a parameter, inside the domain, and returns whether it was outside.
  template <class Put>
  ALFI_HD bool find(int m, int lane, Put put) const {
    const OrderedParameter<float> parameter{to.units, to.theta + m * Sim::D * tile_lanes + lane};
    Array<float, Sim::D> theta;
    bool moved = false;
    for (int d = 0; d < Sim::D; ++d) theta[d] = parameter(d);
    if constexpr (has_domain<Sim, float>())
      moved = Sim::template clamp<float>(theta);
    else
      for (int d = 0; d < Sim::D; ++d) moved = parameter.limit(d, theta[d]) || moved;
    for (int d = 0; d < Sim::D; ++d) put(d, theta[d]);
    return moved;
  }
  template <class Put>
  ALFI_HD StepJob begin(int job, Put put) const {
    const int lane = job % tile_lanes, row = job / tile_lanes, m = row / to.count;
    (void)find(m, lane, put);
    return {.episode = to.episode[lane],
            .row = to.first_row + static_cast<std::uint32_t>(m),
            .observation = static_cast<std::uint32_t>(row % to.count)};
  }
  template <class Get>
  ALFI_HD void finish(int job, Get x) const {
    for (int k = 0; k < Sim::X; ++k)
      *to.x.at(k, job) = (transformed<float>(units.transform, x(k)) - units.mean[k]) * units.scale[k];
  }
};

template <class Sim, class Team>
requires(goes_by_steps<Sim>()) ALFI_HD
    void simulate(const Team& team, const ObservationUnits<float>& units, const Simulation& to) {
  const OrderedJobs<Sim> jobs{units, to};
  if (to.clamped != nullptr)
    team.each_number(to.parameters * tile_lanes, [&](int i) {
      to.clamped[i] = jobs.find(i / tile_lanes, i % tile_lanes, [](int, float) {}) ? 1.0f : 0.0f;
    });
  run_steps<Sim>(team, to.key, to.parameters * to.count * tile_lanes, jobs, to.use);
}

template <class Sim, class Team>
requires(!goes_by_steps<Sim>()) ALFI_HD
    void simulate(const Team& team, const ObservationUnits<float>& units, const Simulation& to) {
  using F = typename Team::F;
  constexpr int group = group_of<Sim, F>();
  const int groups = blocks_of(group, to.count);
  const int groups_per_piece = blocks_of(to.pieces, groups);
  team.each(to.parameters * to.pieces, [&](int item, int lane) {
    const int m = item / to.pieces, piece = item % to.pieces;
    const int D = Sim::D == any_size ? to.D : Sim::D;
    const SimulatorAt<Sim, F, OrderedParameter<F>> simulator({to.units, to.theta + m * D * tile_lanes + lane}, D);
    if (piece == 0 && to.clamped != nullptr)
      store<F>(to.clamped + m * tile_lanes + lane, select(simulator.moved(), splat<F>(1), F{}));
    const Stream<F> stream{to.key, load_words<F>(to.episode + lane), to.first_row + static_cast<std::uint32_t>(m)};
    const int last = (piece + 1) * groups_per_piece < groups ? (piece + 1) * groups_per_piece : groups;
    const int first = piece * groups_per_piece * group, end = last * group < to.count ? last * group : to.count;
    simulator.observe(stream, static_cast<std::uint32_t>(first), end - first, [&](int i, int k, F x) {
      const F value = transformed<F>(units.transform, x);
      store<F>(to.x.at(k, (m * to.count + first + i) * tile_lanes + lane),
               (value - splat<F>(units.mean[k])) * splat<F>(units.scale[k]));
    });
  });
}

/// The simulator of this number in a list. Nothing is drawn where it is `recorded`. An observation may be no number
/// where `fails_` says so; those in alfi's list never fail.
template <class List, bool fails_ = false>
struct Listed {
  static constexpr bool fails = fails_;
  int number;

  template <class Team>
  ALFI_HD void simulate(const Team& team, const ObservationUnits<float>& units, const Simulation& to) const {
    List::with(number, [&]<class Sim>() { alfi::simulate<Sim>(team, units, to); });
  }
  /// Draws the share of team `share` of `teams`.
  template <class Team>
  ALFI_HD void draw_sample(const Team& team, const Sample& sample, int share, int teams) const {
    List::with(number, [&]<class Sim>() { alfi::draw_sample<Sim>(team, sample, share, teams); });
  }
};

}  // namespace ALFI_ISA
}  // namespace alfi
