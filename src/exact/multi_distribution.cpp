// Vectors x = A z of five independent components z with theta ~ U(-3, 3)^3.
//
// z = A^-1 x is known, and each parameter has a component of its own:
//   z_1 ~ N(theta_1, 1)               posterior: a Gaussian of deviation 1 / sqrt(R) cut to the prior's interval;
//   z_2 ~ N(3, e^(theta_2 / 3))       log L = -R theta_2 / 3 - e^(-2 theta_2 / 3) sum (z_2 - 3)^2 / 2, concave;
//   z_4 ~ U(-5, theta_3)              L = (theta_3 + 5)^-R above the largest z_4, 0 below.
// Maximum likelihood is the mean of z_1, 3/2 log of the mean of (z_2 - 3)^2, and the largest z_4.
#include "kernels/sim/multi_distribution.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "alfi/error.hpp"
#include "src/exact/exact.hpp"
#include "src/numerics/quadrature.hpp"

namespace alfi {
namespace {

using Sim = MultiDistribution;
using Vector = Eigen::Matrix<double, Sim::X, 1>;

/// x's rounding to float moves z_4, whose coefficients' sizes add up to 5.4, by up to this for |x| <= 3.
constexpr double rounding = 1e-6;

class ExactMultiDistribution final : public ExactInference {
 public:
  ExactMultiDistribution() {
    Eigen::Matrix<double, Sim::X, Sim::X> mixing;
    for (int i = 0; i < Sim::X; ++i)
      for (int j = 0; j < Sim::X; ++j) mixing(i, j) = Sim::mixing.row[i][j];
    unmixing_ = mixing.inverse();
  }

  std::vector<double> maximum_likelihood(std::span<const float> x) const override {
    return summary_of(x).maximum_likelihood();
  }

  Exact infer(std::span<const float> x) const override {
    const Summary summary = summary_of(x);
    const double count = summary.count, mean = summary.mean, square = summary.square, largest = summary.largest;
    Exact exact{summary.maximum_likelihood(), {}, {}};
    const double mean_mode = std::clamp(mean, Sim::facts.law(0).low, Sim::facts.law(0).high), beyond = mean - mean_mode;
    add(exact, mean_mode, Sim::facts.law(0).low, Sim::facts.law(0).high,
        [&](double u) { return -0.5 * count * u * (u - 2 * beyond); });
    const double second_mode = std::clamp(summary.second(), Sim::facts.law(1).low, Sim::facts.law(1).high);
    const double scaled = 0.5 * square * std::exp(-2 * second_mode / 3);
    add(exact, second_mode, Sim::facts.law(1).low, Sim::facts.law(1).high,
        [&](double u) { return -count * (u / 3 + scaled * std::expm1(-2 * u / 3)); });
    // An end beyond the prior's has no posterior; the nearest that rounding could hide has.
    const double end = std::clamp(largest, Sim::facts.law(2).low, Sim::facts.law(2).high - rounding);
    add(exact, end, end, Sim::facts.law(2).high,
        [&](double u) { return -count * std::log1p(u / (end - uniform_low)); });
    return exact;
  }

 private:
  /// All that the likelihood depends on.
  struct Summary {
    double count, mean, square, largest;  ///< of z_1, (z_2 - 3)^2, z_4

    double second() const { return 1.5 * std::log(square); }  // −infinity where there is none
    std::vector<double> maximum_likelihood() const { return {mean, square > 0 ? second() : NAN, largest}; }
  };

  Summary summary_of(std::span<const float> x) const {
    if (x.empty() || x.size() % Sim::X != 0)
      throw InputError(fmt::format("x: {} numbers (multi_distribution needs at least one observation of 5)", x.size()));
    const std::size_t observations = x.size() / Sim::X;
    const auto count = static_cast<double>(observations);
    double mean = 0, square = 0, largest = -INFINITY;
    for (std::size_t i = 0; i < x.size(); i += Sim::X) {
      Vector observation;
      for (int k = 0; k < Sim::X; ++k) {
        const float value = x[i + static_cast<std::size_t>(k)];
        if (!std::isfinite(value)) throw InputError(fmt::format("x: {} is not finite", value));
        observation[k] = static_cast<double>(value);
      }
      const Vector z = unmixing_ * observation;
      mean += z[0] / count;
      square += (z[1] - 3) * (z[1] - 3) / count;
      largest = std::max(largest, z[3]);
    }
    return {count, mean, square, largest};
  }

  static constexpr double uniform_low = static_cast<double>(Sim::uniform_low);

  /// Mean and deviation of theta = mode + u in [low, high] from its log density, which is 0 at the mode and falls on
  /// both sides.
  template <class LogDensity>
  void add(Exact& exact, double mode, double low, double high, LogDensity log_density) const {
    const auto keep = [&](double u) { return log_density(u) > -negligible_drop; };
    WeightedMoments moments;
    rule_.over(reach(low - mode, keep), reach(high - mode, keep),
               [&](double u, double weight) { moments.add(weight * std::exp(log_density(u)), u); });
    exact.posterior_mean.push_back(mode + moments.mean());
    exact.posterior_deviation.push_back(moments.deviation());
  }

  Eigen::Matrix<double, Sim::X, Sim::X> unmixing_;
  // A Gaussian cut at +-9.5 deviations, the hardest case, is integrated to 1e-13 by 64 nodes.
  GaussLegendre rule_{64};
};

}  // namespace

std::unique_ptr<ExactInference> make_exact_multi_distribution() { return std::make_unique<ExactMultiDistribution>(); }

}  // namespace alfi
