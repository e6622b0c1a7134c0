#include "src/machine/fit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unsupported/Eigen/SpecialFunctions>

namespace alfi {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Counts the sets that fit poorly, each taken by itself.
std::ptrdiff_t poor_sets(std::span<const Posterior> posteriors) {
  return std::ranges::count_if(posteriors, [](const Posterior& posterior) { return posterior.fit.p <= alarm; });
}

}  // namespace

std::string poor_fit(const Fit& fit) {
  if (!(fit.p <= alarm)) return {};
  std::vector<std::string> reasons;
  if (fit.predictive_p <= alarm * predictive_share) {
    const double least = std::min({fit.energy_p, fit.shape_p, fit.spread_p, fit.extremes_p});
    if (std::min({fit.energy_p, fit.shape_p, fit.spread_p}) == least)
      reasons.push_back(fmt::format(
          "they are spread otherwise than data simulated at the answer (energy distance {:.3g})", fit.energy_distance));
    if (fit.extremes_p == least)
      reasons.emplace_back("their least or largest values are beyond those of data simulated at the answer");
  }
  if (fit.code_p <= alarm * code_share)
    reasons.push_back(fmt::format("their code is {:.3g} deviations from those of training", fit.code_distance));
  if (fit.likelihood_p <= alarm * likelihood_share)
    reasons.emplace_back("maximum likelihood lies elsewhere than that of data simulated at the answer");
  return fmt::format(
      "The observations are unlike what the simulator makes, p = {:.2g}: {}. Do not trust the answer; look for missing "
      "values' codes, outliers, and what the simulator leaves out.",
      fit.p, fmt::join(reasons, "; "));
}

std::vector<std::pair<const char*, double>> numbers_of(const Fit& fit) {
  return {{"p", fit.p},
          {"predictive_p", fit.predictive_p},
          {"energy_p", fit.energy_p},
          {"shape_p", fit.shape_p},
          {"spread_p", fit.spread_p},
          {"extremes_p", fit.extremes_p},
          {"energy_distance", fit.energy_distance},
          {"code_p", fit.code_p},
          {"code_distance", fit.code_distance},
          {"likelihood_p", fit.likelihood_p}};
}

Fit unchecked_fit() {
  return {.p = nan,
          .predictive_p = nan,
          .energy_p = nan,
          .shape_p = nan,
          .spread_p = nan,
          .extremes_p = nan,
          .energy_distance = nan,
          .simulated_distances = {},
          .code_p = nan,
          .code_distance = nan,
          .likelihood_p = nan};
}

Fit combined_fit(std::span<const Posterior> posteriors) {
  const auto sets = static_cast<double>(posteriors.size()), poor = static_cast<double>(poor_sets(posteriors));
  double worst = nan;
  for (const Posterior& posterior : posteriors) worst = std::fmin(worst, posterior.fit.p);
  // The probability of `poor` or more false alarms, which is binomial.
  const double chance = poor == 0 ? 1 : Eigen::numext::betainc(poor, sets - poor + 1, alarm);
  Fit fit = unchecked_fit();
  if (!std::isnan(worst)) fit.p = std::min(1.0, 2 * std::min(chance, sets * worst));
  return fit;
}

std::string poor_fit_of_sets(std::span<const Posterior> posteriors, const Fit& fit) {
  if (!(fit.p <= alarm)) return {};
  return fmt::format(
      "{} of the {} sets are unlike what the simulator makes, p = {:.2g}. Do not trust the answer; without --combine "
      "each is answered and judged by itself.",
      poor_sets(posteriors), posteriors.size(), fit.p);
}

}  // namespace alfi
