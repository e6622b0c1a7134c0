#include "src/simulators/parameter_scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <unsupported/Eigen/SpecialFunctions>

#include "src/numerics/quadrature.hpp"
#include "src/numerics/statistics.hpp"
#include "src/numerics/truncated_normal.hpp"

namespace alfi {
namespace {

/// Finds t in [low, high] where an increasing function is 0.
template <class Function>
double root(double low, double high, Function f) {
  for (int step = 0; step < 200 && high - low > 1e-15 * (std::fabs(low) + std::fabs(high)); ++step) {
    const double middle = 0.5 * (low + high);
    (f(middle) < 0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

/// Returns a number that increases with the difference of two probabilities, each given with its complement: by the
/// smaller ones, which have their digits.
double compared(double p, double q, double wanted_p, double wanted_q) {
  return wanted_p < 0.5 ? p - wanted_p : wanted_q - q;
}

/// Returns log θ at the normal score z of the gamma law of scale 1.
double log_gamma_quantile(double shape, double z) {
  const double p = normal_cdf(z), q = normal_cdf(-z);
  // Below, P is x^shape / Γ(shape + 1), where it would take x too small for a double.
  const double small = (std::log(p) + std::lgamma(shape + 1)) / shape;
  if (small < -30) return small;
  return root(std::min(-31.0, small), std::log(shape + 60 * std::sqrt(shape) + 800), [&](double t) {
    const double x = std::exp(t);
    return compared(Eigen::numext::igamma(shape, x), Eigen::numext::igammac(shape, x), p, q);
  });
}

/// Returns log θ at the normal score z of the beta law.
double log_beta_quantile(double a, double b, double z) {
  const double p = normal_cdf(z), q = normal_cdf(-z);
  const double log_beta = std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
  const double small = (std::log(p) + std::log(a) + log_beta) / a;
  if (small < -30) return small;
  // In the logit, so that both ends have their digits.
  const double logit = root(-60, 60, [&](double t) {
    const double x = 1 / (1 + std::exp(-t)), y = 1 / (1 + std::exp(t));
    return compared(Eigen::numext::betainc(a, b, x), Eigen::numext::betainc(b, a, y), p, q);
  });
  return -std::log1p(std::exp(-logit));
}

double truncated_quantile(const ParameterInfo& p, double z) {
  const double mean = p.first, deviation = p.second;
  return mean + deviation * truncated_normal_quantile((p.low - mean) / deviation, (p.high - mean) / deviation,
                                                      normal_cdf(z), normal_cdf(-z));
}

bool is_logarithmic(Prior prior) {
  return prior != Prior::uniform && prior != Prior::normal && prior != Prior::truncated_normal;
}

/// Returns θ at the normal score z of its prior; of a logarithmic one its logarithm. A map has nodes of it.
double mapped(const ParameterInfo& p, double z) {
  switch (p.prior) {
    case Prior::uniform:
      return p.low + (p.high - p.low) * normal_cdf(z);
    case Prior::normal:
      return p.mean() + p.deviation() * z;
    case Prior::log_uniform:
      return std::log(p.low) + (std::log(p.high) - std::log(p.low)) * normal_cdf(z);
    case Prior::log_normal:
      return p.first + p.second * z;
    case Prior::exponential:
      return std::log((z < 0 ? -std::log1p(-normal_cdf(z)) : -std::log(normal_cdf(-z))) / p.first);
    case Prior::gamma:
      return log_gamma_quantile(p.first, z) + std::log(p.second);
    case Prior::beta:
      return log_beta_quantile(p.first, p.second, z);
    case Prior::truncated_normal:
      return truncated_quantile(p, z);
  }
  return std::nan("");
}

/// Returns mean and deviation of the law whose logarithm is uniform.
WeightedMoments log_uniform_moments(const ParameterInfo& p) {
  static const GaussLegendre rule(64);
  WeightedMoments moments;
  rule.over(0, std::log(p.high / p.low), [&](double t, double weight) { moments.add(weight, p.low * std::expm1(t)); });
  return moments;
}

/// Returns mean and deviation of a cut normal law, counted from where it is most dense.
WeightedMoments truncated_moments(const ParameterInfo& p, double mode) {
  static const GaussLegendre rule(64);
  const double mean = p.first, deviation = p.second;
  const auto log_density = [&](double u) { return -u * (u + 2 * (mode - mean)) / (2 * deviation * deviation); };
  const auto keep = [&](double u) { return log_density(u) > -negligible_drop; };
  WeightedMoments moments;
  rule.over(reach(p.low - mode, keep), reach(p.high - mode, keep),
            [&](double u, double weight) { moments.add(weight * std::exp(log_density(u)), u); });
  return moments;
}

bool needs_map(const ParameterInfo& p) {
  return works_on_scores(p) || (p.prior != Prior::uniform && p.prior != Prior::normal);
}

std::vector<float> map_of(const ParameterInfo& parameter) {
  std::vector<float> nodes;
  constexpr double step = 1.0 / ParameterMap::per_unit;
  for (int i = 0; i < ParameterMap::nodes; ++i) {
    const double z = i * step - ParameterMap::reach;
    const auto near = [&](double steps) { return mapped(parameter, z + steps * step / 4); };
    nodes.push_back(static_cast<float>(mapped(parameter, z)));
    nodes.push_back(static_cast<float>((8 * (near(1) - near(-1)) - (near(2) - near(-2))) / 3));  // of a step
  }
  return nodes;
}

/// Returns the range that proposed parameters are moved into.
std::pair<double, double> proposed_range(const ParameterInfo& p) {
  const double beyond = p.prior == Prior::normal ? (p.high - p.low) / 2 : 0;
  return {p.low - beyond, p.high + beyond};
}

}  // namespace

double ParameterInfo::mean() const {
  switch (prior) {
    case Prior::uniform:
      return (low + high) / 2;
    case Prior::normal:
      return first;
    case Prior::log_uniform:
      return low + log_uniform_moments(*this).mean();
    case Prior::log_normal:
      return std::exp(first + second * second / 2);
    case Prior::truncated_normal: {
      const double mode = std::clamp(first, low, high);
      return mode + truncated_moments(*this, mode).mean();
    }
    case Prior::beta:
      return first / (first + second);
    case Prior::gamma:
      return first * second;
    case Prior::exponential:
      return 1 / first;
  }
  return std::nan("");
}

double ParameterInfo::deviation() const {
  switch (prior) {
    case Prior::uniform:
      return (high - low) * 0.28867513459481288225;  // 1/√12
    case Prior::normal:
      return second;
    case Prior::log_uniform:
      return log_uniform_moments(*this).deviation();
    case Prior::log_normal:
      return mean() * std::sqrt(std::expm1(second * second));
    case Prior::truncated_normal:
      return truncated_moments(*this, std::clamp(first, low, high)).deviation();
    case Prior::beta:
      return std::sqrt(first * second / (first + second + 1)) / (first + second);
    case Prior::gamma:
      return std::sqrt(first) * second;
    case Prior::exponential:
      return 1 / first;
  }
  return std::nan("");
}

bool works_on_scores(const ParameterInfo& p) {
  if (p.prior == Prior::normal) return false;  // its normal score is what standardises it
  return p.space == Space::automatic ? p.prior != Prior::uniform : p.space == Space::normal;
}

std::string refused_prior(const PriorLaw& law) {
  const auto positive = [](double x) { return std::isfinite(x) && x > 0; };
  const bool bounded = std::isfinite(law.low) && std::isfinite(law.high) && law.low < law.high;
  const auto range = [&] { return fmt::format("reaches from {} to {}", law.low, law.high); };
  switch (law.prior) {
    case Prior::uniform:
    case Prior::normal:
      return bounded ? "" : range() + "; it must be finite and not empty";
    case Prior::log_uniform:
      return bounded && law.low > 0 ? "" : range() + "; it must be finite, above 0 and not empty";
    case Prior::log_normal:
      return std::isfinite(law.first) && positive(law.second)
                 ? ""
                 : fmt::format(
                       "has the logarithm's mean {} and deviation {}; both must be finite, the deviation above 0",
                       law.first, law.second);
    case Prior::truncated_normal:
      return bounded && std::isfinite(law.first) && positive(law.second)
                 ? ""
                 : fmt::format(
                       "has mean {} and deviation {} and {}; all must be finite, the deviation above 0 and the range "
                       "not empty",
                       law.first, law.second, range());
    case Prior::exponential:
      return positive(law.first) ? "" : fmt::format("has the rate {}; it must be above 0", law.first);
    case Prior::beta:
    case Prior::gamma:
      return positive(law.first) && positive(law.second)
                 ? ""
                 : fmt::format("has the parameters {} and {}; both must be above 0", law.first, law.second);
  }
  return "is of no kind that alfi knows";
}

double natural_of_score(const ParameterInfo& parameter, double z) {
  const double value = mapped(parameter, z);
  if (parameter.prior == Prior::normal) return value;
  const double natural = is_logarithmic(parameter.prior) ? std::exp(value) : value;
  return std::isnan(natural) ? natural : std::clamp(natural, parameter.low, parameter.high);
}

double natural_of(const ParameterInfo& parameter, double standard) {
  return works_on_scores(parameter) ? natural_of_score(parameter, standard)
                                    : parameter.mean() + parameter.deviation() * standard;
}

double standard_of_score(const ParameterInfo& parameter, double z) {
  if (parameter.prior == Prior::normal || works_on_scores(parameter)) return z;
  if (parameter.prior == Prior::uniform) return std::numbers::sqrt3 * (2 * normal_cdf(z) - 1);
  return (natural_of_score(parameter, z) - parameter.mean()) / parameter.deviation();
}

std::shared_ptr<const std::vector<std::vector<float>>> maps_of(const SimulatorInfo& simulator) {
  auto maps = std::make_shared<std::vector<std::vector<float>>>();
  for (const ParameterInfo& p : simulator.parameters) maps->push_back(needs_map(p) ? map_of(p) : std::vector<float>{});
  return maps;
}

double moved_into_prior(const ParameterInfo& p, double natural) {
  const auto [low, high] = proposed_range(p);
  return std::clamp(natural, low, high);
}

std::vector<ParameterUnits> units_of(const SimulatorInfo& simulator, const std::vector<std::vector<float>>& maps) {
  std::vector<ParameterUnits> units;
  for (std::size_t d = 0; d < simulator.parameters.size(); ++d) {
    const ParameterInfo& p = simulator.parameters[d];
    ParameterUnits of{.prior = p.prior, .mean = 0, .deviation = 1};
    of.scores = works_on_scores(p);
    if (needs_map(p))
      of.map = {.nodes_of = maps[d].data(),
                .logarithmic = is_logarithmic(p.prior),
                .low = static_cast<float>(p.low),
                .high = static_cast<float>(p.high)};
    if (!of.scores) {
      const auto [low, high] = proposed_range(p);
      of.mean = static_cast<float>(p.mean());
      of.deviation = static_cast<float>(p.deviation());
      of.low = static_cast<float>(low);
      of.high = static_cast<float>(high);
    }
    units.push_back(of);
  }
  return units;
}

ShownRange shown_range(const ParameterInfo& parameter) {
  if (parameter.prior == Prior::uniform || parameter.prior == Prior::normal) return {parameter.low, parameter.high};
  return {natural_of_score(parameter, -2.5), natural_of_score(parameter, 2.5)};
}

std::string prior_text(const ParameterInfo& p) {
  switch (p.prior) {
    case Prior::uniform:
      return fmt::format("uniform on [{}, {}]", p.low, p.high);
    case Prior::normal:
      return fmt::format("normal with mean {:g}, deviation {:.4g}", p.mean(), p.deviation());
    case Prior::log_uniform:
      return fmt::format("log-uniform on [{}, {}]", p.low, p.high);
    case Prior::log_normal:
      return fmt::format("log-normal, the logarithm's mean {:g}, deviation {:.4g}", p.first, p.second);
    case Prior::truncated_normal:
      return fmt::format("normal with mean {:g}, deviation {:.4g}, cut to [{}, {}]", p.first, p.second, p.low, p.high);
    case Prior::beta:
      return fmt::format("beta({:g}, {:g})", p.first, p.second);
    case Prior::gamma:
      return fmt::format("gamma with shape {:g}, scale {:g}", p.first, p.second);
    case Prior::exponential:
      return fmt::format("exponential with rate {:g}", p.first);
  }
  return {};
}

}  // namespace alfi
