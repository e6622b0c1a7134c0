// The predictive check of exact posteriors: what it says of a simulator's own data, and of data that none made.
#include "src/evaluation/predictive_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "src/engine/engine.hpp"
#include "src/exact/exact.hpp"
#include "src/formats/observations.hpp"
#include "src/model/draws.hpp"

namespace alfi {
namespace {

/// A simulator with exact inference, whose answers are checked.
class Checked {
 public:
  explicit Checked(const std::string& simulator, Transform transform = Transform::none)
      : plan_(configuration(simulator, transform)),
        normalisation_(pilot_normalisation(plan_)),
        exact_(make_exact_inference(plan_.simulator)) {}

  const SimulatorInfo& simulator() const { return plan_.simulator; }

  PredictiveCheck check(const std::vector<float>& x, std::uint64_t seed = 1) const {
    const Exact exact = exact_->infer(x);
    const std::size_t D = exact.posterior_mean.size();
    std::vector<double> mean, deviation;
    for (std::size_t d = 0; d < D; ++d) {
      const ParameterInfo& p = plan_.simulator.parameters[d];
      mean.push_back((exact.posterior_mean[d] - p.mean()) / p.deviation());
      deviation.push_back(exact.posterior_deviation[d] / p.deviation());
    }
    return check_prediction(plan_, normalisation_, {uncoupled_law(mean, deviation), prior_ranges(plan_.simulator)}, x,
                            seed);
  }

  /// Observations at a draw from the prior.
  std::vector<float> draw(std::uint32_t problem, int count) const {
    const std::vector<double> theta = draw_prior(plan_.simulator, {1, 2}, problem);
    std::vector<float> x(static_cast<std::size_t>(count * plan_.shape.X));
    simulate_into(plan_.simulator, theta, {3, problem}, count, x.data());
    return x;
  }

 private:
  static Configuration configuration(const std::string& simulator, Transform transform) {
    Configuration c;
    c.simulator = {simulator, {}, transform};
    return c;
  }

  Plan plan_;
  Normalisation normalisation_;
  std::unique_ptr<ExactInference> exact_;
};

TEST(PredictiveCheck, GivesFewFalseAlarms) {
  const struct {
    const char* simulator;
    Transform transform;
    int count;
  } cases[] = {{"poisson", Transform::sqrt, 200},
               {"gaussian", Transform::none, 50},
               {"weinberg", Transform::none, 100},
               {"gaussian_linear", Transform::none, 1},
               {"multi_distribution", Transform::none, 30}};
  for (const auto& [simulator, transform, count] : cases) {
    const Checked checked(simulator, transform);
    constexpr std::uint32_t problems = 300;
    int alarms = 0;
    double mean = 0;
    for (std::uint32_t i = 0; i < problems; ++i) {
      const double p = checked.check(checked.draw(i, count), i).ranks.p;
      alarms += p <= 0.01 ? 1 : 0;
      mean += p / problems;
    }
    EXPECT_LE(alarms, 9) << simulator;  // 2.3 expected at most: more with a probability of 1e-4
    EXPECT_GT(mean, 0.45) << simulator;
    EXPECT_LT(mean, 0.95) << simulator;  // the answer has seen the data; of one observation it has seen all
  }
}

std::vector<float> with(std::vector<float> x, std::initializer_list<std::pair<std::size_t, float>> others) {
  for (const auto& [place, value] : others) x[place] = value;
  return x;
}

TEST(PredictiveCheck, FindsCountsThatNoPoissonLawMakes) {
  const Checked poisson("poisson", Transform::sqrt);
  for (const char* const file : {"counts_all_zero", "counts_missing_code_999", "counts_overdispersed"}) {
    const Observations data = read_observations(std::string(ALFI_TEST_DATA "/cases/") + file + ".csv");
    EXPECT_LE(poisson.check(data.values).ranks.p, 0.01) << file;
  }
  std::mt19937 generator(1);
  for (const double rate : {3.0, 12.0, 60.0}) {
    std::poisson_distribution<int> law(rate);
    std::vector<float> own(500), zeros, twice, half;
    for (float& x : own) x = static_cast<float>(law(generator));
    for (std::size_t i = 0; i < own.size(); ++i) zeros.push_back(i % 8 == 0 ? 0 : own[i]);
    std::negative_binomial_distribution<int> wide(static_cast<int>(rate), 0.5);  // variance 2 rate
    std::binomial_distribution<int> narrow(static_cast<int>(2 * rate), 0.5);     // variance rate / 2
    for (std::size_t i = 0; i < own.size(); ++i) {
      twice.push_back(static_cast<float>(wide(generator)));
      half.push_back(static_cast<float>(narrow(generator)));
    }
    EXPECT_GT(poisson.check(own).ranks.p, 0.05) << rate;
    EXPECT_LE(poisson.check(zeros).ranks.p, 0.01) << rate;
    EXPECT_LE(poisson.check(twice).ranks.spread_p, 0.01) << rate;
    EXPECT_LE(poisson.check(twice).ranks.p, 0.01) << rate;
    EXPECT_LE(poisson.check(half).ranks.p, 0.01) << rate;
    EXPECT_LE(poisson.check(with(own, {{7, static_cast<float>(5 * rate + 20)}})).ranks.extremes_p, 0.01) << rate;
    EXPECT_LE(poisson.check(std::vector<float>(500, static_cast<float>(rate))).ranks.p, 0.01) << rate;
  }
}

TEST(PredictiveCheck, FindsNumbersThatNoNormalLawMakes) {
  const Checked gaussian("gaussian");
  EXPECT_LE(gaussian.check(read_observations(ALFI_TEST_DATA "/cases/gaussian_missing_code.csv").values).ranks.p, 0.01);
  std::mt19937 generator(2);
  std::normal_distribution<float> normal(0.3F, 0.8F);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::exponential_distribution<float> exponential(1);
  std::vector<float> own(500), even(1000), skewed(500), spike;
  for (float& x : own) x = normal(generator);
  for (float& x : even) x = uniform(generator);
  for (float& x : skewed) x = exponential(generator);
  for (std::size_t i = 0; i < own.size(); ++i) spike.push_back(i % 10 == 0 ? 0 : own[i]);
  EXPECT_GT(gaussian.check(own).ranks.p, 0.05);
  EXPECT_LE(gaussian.check(even).ranks.p, 0.01);
  EXPECT_LE(gaussian.check(skewed).ranks.p, 0.01);
  EXPECT_LE(gaussian.check(spike).ranks.shape_p, 0.01);
  for (const float far : {-12.0F, 12.0F})
    EXPECT_LE(gaussian.check(with(own, {{3, far}})).ranks.extremes_p, 0.01) << far;
}

TEST(PredictiveCheck, OfALawThatIsNotFiniteIsNoNumber) {
  const Plan plan = [] {
    Configuration c;
    c.simulator = {"poisson", {}, Transform::sqrt};
    return c;
  }();
  const double nan = std::nan("");
  const std::vector<float> x{1, 2, 3};
  for (const ProposalLaw& law : {uncoupled_law({nan}, {1}), uncoupled_law({0}, {nan})}) {
    const PredictiveCheck check =
        check_prediction(plan, {{0}, {1}}, TruncatedLaw(law, prior_ranges(plan.simulator)), x, 1);
    EXPECT_TRUE(std::isnan(check.ranks.p));
    EXPECT_TRUE(check.simulated_distances.empty());
  }
}

}  // namespace
}  // namespace alfi
