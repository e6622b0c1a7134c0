// A parameter as a machine sees it.
#pragma once

#include "kernels/lanes/math.hpp"
#include "kernels/lanes/random.hpp"
#include "kernels/sim/facts.hpp"

namespace alfi {

/// Curve from a standard normal number to a parameter, by which a prior that is neither uniform nor normal becomes
/// N(0, 1): cubic pieces between nodes.
struct ParameterMap {
  static constexpr int per_unit = 32, reach = 7;  ///< nodes in a unit; the first and last are at −reach and reach
  static constexpr int nodes = 2 * reach * per_unit + 1;

  const float* nodes_of;  ///< (nodes, 2): value and slope by the node's number; of log θ where it is `logarithmic`
  bool logarithmic;
  float low, high;  ///< where the prior is not 0
};

/// Units of a parameter. A machine works on its normal score, at which the map is, or on (θ − mean) / deviation.
struct ParameterUnits {
  Prior prior;
  float mean, deviation;          ///< of the prior, natural units; not read on normal scores
  float low = -__builtin_inff();  ///< θ is moved into [low, high] where the simulator has no domain of its own
  float high = __builtin_inff();
  bool scores = false;  ///< the machine works on normal scores
  ParameterMap map{};   ///< nodes_of is null where a uniform or normal prior needs none
};

inline namespace ALFI_ISA {

/// Returns the parameter, natural units, at a standard normal number. Beyond the map's reach it is that of its end.
template <class F>
ALFI_HD F mapped(const ParameterMap& map, F standard) {
  constexpr float end = ParameterMap::reach;
  const F inside = select(standard == standard, min(splat<F>(end), max(splat<F>(-end), standard)), F{});
  const F place = (inside + end) * static_cast<float>(ParameterMap::per_unit);
  const F node = min(floor(place), splat<F>(static_cast<float>(ParameterMap::nodes - 2)));
  const F t = place - node;
  const Int<F> at = to_int(node) * 2;
  const F a = gather(map.nodes_of, at), slope_a = gather(map.nodes_of + 1, at);
  const F b = gather(map.nodes_of + 2, at), slope_b = gather(map.nodes_of + 3, at);
  // Hermite's cubic, as what is added to a.
  const F rise = b - a;
  const F curve = fma(t, slope_a + slope_b - 2.0f * rise, 3.0f * rise - 2.0f * slope_a - slope_b);
  F value = fma(t, fma(t, curve, slope_a), a);
  if (map.logarithmic) value = exp(value);
  value = min(splat<F>(map.high), max(splat<F>(map.low), value));
  return select(standard == standard, value, standard);
}

/// Returns the parameter, natural units, at a number that the machine works with.
template <class F>
ALFI_HD F natural_of(const ParameterUnits& units, F standard) {
  if (units.scores) return mapped(units.map, standard);
  return fma(splat<F>(units.deviation), standard, splat<F>(units.mean));
}

/// Draws a parameter from its prior, as the machine works with it.
template <class F>
ALFI_HD F prior_draw(const ParameterUnits& units, const PhiloxBlock<Uint<F>>& block) {
  if (units.prior == Prior::uniform && !units.scores)
    return (uniform<F>(block.word[0]) - splat<F>(0.5f)) * splat<F>(3.46410161513775458705f);
  F z[4];
  standard_normals<F>(block, z);
  if (units.scores || units.map.nodes_of == nullptr) return z[0];
  return (mapped(units.map, z[0]) - splat<F>(units.mean)) / splat<F>(units.deviation);
}

}  // namespace ALFI_ISA
}  // namespace alfi
