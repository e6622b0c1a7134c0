#include "src/model/truncated_law.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "src/numerics/quadrature.hpp"
#include "src/numerics/statistics.hpp"
#include "src/numerics/truncated_normal.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

/// Deviations beyond which a normal law has 1e-15 of its probability: an end there changes nothing.
constexpr double negligible = 8;
/// Deviations from the mode beyond which a truncated law's density is below e^-45 of it.
constexpr double widest = 12;
/// Deviations outside the range from which on nothing of a law is left in it.
constexpr double most_outside = 1e4;

/// Legendre polynomials at the nodes of a rule.
class Legendre {
 public:
  static constexpr std::size_t size = 64;  // a density e^-45 high at its ends is written to 1e-12

  Legendre() {
    std::size_t i = 0;
    GaussLegendre(size).over(-1, 1, [&](double node, double weight) {
      nodes[i] = node;
      weights[i] = weight;
      double before = 0, value = 1;
      for (std::size_t n = 0; n < size; ++n) {
        at[n][i] = value;
        before = std::exchange(value, next(n, node, value, before));
      }
      ++i;
    });
  }

  /// Returns P_(n + 1) from P_n and P_(n − 1).
  static double next(std::size_t n, double t, double value, double before) {
    const auto order = static_cast<double>(n);
    return ((2 * order + 1) * t * value - order * before) / (order + 1);
  }

  std::array<double, size> nodes{}, weights{};
  std::array<std::array<double, size>, size> at{};  ///< P_n at node i
};

const Legendre& legendre() {
  static const Legendre all;
  return all;
}

struct Distribution {
  double probability, density;
};

/// Computes a series of Legendre polynomials at t, and its integral from −1 to t.
Distribution distribution(const std::vector<double>& series, double t) {
  double before = 0, value = 1, probability = series[0] * (t + 1), density = series[0];
  for (std::size_t n = 1; n < series.size(); ++n) {
    const double older = before;
    before = std::exchange(value, Legendre::next(n - 1, t, value, older));
    const double after = Legendre::next(n, t, value, before);
    probability += series[n] * (after - before) / (2 * static_cast<double>(n) + 1);
    density += series[n] * value;
  }
  return {std::clamp(probability, 0.0, 1.0), density};
}

/// Finds where a concave function on [low, high] is largest.
template <class Function>
double peak(double low, double high, Function f) {
  constexpr double part = 1 - 1 / std::numbers::phi;
  double a = low + part * (high - low), b = high - part * (high - low), at_a = f(a), at_b = f(b);
  for (int step = 0; step < 60; ++step) {
    if (at_a < at_b) {
      low = std::exchange(a, b), at_a = at_b;
      b = high - part * (high - low), at_b = f(b);
    } else {
      high = std::exchange(b, a), at_b = at_a;
      a = low + part * (high - low), at_a = f(a);
    }
  }
  return at_a < at_b ? b : a;
}

}  // namespace

/// Probability, given z of one parameter, that those others that have an end are within their ranges.
class TruncatedLaw::Box {
 public:
  Box(const TruncatedLaw& law, std::size_t d, const std::vector<std::size_t>& ended) {
    using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    std::vector<Eigen::Index> order{static_cast<Eigen::Index>(d)};
    if (law.coupled())
      for (const std::size_t other : ended)
        if (other != d) order.push_back(static_cast<Eigen::Index>(other));
    const auto D = static_cast<Eigen::Index>(law.ranges_.size());
    factor_ = Matrix::Map(law.law_.correlation.data(), D, D)(order, order).llt().matrixL();
    for (const Eigen::Index i : order) ends_.push_back(law.ends(static_cast<std::size_t>(i)));
  }

  /// Tells whether it is 1 for all z.
  bool is_constant() const { return ends_.size() == 1; }

  double log_probability(double z) const {
    const std::size_t others = ends_.size() - 1;
    if (others == 0) return 0;
    const int points = others == 1 ? 1 : 512;
    std::vector<double> logs;
    for (int point = 0; point < points; ++point) logs.push_back(log_product(z, point));
    const double top = *std::ranges::max_element(logs);
    if (!std::isfinite(top)) return top;
    double sum = 0;
    for (const double log : logs) sum += std::exp(log - top);
    return top + std::log(sum / points);
  }

 private:
  /// Returns Genz's product at a point of Richtmyer's lattice, whose coordinates are multiples of roots of primes.
  double log_product(double z, int point) const {
    constexpr double primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53};
    Eigen::VectorXd normal = Eigen::VectorXd::Zero(factor_.rows());
    normal[0] = z;
    double log = 0;
    for (Eigen::Index k = 1; k < factor_.rows(); ++k) {
      const double centre = factor_.row(k).head(k).dot(normal.head(k)), spread = factor_(k, k);
      const auto [low, high] = ends_[static_cast<std::size_t>(k)];
      const double from = (low - centre) / spread, to = (high - centre) / spread;
      log += log_normal_probability(from, to);
      if (k + 1 == factor_.rows()) break;
      const double multiple = (point + 0.5) * std::sqrt(primes[static_cast<std::size_t>(k - 1) % std::size(primes)]);
      const double u =
          std::abs(2 * (multiple - std::floor(multiple)) - 1);  // folded, so that the integrand is periodic
      normal[k] = truncated_normal_quantile(from, to, u, 1 - u);
    }
    return log;
  }

  Eigen::MatrixXd factor_;
  std::vector<Range> ends_;
};

std::vector<Range> prior_ranges(const SimulatorInfo& simulator) {
  std::vector<Range> ranges;
  for (const ParameterInfo& p : simulator.parameters)
    ranges.push_back(p.prior == Prior::normal || works_on_scores(p)
                         ? Range{}
                         : Range{(p.low - p.mean()) / p.deviation(), (p.high - p.mean()) / p.deviation()});
  return ranges;
}

TruncatedLaw::TruncatedLaw(ProposalLaw law, std::span<const Range> ranges)
    : law_(std::move(law)),
      ranges_(ranges.begin(), ranges.end()),
      mean_(law_.mean),
      deviation_(law_.deviation),
      marginals_(ranges.size()) {
  std::vector<std::size_t> ended;
  for (std::size_t d = 0; d < ranges_.size(); ++d) {
    const auto [low, high] = ends(d);
    if (!(std::isfinite(law_.mean[d]) && law_.deviation[d] > 0) || low > most_outside || high < -most_outside) {
      ranges_.assign(ranges_.size(), {});
      return;
    }
    if (low > -negligible || high < negligible) ended.push_back(d);
  }
  const bool all = coupled();
  for (std::size_t d = 0; d < ranges_.size() && !ended.empty(); ++d) {
    if (!all && std::ranges::find(ended, d) == ended.end()) continue;
    if (truncate(d, Box(*this, d, ended), !all || d == 0)) continue;
    *this = TruncatedLaw(law_, std::vector<Range>(ranges_.size()));
    return;
  }
}

bool TruncatedLaw::coupled() const {
  const std::size_t D = ranges_.size();
  for (std::size_t i = 0; i < D; ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (law_.correlation[i * D + j] != 0) return true;
  return false;
}

bool TruncatedLaw::within(std::span<const double> theta) const {
  for (std::size_t d = 0; d < ranges_.size(); ++d)
    if (!(theta[d] >= ranges_[d].low && theta[d] <= ranges_[d].high)) return false;
  return true;
}

/// Returns the ends of z.
Range TruncatedLaw::ends(std::size_t d) const {
  return {(ranges_[d].low - law_.mean[d]) / law_.deviation[d], (ranges_[d].high - law_.mean[d]) / law_.deviation[d]};
}

/// Finds the law of parameter d; `counts` says that it holds the probability of the ranges. Returns false where nothing
/// of it is left.
bool TruncatedLaw::truncate(std::size_t d, const Box& box, bool counts) {
  const auto [low, high] = ends(d);
  const auto log_density = [&](double z) { return box.log_probability(z) - z * z / 2; };
  double mode = std::clamp(0.0, low, high);
  if (!box.is_constant()) mode = peak(std::max(low, mode - widest), std::min(high, mode + widest), log_density);
  const double top = log_density(mode);
  if (!std::isfinite(top)) return false;
  const auto keep = [&](double u) { return log_density(mode + u) > top - negligible_drop; };
  const double from = mode + reach(std::max(low - mode, -widest), keep),
               to = mode + reach(std::min(high - mode, widest), keep);
  Marginal law{0.5 * (from + to), 0.5 * (to - from), {}, std::vector<double>(Legendre::size, 0)};
  double mass = 0;
  for (std::size_t i = 0; i < Legendre::size; ++i) {
    law.weights.push_back(legendre().weights[i] *
                          std::exp(log_density(law.middle + law.half * legendre().nodes[i]) - top));
    mass += law.weights.back();
  }
  WeightedMoments moments;
  for (std::size_t i = 0; i < Legendre::size; ++i) {
    law.weights[i] /= mass;
    moments.add(law.weights[i], law.half * legendre().nodes[i]);
    for (std::size_t n = 0; n < Legendre::size; ++n)
      law.series[n] += (static_cast<double>(n) + 0.5) * law.weights[i] * legendre().at[n][i];
  }
  if (!(law.half > 0)) return false;
  if (counts) log_mass_ += std::log(mass * law.half) + top - 0.5 * std::log(2 * std::numbers::pi);
  mean_[d] = law_.mean[d] + law_.deviation[d] * (law.middle + moments.mean());
  deviation_[d] = law_.deviation[d] * moments.deviation();
  marginals_[d] = std::move(law);
  return true;
}

double TruncatedLaw::probability(std::size_t d, double x) const {
  const double z = (x - law_.mean[d]) / law_.deviation[d];
  if (!marginals_[d]) return normal_cdf(z);
  return distribution(marginals_[d]->series, std::clamp((z - marginals_[d]->middle) / marginals_[d]->half, -1.0, 1.0))
      .probability;
}

double TruncatedLaw::quantile(std::size_t d, double p) const {
  if (!marginals_[d]) return law_.mean[d] + law_.deviation[d] * normal_quantile(p);
  if (!coupled()) {
    const auto [from, to] = ends(d);
    return law_.mean[d] + law_.deviation[d] * truncated_normal_quantile(from, to, p, 1 - p);
  }
  double low = -1, high = 1, t = 0;
  for (int step = 0; step < 100; ++step) {  // Newton's steps, and a bisection where one leads away
    const auto [probability, density] = distribution(marginals_[d]->series, t);
    (probability < p ? low : high) = t;
    double next = t - (probability - p) / density;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    if (std::abs(next - std::exchange(t, next)) < 1e-15) break;
  }
  return law_.mean[d] + law_.deviation[d] * (marginals_[d]->middle + marginals_[d]->half * t);
}

double TruncatedLaw::loss(std::span<const double> truth) const { return normal_loss(law_, truth) + log_mass_; }

void TruncatedLaw::over(std::size_t d, const std::function<void(double, double)>& visit) const {
  if (marginals_[d]) {
    const Marginal& law = *marginals_[d];
    for (std::size_t i = 0; i < Legendre::size; ++i)
      visit(law_.mean[d] + law_.deviation[d] * (law.middle + law.half * legendre().nodes[i]), law.weights[i]);
    return;
  }
  static const GaussLegendre rule(64);
  rule.over(-negligible, negligible, [&](double z, double weight) {
    visit(law_.mean[d] + law_.deviation[d] * z, weight * std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi));
  });
}

NaturalLaw natural_law(const ParameterInfo& parameter, const TruncatedLaw& law, std::size_t d, double level) {
  const auto natural = [&](double standard) { return natural_of(parameter, standard); };
  NaturalLaw of{natural(law.mean()[d]), law.deviation()[d], law.deviation()[d], law.deviation()[d]};
  if (std::isnan(of.deviation)) return of;  // the estimate alone
  of.lower = natural(law.quantile(d, 0.5 * (1 - level)));
  of.upper = natural(law.quantile(d, 0.5 * (1 + level)));
  if (!works_on_scores(parameter)) {
    of.deviation *= parameter.deviation();
    return of;
  }
  if (!(of.deviation > 0)) return of;
  WeightedMoments moments;  // counted from the middle, which keeps their digits
  law.over(d, [&](double standard, double weight) { moments.add(weight, natural(standard) - of.mean); });
  of.mean += moments.mean();
  of.deviation = moments.deviation();
  return of;
}

}  // namespace alfi
