// The scale that a machine works on: numbers that have mean 0 and deviation 1 under the prior. They are θ less its mean
// over its deviation or, so that no answer leaves the prior, θ's normal score.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alfi/simulators.hpp"
#include "kernels/sim/parameter_units.hpp"

namespace alfi {

/// Says whether a machine works on normal scores of a parameter, which are no linear function of it.
bool works_on_scores(const ParameterInfo& parameter);

/// Says why this law cannot be a prior; else nothing.
std::string refused_prior(const PriorLaw& law);

/// Returns θ, natural units, at a number that the machine works with.
double natural_of(const ParameterInfo& parameter, double standard);
/// Returns θ, natural units, at the normal score z of its prior.
double natural_of_score(const ParameterInfo& parameter, double z);
/// Returns the number that the machine works with at the normal score z of the prior.
double standard_of_score(const ParameterInfo& parameter, double z);

/// Returns the nodes of each parameter's map (ParameterMap::nodes, 2), none where it needs no map.
std::shared_ptr<const std::vector<std::vector<float>>> maps_of(const SimulatorInfo& simulator);

/// Returns where a proposed θ, natural units, is moved to, of a simulator without a domain of its own: to the end of a
/// uniform prior, eight deviations from the mean of a normal one.
double moved_into_prior(const ParameterInfo& parameter, double natural);

/// Returns the units of each parameter, which point into the maps.
std::vector<ParameterUnits> units_of(const SimulatorInfo& simulator, const std::vector<std::vector<float>>& maps);

/// Range that an axis shows: the prior's, of a uniform or normal one, else that of most draws.
struct ShownRange {
  double low, high;
};
ShownRange shown_range(const ParameterInfo& parameter);

/// Returns the prior in words, such as "uniform on [0, 5]".
std::string prior_text(const ParameterInfo& parameter);

}  // namespace alfi
