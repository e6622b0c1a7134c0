// Exact inference by a header's own log likelihood, against closed forms and the inference that alfi's own simulators
// have.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "src/exact/exact.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

/// Compiles a simulator of these parameters and this log density; nothing is drawn from it.
SimulatorInfo with_density(const test::TemporaryFolder& folder, const std::string& name, const std::string& parameters,
                           const std::string& density) {
  const std::filesystem::path header = folder.path() / (name + ".hpp");
  std::ofstream(header)
      << "#include <alfi/simulator.hpp>\n#include <cmath>\nstruct Own {\n  static constexpr auto facts = "
         "alfi::simulator(\"" +
             name + "\", \"\")" + parameters +
             ".observations(1, alfi::real(-1000, 1000), \"numbers\");\n  template <class Random>\n  "
             "ALFI_DEVICE static void simulate(const float*, Random&, float* x) { x[0] = 0; }\n  static "
             "double exact(const double* theta, const float* x) { return " +
             density + "; }\n};\nALFI_SIMULATOR(Own)\n";
  return simulator_at(header.string(), {});
}

TEST(ExactByLikelihood, IsThatOfThePoissonLaw) {
  test::TemporaryFolder folder;
  const SimulatorInfo own = with_density(folder, "counts", ".parameter(\"log_rate\", \"\", alfi::uniform(0.2, 7))",
                                         "x[0] * theta[0] - std::exp(theta[0])");
  const auto exact = make_exact_inference(own), known = make_exact_inference(find_simulator("poisson"));
  ASSERT_NE(exact, nullptr);
  for (const std::vector<float>& x :
       {std::vector<float>{3, 5, 4}, {0, 1, 0, 2, 1}, std::vector<float>(100, 900), {1}}) {
    const Exact got = exact->infer(x), expected = known->infer(x);
    const double deviation = expected.posterior_deviation[0];
    EXPECT_NEAR(got.posterior_mean[0], expected.posterior_mean[0], 2e-3 * deviation);
    EXPECT_NEAR(got.posterior_deviation[0], deviation, 5e-3 * deviation);
    const double shown = exact->maximum_likelihood(x)[0];
    if (expected.maximum_likelihood[0] > 0.2) {
      EXPECT_NEAR(got.maximum_likelihood[0], expected.maximum_likelihood[0], 1e-2 * deviation);
      EXPECT_EQ(shown, got.maximum_likelihood[0]);
    } else {  // beyond the prior
      EXPECT_NEAR(got.maximum_likelihood[0], 0.2, 1e-2);
      EXPECT_TRUE(std::isnan(shown));
    }
    EXPECT_TRUE(got.on_scale.mean.empty());
  }
}

TEST(ExactByLikelihood, IsThatOfTheNormalLaw) {
  test::TemporaryFolder folder;
  const SimulatorInfo own = with_density(
      folder, "bell", ".parameter(\"mu\", \"\", alfi::uniform(-10, 10)).parameter(\"s\", \"\", alfi::uniform(-2, 1.5))",
      "-theta[1] - std::pow((x[0] - theta[0]) * std::exp(-theta[1]), 2) / 2");
  const auto exact = make_exact_inference(own), known = make_exact_inference(find_simulator("gaussian"));
  std::mt19937_64 engine(1);
  for (const int count : {3, 20, 200}) {
    std::normal_distribution<float> normal(2, 1.5F);
    std::vector<float> x;
    for (int i = 0; i < count; ++i) x.push_back(normal(engine));
    const Exact got = exact->infer(x), expected = known->infer(x);
    for (std::size_t d = 0; d < 2; ++d) {
      const double deviation = expected.posterior_deviation[d];
      EXPECT_NEAR(got.posterior_mean[d], expected.posterior_mean[d], 0.02 * deviation) << count;
      EXPECT_NEAR(got.posterior_deviation[d], deviation, 0.02 * deviation) << count;
      EXPECT_NEAR(got.maximum_likelihood[d], expected.maximum_likelihood[d], 0.02 * deviation) << count;
    }
    EXPECT_NEAR(got.posterior_correlation[1], expected.posterior_correlation[1], 0.02);
  }
}

// Exponential waiting times with a gamma prior of the rate: the posterior is a gamma law.
TEST(ExactByLikelihood, IsOnTheMachinesScaleToo) {
  test::TemporaryFolder folder;
  const SimulatorInfo own = with_density(folder, "waiting", ".parameter(\"rate\", \"\", alfi::gamma(2, 0.5))",
                                         "std::log(theta[0]) - theta[0] * x[0]");
  const Exact got = make_exact_inference(own)->infer(std::vector<float>{1, 2, 0.5F, 1.5F});
  const double shape = 2 + 4, rate = 2 + 5;
  EXPECT_NEAR(got.posterior_mean[0], shape / rate, 1e-3);
  EXPECT_NEAR(got.posterior_deviation[0], std::sqrt(shape) / rate, 1e-3);
  EXPECT_NEAR(got.maximum_likelihood[0], 4.0 / 5, 1e-3);
  // The scores' moments by a fine sum over them.
  double weight = 0, sum = 0, squares = 0;
  for (double z = -6; z < 6; z += 0.01) {
    const double theta = natural_of_score(own.parameters[0], z),
                 w = std::exp(4 * std::log(theta) - 5 * theta - z * z / 2);
    weight += w;
    sum += w * z;
    squares += w * z * z;
  }
  ASSERT_EQ(got.on_scale.mean.size(), 1U);
  EXPECT_NEAR(got.on_scale.mean[0], sum / weight, 1e-3);
  EXPECT_NEAR(got.on_scale.deviation[0], std::sqrt(squares / weight - std::pow(sum / weight, 2)), 1e-3);
  EXPECT_NEAR(natural_of_score(own.parameters[0], got.on_scale.maximum_likelihood[0]), 0.8, 1e-3);
}

}  // namespace
}  // namespace alfi
