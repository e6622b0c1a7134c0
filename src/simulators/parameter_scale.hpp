// The scale that a machine works on: numbers that have mean 0 and deviation 1 under the prior. For a uniform or normal
// prior they are θ less its mean over its deviation; for another one θ's normal score, so that no answer leaves the
// prior.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alfi/simulators.hpp"
#include "kernels/sim/parameter_units.hpp"

namespace alfi {

/// Says whether a machine works on normal scores of a parameter with this prior.
bool is_mapped(Prior prior);

/// Says why this law cannot be a prior; else nothing.
std::string refused_prior(const PriorLaw& law);

/// Returns θ, natural units, at a number that the machine works with.
double natural_of(const ParameterInfo& parameter, double standard);

/// Returns the nodes of each parameter's map (ParameterMap::nodes, 2), none where it has no map.
std::shared_ptr<const std::vector<std::vector<float>>> maps_of(const SimulatorInfo& simulator);

/// Returns the units of each parameter, which point into the maps.
std::vector<ParameterUnits> units_of(const SimulatorInfo& simulator, const std::vector<std::vector<float>>& maps);

/// Range that an axis shows: the prior's, where that is bounded and not a normal score's.
struct ShownRange {
  double low, high;
};
ShownRange shown_range(const ParameterInfo& parameter);

/// Returns the prior in words, such as "uniform on [0, 5]".
std::string prior_text(const ParameterInfo& parameter);

/// A law of θ in natural units.
struct NaturalLaw {
  double mean, deviation, lower, upper;
};
/// Takes N(mean, deviation²) of the machine's numbers to natural units, with the interval `reach` deviations to both
/// sides.
NaturalLaw natural_law(const ParameterInfo& parameter, double mean, double deviation, double reach);

}  // namespace alfi
