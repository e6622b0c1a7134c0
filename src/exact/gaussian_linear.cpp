// Normal observations x ~ N(theta, v I) with theta ~ N(0, v I), v = 0.1 for both.
//
// Maximum likelihood is the mean m of the R observations. The posterior is normal with precision (1 + R) / v in every
// dimension, so its mean is R m / (1 + R) and its deviation sqrt(v / (1 + R)); no two dimensions are correlated.
#include "kernels/sim/gaussian_linear.hpp"

#include <fmt/format.h>

#include <cmath>

#include "alfi/error.hpp"
#include "src/exact/exact.hpp"

namespace alfi {
namespace {

class ExactGaussianLinear final : public ExactInference {
 public:
  explicit ExactGaussianLinear(int dimensions) : dimensions_(static_cast<std::size_t>(dimensions)) {}

  std::vector<double> maximum_likelihood(std::span<const float> x) const override {
    if (x.empty() || x.size() % dimensions_ != 0)
      throw InputError(
          fmt::format("x: {} numbers (gaussian_linear needs at least one observation of {})", x.size(), dimensions_));
    const std::size_t observations = x.size() / dimensions_;
    const auto count = static_cast<double>(observations);
    std::vector<double> mean(dimensions_);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!std::isfinite(x[i])) throw InputError(fmt::format("x: {} is not finite", x[i]));
      mean[i % dimensions_] += static_cast<double>(x[i]) / count;
    }
    return mean;
  }

  Exact infer(std::span<const float> x) const override {
    Exact exact{maximum_likelihood(x), {}, {}};
    const std::size_t observations = x.size() / dimensions_;
    const auto count = static_cast<double>(observations);
    for (const double mean : exact.maximum_likelihood) {
      exact.posterior_mean.push_back(mean * count / (1 + count));
      exact.posterior_deviation.push_back(std::sqrt(GaussianLinear::variance / (1 + count)));
    }
    return exact;
  }

 private:
  std::size_t dimensions_;
};

}  // namespace

std::unique_ptr<ExactInference> make_exact_gaussian_linear(int dimensions) {
  return std::make_unique<ExactGaussianLinear>(dimensions);
}

}  // namespace alfi
