#include "src/machine/estimates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

/// Says how far outside its prior a parameter's answer lies; nothing of one that is not worth a word.
std::string outside_prior(const ParameterInfo& parameter, const ProposalLaw& law, std::size_t d) {
  const double mean = law.mean[d];
  if (works_on_scores(parameter)) {
    constexpr double far = 4;  // deviations of the prior: of a normal one its ends are as far
    if (!(std::abs(mean) > far)) return {};
    return fmt::format("{} = {:.4g} lies at the very end of the prior, {}", parameter.name, natural_of(parameter, mean),
                       prior_text(parameter));
  }
  // At the prior's end 1 in 1000 answers to the simulator's own data lies 3 of its deviations outside. A point has no
  // deviation; a twentieth of the prior's counts as three.
  const double unit = std::isnan(law.deviation[d]) ? 0.05 / 3 : law.deviation[d];
  const double natural = natural_of(parameter, mean),
               beyond = std::max(parameter.low - natural, natural - parameter.high);
  if (!(beyond / parameter.deviation() > 3 * unit)) return {};
  return fmt::format("{} = {:.4g} lies outside the prior, [{}, {}]{}", parameter.name, natural, parameter.low,
                     parameter.high,
                     std::isnan(law.deviation[d])
                         ? ""
                         : fmt::format(", by {:.3g} deviations", beyond / parameter.deviation() / law.deviation[d]));
}

}  // namespace

TruncatedLaw law_of(const Posterior& posterior, const SimulatorInfo& simulator) {
  const auto& [mean, deviation] = posterior.standard;
  const std::vector<Range> ranges =
      posterior.truncated ? prior_ranges(simulator) : std::vector<Range>(simulator.parameters.size());
  return {posterior.correlation.empty() ? uncoupled_law(mean, deviation)
                                        : ProposalLaw{mean, deviation, posterior.correlation},
          ranges};
}

void add_estimates(const TruncatedLaw& law, const SimulatorInfo& simulator, Posterior& posterior) {
  for (std::size_t d = 0; d < simulator.parameters.size(); ++d) {
    const ParameterInfo& parameter = simulator.parameters[d];
    const auto [mean, deviation, lower, upper] = natural_law(parameter, law, d, posterior.level);
    posterior.parameters.push_back({.name = parameter.name,
                                    .unit = parameter.unit,
                                    .mean = mean,
                                    .deviation = deviation,
                                    .lower = lower,
                                    .upper = upper});
    const std::string outside = outside_prior(parameter, law.normal(), d);
    if (!outside.empty())
      posterior.warnings.push_back(
          {Doubt::outside_prior, outside + ": the machine hardly saw such data. Do not trust the answer."});
  }
}

}  // namespace alfi
