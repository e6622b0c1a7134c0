// Machine::infer of many sets: the bits of each set's alone, and what is drawn from answers.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/machine.hpp"
#include "alfi/simulators.hpp"
#include "src/engine/encoder_choice.hpp"
#include "src/machine/fit.hpp"
#include "src/model/draws.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using test::small_checkpoint;
using test::small_configuration;
using testing::HasSubstr;

/// Makes a machine of random weights that looks at its simulations.
Machine looking_machine(const Configuration& configuration) {
  Checkpoint checkpoint = small_checkpoint(configuration);
  checkpoint.state.average = checkpoint.state.weights;
  const test::TemporaryFolder folder;
  return Machine::load(test::write_small_machine(folder.path(), checkpoint));
}

/// Sets of a simulator's observations, of sizes below, within and above what the machine knows.
struct Sets {
  std::vector<std::vector<float>> x;
  std::vector<DataSet> sets;

  Sets(const std::string& simulator, int count) {
    const SimulatorInfo info = find_simulator(simulator);
    std::vector<double> theta;
    for (const ParameterInfo& p : info.parameters) theta.push_back(0.5 * (p.low + p.high));
    for (int k = 0; k < count; ++k) x.push_back(simulate(simulator, theta, 3 + k % 20, static_cast<unsigned long>(k)));
    for (int k = 0; k < count; ++k) sets.push_back({x[static_cast<std::size_t>(k)], 3 + k % 20});
  }
};

std::vector<double> all_of(const Posterior& p) {
  std::vector<double> all{p.level, static_cast<double>(p.used), static_cast<double>(p.replicates)};
  for (const ParameterEstimate& e : p.parameters) all.insert(all.end(), {e.mean, e.deviation, e.lower, e.upper});
  for (const auto& named : numbers_of(p.fit)) all.push_back(named.second);
  for (const auto* const numbers :
       {&p.fit.simulated_distances, &p.correlation, &p.standard.mean, &p.standard.deviation})
    all.insert(all.end(), numbers->begin(), numbers->end());
  return all;
}

void expect_equal(const Posterior& one, const Posterior& other) {
  const std::vector<double> expected = all_of(one), answer = all_of(other);
  ASSERT_EQ(expected.size(), answer.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_TRUE(answer[i] == expected[i] || (std::isnan(answer[i]) && std::isnan(expected[i]))) << i;
  EXPECT_EQ(one.seed, other.seed);
  ASSERT_EQ(one.warnings.size(), other.warnings.size());
  for (std::size_t i = 0; i < one.warnings.size(); ++i) EXPECT_EQ(one.warnings[i].text, other.warnings[i].text);
}

TEST(ManySets, HaveTheBitsOfEachAlone) {
  for (const Family family : {Family::gaussian, Family::gaussian_fixed, Family::point, Family::gaussian_full})
    for (const Encoder encoder : {Encoder::automatic, Encoder::dense, Encoder::segments}) {
      Configuration configuration = small_configuration("gaussian");
      configuration.proposal.family = family;
      if (family == Family::point) configuration.training.loss = Loss::mse;
      configuration.engine.encoder = encoder;
      const Machine machine = looking_machine(configuration);
      const Sets given("gaussian", 43);
      for (const int replicates : {1, 4, 16}) {
        SCOPED_TRACE(fmt::format("family {}, encoder {}, {} replicates", static_cast<int>(family),
                                 static_cast<int>(encoder), replicates));
        std::vector<Posterior> alone;
        for (const DataSet& set : given.sets)
          alone.push_back(machine.infer(set.x, set.count, {.replicates = replicates}));
        EXPECT_NE(all_of(alone[0]), all_of(alone[20])) << "the same size, other data";
        for (const int threads : {1, 2})
          for (const std::size_t K : {std::size_t{1}, std::size_t{2}, std::size_t{43}}) {
            const auto together =
                machine.infer(std::span(given.sets).first(K), {.replicates = replicates, .threads = threads});
            ASSERT_EQ(together.size(), K);
            for (std::size_t k = 0; k < K; ++k) expect_equal(alone[k], together[k]);
          }
      }
    }
}

TEST(ManySets, AreEncodedAsEachAlone) {
  Configuration configuration = small_configuration("gaussian");
  configuration.episode.iterations = 1;
  configuration.episode.thetas = 2;
  configuration.episode.observations = 1;
  configuration.networks.encoder.hidden = 150;
  configuration.engine.encoder = Encoder::automatic;
  const Machine machine = looking_machine(configuration);
  const Sets given("gaussian", 18);
  const Plan plan = configuration;
  Shape shape = plan.shape;
  std::set<Encoder> encoders;
  for (const DataSet& set : given.sets) {
    shape.R = set.count;
    encoders.insert(choose_encoder(plan, shape, 1, RealSource::given));
  }
  ASSERT_EQ(encoders.size(), 2u) << "some sizes must be looked up and others not; else this test is blind";
  const std::vector<Posterior> together = machine.infer(given.sets);
  for (std::size_t k = 0; k < given.sets.size(); ++k)
    expect_equal(machine.infer(given.sets[k].x, given.sets[k].count), together[k]);
}

TEST(ManySets, OfVectorsHaveTheBitsOfEachAlone) {
  const Machine machine = looking_machine(small_configuration("multi_distribution"));
  const Sets given("multi_distribution", 21);
  const std::vector<Posterior> together = machine.infer(given.sets, {.replicates = 8});
  for (std::size_t k = 0; k < given.sets.size(); ++k)
    expect_equal(machine.infer(given.sets[k].x, given.sets[k].count, {.replicates = 8}), together[k]);
}

TEST(ManySets, ComeInOrderAndUntilTheSinkHasEnough) {
  const Machine machine = looking_machine(small_configuration("poisson", Transform::sqrt));
  const Sets given("poisson", 1100);  // more than go into one pass
  const Posterior last = machine.infer(given.sets.back().x, given.sets.back().count);
  std::vector<std::size_t> firsts;
  std::size_t next = 0;
  machine.infer(given.sets, {}, [&](std::size_t first, std::span<const Posterior> posteriors) {
    EXPECT_EQ(first, next);
    next += posteriors.size();
    firsts.push_back(first);
    if (next == given.sets.size()) expect_equal(last, posteriors.back());
    return true;
  });
  EXPECT_EQ(next, given.sets.size());
  ASSERT_GT(firsts.size(), 1u);
  int calls = 0;
  machine.infer(given.sets, {}, [&](std::size_t, std::span<const Posterior>) {
    ++calls;
    return false;
  });
  EXPECT_EQ(calls, 1);
}

TEST(ManySets, NameTheSetThatIsWrong) {
  const Machine machine = looking_machine(small_configuration("poisson", Transform::sqrt));
  const std::vector<float> good(6, 3.0F), bad{3, 2, -1};
  const std::vector<DataSet> sets{{good, 6}, {bad, 3}}, empty{{good, 6}, {{}, 0}};
  EXPECT_THAT(message_of<InputError>([&] { (void)machine.infer(sets); }), HasSubstr("set 2: observation 3 is -1"));
  EXPECT_THAT(message_of<InputError>([&] { (void)machine.infer(empty); }),
              HasSubstr("set 2: there are no observations"));
  EXPECT_THAT(message_of<InputError>([&] { (void)machine.infer(std::span<const DataSet>{}); }), HasSubstr("no sets"));
  EXPECT_THAT(message_of<InputError>([&] { (void)machine.infer(sets, {.threads = -1}); }), HasSubstr("engine.threads"));
}

/// Moments of draws (count, D) on the machine's scale, undone by each parameter's linear units.
struct SampleMoments {
  std::vector<double> mean, covariance;

  SampleMoments(const std::vector<double>& draws, std::size_t D, const std::vector<ParameterInfo>& units)
      : mean(D), covariance(D * D) {
    const std::size_t count = draws.size() / D;
    const auto at = [&](std::size_t i, std::size_t d) {
      return (draws[i * D + d] - units[d].mean()) / units[d].deviation();
    };
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t d = 0; d < D; ++d) mean[d] += at(i, d) / static_cast<double>(count);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t d = 0; d < D; ++d)
        for (std::size_t e = 0; e < D; ++e)
          covariance[d * D + e] += (at(i, d) - mean[d]) * (at(i, e) - mean[e]) / static_cast<double>(count);
  }
};

TEST(Sample, HasTheMomentsOfTheAnswer) {
  constexpr int count = 100000;
  Configuration configuration = small_configuration("gaussian");
  configuration.proposal.family = Family::gaussian_full;
  const Machine machine = looking_machine(configuration);
  const std::vector<float> x{0.5F, -1, 2, 0.25F, 3, 1};
  Posterior posterior = machine.infer(x, 6, {.replicates = 1, .truncated = false});
  posterior.correlation[1] = posterior.correlation[2] = -0.8;  // what random weights learn is near 0
  const std::vector<double> draws = machine.sample(posterior, count);
  ASSERT_EQ(draws.size(), 2u * count);
  const SampleMoments moments(draws, 2, find_simulator("gaussian").parameters);
  for (std::size_t d = 0; d < 2; ++d) {
    const double deviation = posterior.standard.deviation[d];
    // Five standard errors each: of a mean σ/√n, of a variance √2 σ²/√n, of a covariance √(1 + ρ²) σ₁σ₂/√n.
    EXPECT_NEAR(moments.mean[d], posterior.standard.mean[d], 5 * deviation / std::sqrt(count));
    EXPECT_NEAR(moments.covariance[3 * d], deviation * deviation, 5 * deviation * deviation * std::sqrt(2.0 / count));
  }
  const double product = posterior.standard.deviation[0] * posterior.standard.deviation[1];
  EXPECT_NEAR(moments.covariance[1], -0.8 * product, 5 * product * std::sqrt(1.64 / count));
}

TEST(Sample, IsFixedBySeedAndDataAndBeginsALongerOne) {
  const Machine machine = looking_machine(small_configuration("gaussian"));
  const std::vector<float> x(6, 0.5F), others(6, 0.25F);
  const auto sample = [&](const std::vector<float>& data, std::uint64_t seed, int draws) {
    return machine.sample(machine.infer(data, 6, {.seed = seed}), draws);
  };
  const std::vector<double> ten = sample(x, 1, 10), three = sample(x, 1, 3);
  EXPECT_EQ(three, std::vector<double>(ten.begin(), ten.begin() + 6));
  EXPECT_NE(sample(x, 2, 3), three);
  EXPECT_NE(sample(others, 1, 3), three);
}

TEST(Sample, IsRefusedOfAPointAndOfNoDraws) {
  Configuration configuration = small_configuration("gaussian");
  const std::vector<float> x(6, 0.5F);
  const Machine gaussian = looking_machine(configuration);
  const Posterior answer = gaussian.infer(x, 6);
  EXPECT_THAT(message_of<InputError>([&] { (void)gaussian.sample(answer, 0); }), HasSubstr("draws = 0"));
  EXPECT_THAT(message_of<InputError>([&] { (void)gaussian.predict(answer, 1, 0); }), HasSubstr("count = 0"));
  configuration.proposal.family = Family::point;
  configuration.training.loss = Loss::mse;
  const Machine point = looking_machine(configuration);
  const Posterior estimate = point.infer(x, 6);
  EXPECT_THAT(message_of<InputError>([&] { (void)point.sample(estimate, 1); }), HasSubstr("proposal.family = point"));
  EXPECT_THAT(message_of<InputError>([&] { (void)point.predict(estimate, 1, 1); }), HasSubstr("family = point"));
}

TEST(Predict, SimulatesAtTheDrawsOfTheSample) {
  constexpr int draws = 4, count = 20000;
  const Machine machine = looking_machine(small_configuration("gaussian"));
  const std::vector<float> data(6, 0.5F);
  const Posterior posterior = machine.infer(data, 6);
  const std::vector<double> theta = machine.sample(posterior, draws);
  const std::vector<float> x = machine.predict(posterior, draws, count);
  ASSERT_EQ(x.size(), static_cast<std::size_t>(draws * count));
  for (std::size_t i = 0; i < draws; ++i) {
    double mean = 0;
    for (std::size_t r = 0; r < count; ++r) mean += static_cast<double>(x[i * count + r]) / count;
    // θ is mean and log deviation; five standard errors.
    EXPECT_NEAR(mean, theta[2 * i], 5 * std::exp(theta[2 * i + 1]) / std::sqrt(count)) << i;
  }
  const auto noise = [&](std::size_t i) {
    return (static_cast<double>(x[i * count]) - theta[2 * i]) / std::exp(theta[2 * i + 1]);
  };
  EXPECT_GT(std::abs(noise(0) - noise(1)), 1e-3) << "each draw has random numbers of its own";
}

TEST(Predict, OfNoFiniteAnswerIsNotANumber) {
  Checkpoint checkpoint = small_checkpoint(small_configuration("gaussian"));
  for (float& weight : checkpoint.state.average) weight = std::numeric_limits<float>::quiet_NaN();
  const test::TemporaryFolder folder;
  const Machine machine = Machine::load(test::write_small_machine(folder.path(), checkpoint));
  const std::vector<float> data(6, 0.5F);
  for (const float value : machine.predict(machine.infer(data, 6), 2, 3)) EXPECT_TRUE(std::isnan(value));
}

/// A prior with its law's mean and deviation.
struct PriorMoments {
  ParameterInfo parameter;
  double mean, deviation;
};

TEST(DrawPrior, HasThePriorsMoments) {
  constexpr int count = 100000;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<PriorMoments> priors{
      {{"u", "", 2, 5, Prior::uniform}, 3.5, 3 / std::sqrt(12.0)},
      {{"g", "", 0, infinity, Prior::gamma, 3, 2}, 6, std::sqrt(12.0)},
      {{"e", "", 0, infinity, Prior::exponential, 4}, 0.25, 0.25},
      {{"b", "", 0, 1, Prior::beta, 2, 3}, 0.4, 0.2},
  };
  SimulatorInfo simulator;
  for (const PriorMoments& prior : priors) simulator.parameters.push_back(prior.parameter);
  const PhiloxKey key = stream_key(7, Phase::simulation, Purpose::truth, 0);
  std::vector<double> sums(priors.size()), squares(priors.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::vector<double> theta = draw_prior(simulator, key, i);
    for (std::size_t d = 0; d < theta.size(); ++d) {
      const double offset = theta[d] - priors[d].mean;
      sums[d] += offset / count;
      squares[d] += offset * offset / count;
    }
  }
  for (std::size_t d = 0; d < priors.size(); ++d) {
    const double deviation = priors[d].deviation;
    EXPECT_NEAR(sums[d], 0, 5 * deviation / std::sqrt(count)) << d;
    // Five standard errors of a variance; the exponential's fourth moment is 9 σ⁴, the others' are below.
    EXPECT_NEAR(squares[d], deviation * deviation, 5 * deviation * deviation * std::sqrt(8.0 / count)) << d;
  }
}

}  // namespace
}  // namespace alfi
