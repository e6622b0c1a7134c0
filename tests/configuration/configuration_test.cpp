#include "alfi/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "alfi/error.hpp"

namespace alfi {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using Overrides = std::vector<std::string>;

const std::string minimal = "simulator: {name: poisson}\n";

// The message of the InputError that `call` throws; a failure if it throws none.
template <typename Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no InputError";
  return "";
}

std::string refusal_of(const std::string& yaml, const Overrides& overrides = {}) {
  SCOPED_TRACE(yaml + testing::PrintToString(overrides));
  return message_of([&] { parse_configuration(yaml, overrides); });
}

std::string refusal_of_override(const std::string& assignment) { return refusal_of(minimal, {assignment}); }

// A file that is gone after the test.
class ConfigurationFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "alfi_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path write(const std::string& text) const {
    std::ofstream(folder_ / "run.yaml", std::ios::binary) << text;
    return folder_ / "run.yaml";
  }
  std::filesystem::path folder_;
};

TEST(Configuration, OnlyTheSimulatorIsNeeded) {
  Configuration expected;
  expected.simulator.name = "poisson";
  EXPECT_EQ(parse_configuration(minimal), expected);
}

// The numbers of the documented configuration; a changed default changes every run that does not name it.
TEST(Configuration, DefaultsAreTheDocumentedOnes) {
  const Configuration all = parse_configuration(minimal);
  EXPECT_EQ(all.simulator.transform, Transform::none);
  EXPECT_TRUE(all.simulator.parameters.empty());
  EXPECT_EQ(all.episode.iterations, 10);
  EXPECT_EQ(all.episode.thetas, 20);
  EXPECT_EQ(all.episode.observations, 20);
  EXPECT_EQ(all.episode.real_observations.min, 500);
  EXPECT_EQ(all.episode.real_observations.max, 500);
  EXPECT_EQ(all.proposal.family, Family::gaussian);
  EXPECT_EQ(all.proposal.start, Start::prior);
  EXPECT_EQ(all.proposal.sigma, 0.1);
  EXPECT_EQ(all.networks.encoder.hidden, 50);
  EXPECT_EQ(all.networks.encoder.code, 20);
  EXPECT_EQ(all.networks.encoder.pooling, Pooling::mean);
  EXPECT_EQ(all.networks.aggregator.hidden, 20);
  EXPECT_EQ(all.networks.aggregator.code, 30);
  EXPECT_EQ(all.networks.rim.hidden, 30);
  EXPECT_EQ(all.networks.rim.state, 40);
  EXPECT_EQ(all.networks.rim.bound, 0.5);
  EXPECT_EQ(all.networks.rim.update, Update::clamp);
  EXPECT_TRUE(all.networks.use_grad);
  EXPECT_EQ(all.training.steps, 4000);
  EXPECT_EQ(all.training.meta_batch, 64);
  EXPECT_EQ(all.training.problems, 0);
  EXPECT_EQ(all.training.loss, Loss::normal);
  EXPECT_EQ(all.training.beta.from, 1);
  EXPECT_EQ(all.training.beta.to, 0);
  EXPECT_EQ(all.training.weights, Weights::exp);
  EXPECT_EQ(all.training.learning_rate, 2e-3);
  EXPECT_EQ(all.training.schedule, Schedule::cosine);
  EXPECT_EQ(all.training.warmup_steps, 100);
  EXPECT_EQ(all.training.clip_norm, 1);
  EXPECT_EQ(all.training.ema, 0.999);
  EXPECT_EQ(all.training.checkpoint_every, 500);
  EXPECT_EQ(all.training.validate_every, 500);
  EXPECT_EQ(all.training.cooldown, 0.2);
  EXPECT_EQ(all.training.keep_checkpoints, 0);
  EXPECT_EQ(all.training.patience, 0);
  EXPECT_EQ(all.evaluation.episodes, 5000);
  EXPECT_EQ(all.evaluation.iterations, 0);
  EXPECT_EQ(all.evaluation.replicates, 16);
  EXPECT_EQ(all.engine.backend, Backend::automatic);
  EXPECT_EQ(all.engine.precision, Precision::fp32);
  EXPECT_EQ(all.engine.encoder, Encoder::automatic);
  EXPECT_EQ(all.engine.threads, 0);
  EXPECT_EQ(all.engine.seed, 1U);
}

// The configuration as the design documents it: all keys, all defaults but the two named.
TEST(Configuration, ReadsTheDocumentedExample) {
  const Configuration example = parse_configuration(R"(
simulator:  {name: poisson, parameters: {}, transform: sqrt}        # none | sqrt | log1p | asinh
episode:    {iterations: 10, thetas: 20, observations: 20, real_observations: 500}   # T M N R; R may be {min: 50, max: 5000}
proposal:   {family: gaussian, start: prior, sigma: 0.1}
networks:   {encoder: {hidden: 50, code: 20, pooling: mean}, aggregator: {hidden: 20, code: 30}, rim: {hidden: 30, state: 40, bound: 0.5, update: clamp}, use_grad: true}
training:   {steps: 4000, meta_batch: 64, problems: fresh, loss: normal, beta: {from: 1, to: 0}, weights: exp, learning_rate: 2e-3, schedule: cosine, warmup_steps: 100, clip_norm: 1.0, ema: 0.999,
             cooldown: 0.2, checkpoint_every: 500, validate_every: 500, keep_checkpoints: all, patience: 0}
evaluation: {episodes: 5000, iterations: 10}
engine:     {backend: auto, precision: fp32, encoder: auto, threads: 0, seed: 1}
)");
  Configuration expected;
  expected.simulator.name = "poisson";
  expected.simulator.transform = Transform::sqrt;
  expected.evaluation.iterations = 10;
  EXPECT_EQ(example, expected);
}

TEST(Configuration, EveryEnumeratorHasItsName) {
  const auto read = [](const std::string& assignment) { return parse_configuration(minimal, {assignment}); };
  EXPECT_EQ(read("simulator.transform=none").simulator.transform, Transform::none);
  EXPECT_EQ(read("simulator.transform=sqrt").simulator.transform, Transform::sqrt);
  EXPECT_EQ(read("simulator.transform=log1p").simulator.transform, Transform::log1p);
  EXPECT_EQ(read("simulator.transform=asinh").simulator.transform, Transform::asinh);
  EXPECT_EQ(read("proposal.family=gaussian").proposal.family, Family::gaussian);
  EXPECT_EQ(read("proposal.family=gaussian_fixed").proposal.family, Family::gaussian_fixed);
  EXPECT_EQ(parse_configuration(minimal, {"proposal.family=point", "training.loss=mse"}).proposal.family,
            Family::point);
  EXPECT_EQ(read("proposal.start=prior").proposal.start, Start::prior);
  EXPECT_EQ(read("proposal.start=draw").proposal.start, Start::draw);
  EXPECT_EQ(read("networks.encoder.pooling=mean").networks.encoder.pooling, Pooling::mean);
  EXPECT_EQ(read("networks.encoder.pooling=moments").networks.encoder.pooling, Pooling::moments);
  EXPECT_EQ(read("networks.rim.update=clamp").networks.rim.update, Update::clamp);
  EXPECT_EQ(read("networks.rim.update=tanh").networks.rim.update, Update::tanh);
  EXPECT_EQ(read("training.loss=normal").training.loss, Loss::normal);
  EXPECT_EQ(read("training.loss=beta_normal").training.loss, Loss::beta_normal);
  EXPECT_EQ(read("training.loss=mse").training.loss, Loss::mse);
  EXPECT_EQ(read("training.loss=l1").training.loss, Loss::l1);
  EXPECT_EQ(read("training.weights=exp").training.weights, Weights::exp);
  EXPECT_EQ(read("training.weights=const").training.weights, Weights::constant);
  EXPECT_EQ(read("training.weights=last").training.weights, Weights::last);
  EXPECT_EQ(read("training.weights=oi").training.weights, Weights::oi);
  EXPECT_EQ(read("training.schedule=cosine").training.schedule, Schedule::cosine);
  EXPECT_EQ(read("training.schedule=constant").training.schedule, Schedule::constant);
  EXPECT_EQ(read("training.schedule=cooldown").training.schedule, Schedule::cooldown);
  EXPECT_EQ(read("engine.backend=auto").engine.backend, Backend::automatic);
  EXPECT_EQ(read("engine.backend=cpu").engine.backend, Backend::cpu);
  EXPECT_EQ(read("engine.backend=cuda").engine.backend, Backend::cuda);
  EXPECT_EQ(read("engine.precision=fp32").engine.precision, Precision::fp32);
  EXPECT_EQ(read("engine.precision=tf32x3").engine.precision, Precision::tf32x3);
  EXPECT_EQ(read("engine.precision=bf16").engine.precision, Precision::bf16);
  EXPECT_EQ(read("engine.encoder=auto").engine.encoder, Encoder::automatic);
  EXPECT_EQ(read("engine.encoder=dense").engine.encoder, Encoder::dense);
  EXPECT_EQ(read("engine.encoder=table").engine.encoder, Encoder::table);
  EXPECT_EQ(read("engine.encoder=segments").engine.encoder, Encoder::segments);
}

// Every key away from its default, so that a key bound to the wrong member, or left out, shows.
TEST(Configuration, EveryKeyReachesItsMember) {
  const Configuration read = parse_configuration(R"(
simulator: {name: gaussian, transform: asinh}
episode: {iterations: 11, thetas: 12, observations: 13, real_observations: {min: 14, max: 15}}
proposal: {family: gaussian_fixed, start: draw, sigma: 0.16}
networks:
  encoder: {hidden: 17, code: 18, pooling: moments}
  aggregator: {hidden: 19, code: 21}
  rim: {hidden: 22, state: 23, bound: 0.24, update: tanh}
  use_grad: false
training: {steps: 25, meta_batch: 26, problems: 27, loss: l1, beta: {from: 0.28, to: 0.29}, weights: const, learning_rate: 0.31,
           schedule: constant, cooldown: 0.315, warmup_steps: 32, clip_norm: 0.33, ema: 0.34, checkpoint_every: 35, validate_every: 36,
           keep_checkpoints: 361, patience: 362}
evaluation: {episodes: 37, iterations: 38, replicates: 4}
engine: {backend: cpu, precision: bf16, encoder: dense, device: 3, threads: 39, seed: 18446744073709551615}
)");
  Configuration expected;
  expected.simulator = {"gaussian", {}, Transform::asinh};
  expected.episode = {11, 12, 13, {14, 15}};
  expected.proposal = {Family::gaussian_fixed, Start::draw, 0.16};
  expected.networks = {{17, 18, Pooling::moments}, {19, 21}, {22, 23, 0.24, Update::tanh}, false};
  expected.training = {
      25,   26, 27, Loss::l1, {0.28, 0.29}, Weights::constant, 0.31, Schedule::constant, 0.315, 32, 0.33,
      0.34, 35, 36, 361,      362};
  expected.evaluation = {37, 38, 4};
  expected.engine = {Backend::cpu, Precision::bf16, Encoder::dense, 3, 39, std::numeric_limits<std::uint64_t>::max()};
  EXPECT_EQ(read, expected);
  EXPECT_EQ(parse_configuration(to_yaml(read)), expected);
}

TEST(Configuration, OverridesApplyInOrderAfterTheText) {
  const Configuration read = parse_configuration(
      "simulator: {name: poisson}\nepisode: {thetas: 5, iterations: 3}\nproposal: &p {sigma: 0.3}\n",
      {"episode.thetas=6", "episode.thetas=7", "episode.real_observations={min: 50, max: 5000}", "engine.seed=42",
       "networks.rim={hidden: 8, state: 9}", "training.problems=1000", "training.learning_rate=1e-4",
       "networks.use_grad=false"});
  EXPECT_EQ(read.episode.thetas, 7);
  EXPECT_EQ(read.episode.iterations, 3);
  EXPECT_EQ(read.episode.real_observations, (Configuration::Episode::RealObservations{50, 5000}));
  EXPECT_EQ(read.engine.seed, 42U);
  EXPECT_EQ(read.networks.rim.hidden, 8);
  EXPECT_EQ(read.networks.rim.state, 9);
  EXPECT_EQ(read.networks.rim.bound, 0.5);  // a mapping changes only what it names
  EXPECT_EQ(read.training.problems, 1000);
  EXPECT_EQ(read.training.learning_rate, 1e-4);
  EXPECT_FALSE(read.networks.use_grad);
  EXPECT_EQ(read.proposal.sigma, 0.3);
  // The simulator itself may come from an override, and an override may mend what the file has wrong.
  EXPECT_EQ(parse_configuration("engine: {seed: 3}", {"simulator.name=weinberg"}).simulator.name, "weinberg");
  EXPECT_EQ(
      parse_configuration("{simulator: {name: poisson}, episode: {thetas: 0}}", {"episode.thetas=2"}).episode.thetas,
      2);
  EXPECT_EQ(parse_configuration(minimal, {"training.problems=7", "training.problems=fresh"}).training.problems, 0);
}

TEST(Configuration, RandomConfigurationsRoundTrip) {
  std::mt19937_64 random(20240607);
  const auto whole = [&](int least, int most) { return std::uniform_int_distribution<int>(least, most)(random); };
  const auto real = [&](double least, double most) {
    return std::uniform_real_distribution<double>(least, most)(random);
  };
  for (int round = 0; round < 200; ++round) {
    Configuration configuration;
    configuration.simulator = {"poisson", {}, static_cast<Transform>(whole(0, 3))};
    const int least = whole(1, 1'000'000);
    configuration.episode = {whole(1, 100'000),
                             whole(2, 1'000'000),
                             whole(1, 1'000'000),
                             {least, whole(0, 1) == 0 ? least : whole(least, 1'000'000)}};
    configuration.proposal = {Family::gaussian, static_cast<Start>(whole(0, 1)), real(1e-9, 1000)};
    configuration.networks = {
        {whole(1, 4096), whole(1, 4096), static_cast<Pooling>(whole(0, 1))},
        {whole(1, 4096), whole(1, 4096)},
        {whole(1, 4096), whole(1, 4096), std::exp(real(-300, 6)), static_cast<Update>(whole(0, 1))},
        whole(0, 1) == 1};
    configuration.training = {whole(1, 1'000'000'000),
                              whole(1, 10'000'000),
                              whole(0, 3) == 0 ? 0 : whole(1, 100'000'000),
                              static_cast<Loss>(whole(0, 3)),
                              {real(0, 1), real(0, 1)},
                              static_cast<Weights>(whole(0, 3)),
                              std::exp(real(-300, 2)),
                              static_cast<Schedule>(whole(0, 2)),
                              real(1e-9, 1),
                              whole(0, 1'000'000'000),
                              std::exp(real(-700, 20)),
                              std::nextafter(1, 0) * real(0, 1),
                              whole(1, 1'000'000'000),
                              whole(1, 1'000'000'000),
                              whole(0, 1) == 0 ? 0 : whole(1, 1'000'000'000),
                              whole(0, 1'000'000'000)};
    configuration.evaluation = {whole(1, 10'000'000), whole(0, 100'000)};
    configuration.engine = {static_cast<Backend>(whole(0, 2)),
                            static_cast<Precision>(whole(0, 2)),
                            static_cast<Encoder>(whole(0, 3)),
                            whole(0, 1023),
                            whole(0, 4096),
                            random()};
    const std::string yaml = to_yaml(configuration);
    EXPECT_EQ(parse_configuration(yaml), configuration) << yaml;
  }
}

// Written before it is judged: what to_yaml writes is not always allowed, and still says what is there.
TEST(Configuration, ParametersAreWrittenAndReadWithTheirNames) {
  Configuration configuration;
  configuration.simulator = {"poisson", {{"a b: c", 0.1}, {"width", -2.5e-300}}, Transform::none};
  EXPECT_THAT(to_yaml(configuration), HasSubstr("{\"a b: c\": 0.1, width: -2.5e-300}"));
  EXPECT_THAT(refusal_of(to_yaml(configuration)),
              AllOf(HasSubstr("simulator.parameters = {\"a b: c\": 0.1"), HasSubstr("poisson has no parameters")));
}

TEST(Configuration, UnknownKeysNameTheNearest) {
  EXPECT_THAT(refusal_of("simulator: {name: poisson}\nepisode:\n  theta: 20\n"),
              AllOf(StartsWith("line 3: episode.theta = 20:"), HasSubstr("unknown key"),
                    HasSubstr("nearest known key is episode.thetas")));
  EXPECT_THAT(refusal_of("simulator: {name: poisson}\nepisod: {thetas: 20}\n"),
              AllOf(StartsWith("line 2: episod = (a mapping)"), HasSubstr("nearest known key is episode")));
  EXPECT_THAT(refusal_of_override("episodes={thetas: 20}"), EndsWith("nearest known key is episode"));
  EXPECT_THAT(refusal_of_override("training.sigma=1"), HasSubstr("nearest known key is proposal.sigma"));
  EXPECT_THAT(refusal_of_override("networks.rim.hiden=1"), HasSubstr("nearest known key is networks.rim.hidden"));
  EXPECT_THAT(refusal_of_override("networks.aggregator.hiden=1"),
              HasSubstr("nearest known key is networks.aggregator.hidden"));
  EXPECT_THAT(refusal_of_override("seed=3"), HasSubstr("nearest known key is engine.seed"));
  EXPECT_THAT(refusal_of_override("episode.thetas.more=3"), HasSubstr("unknown key"));
  // No guess where nothing is near.
  EXPECT_THAT(refusal_of_override("networks.rim.xyz=3"),
              EndsWith("unknown key; networks.rim has hidden, state, bound, update"));
  EXPECT_THAT(refusal_of_override("qwertz=3"), HasSubstr("unknown key; a configuration has simulator, prior"));
  EXPECT_THAT(refusal_of_override("simulator.name=qwertz"), ::testing::Not(HasSubstr("the nearest")));
  EXPECT_THAT(refusal_of_override("episode.=3"), HasSubstr("unknown key"));
}

TEST(Configuration, EntriesOfMappingsCanBeOverridden) {
  const Configuration priors = parse_configuration("simulator: {name: gaussian}\nprior: {mean: {uniform: [0, 1]}}",
                                                   {"prior.log_deviation={uniform: [0, 1]}"});
  EXPECT_EQ(priors.prior.size(), 2U);
  const Configuration inputs =
      parse_configuration("simulator: {name: linear_regression}", {"simulator.parameters.inputs=2"});
  EXPECT_EQ(inputs.simulator.parameters.at("inputs"), 2);
}

TEST(Configuration, SaysInItsOwnWordsWhatIsNoYaml) {
  for (const auto& [text, part] : std::vector<std::pair<const char*, const char*>>{{"a: [1, 2", "a [ is not closed"},
                                                                                   {"a: {b: 1", "a { is not closed"},
                                                                                   {"a: b: c", "a ':' cannot stand"},
                                                                                   {"a: \"b", "quotation mark is not"},
                                                                                   {"a: @b", "needs quotation marks"},
                                                                                   {"a: *b", "begins with *"}})
    EXPECT_THAT(refusal_of(text), AllOf(HasSubstr("must be valid YAML"), HasSubstr(part)));
}

TEST(Configuration, UnknownNamesListTheAllowedAndTheNearest) {
  EXPECT_THAT(refusal_of("simulator: {name: poison}"),
              AllOf(StartsWith("line 1: simulator.name = poison:"), HasSubstr("one of poisson, gaussian, weinberg"),
                    HasSubstr("nearest is poisson")));
  EXPECT_THAT(refusal_of_override("proposal.family=gausian_fixed"),
              AllOf(HasSubstr("proposal.family = gausian_fixed"),
                    HasSubstr("one of gaussian, gaussian_fixed, point, gaussian_full"),
                    HasSubstr("nearest is gaussian_fixed")));
  EXPECT_THAT(refusal_of_override("training.weights=constant"), HasSubstr("one of exp, const, last, oi"));
  EXPECT_THAT(refusal_of_override("engine.backend=CPU"), HasSubstr("one of auto, cpu, cuda"));
  EXPECT_THAT(refusal_of_override("training.loss=[normal]"), HasSubstr("training.loss = (a list)"));
}

TEST(Configuration, TheSimulatorMustBeNamed) {
  EXPECT_THAT(refusal_of("engine: {seed: 1}"), AllOf(HasSubstr("simulator.name is missing"), HasSubstr("poisson")));
  EXPECT_THAT(refusal_of("simulator: {name: }"), HasSubstr("simulator.name = (nothing)"));
  EXPECT_THAT(refusal_of("simulator: {name: ''}"), HasSubstr("one of poisson"));
}

TEST(Configuration, WrongTypesAreRefused) {
  for (const std::string bad : {"ten", "2.0", "2e1", "\"20\"", "[20]", "{a: 1}", "", "~", "true", "0x10", "20 30",
                                "99999999999", "+3", "20.", "!!str 20"}) {
    EXPECT_THAT(refusal_of("simulator: {name: poisson}\nepisode:\n  iterations: " + bad + "\n"),
                AllOf(StartsWith("line 3: episode.iterations = "), HasSubstr("a whole number from 1 to 100000")));
  }
  for (const std::string bad : {"small", "'0.1'", "[0.1]", "{a: 0.1}", "~", "true", "0.1x", "1e999", "0,1"}) {
    EXPECT_THAT(refusal_of_override("proposal.sigma=" + bad),
                AllOf(HasSubstr("proposal.sigma = "), HasSubstr("a number above 0 and at most 1000")));
  }
  for (const std::string bad : {"yes", "1", "'true'", "TRUE", "[true]", "~"}) {
    EXPECT_THAT(refusal_of_override("networks.use_grad=" + bad),
                AllOf(HasSubstr("networks.use_grad = "), HasSubstr("true or false")));
  }
  for (const std::string bad : {"-1", "18446744073709551616", "1.5", "x"}) {
    EXPECT_THAT(refusal_of_override("engine.seed=" + bad),
                AllOf(HasSubstr("engine.seed = " + bad), HasSubstr("from 0 to 18446744073709551615")));
  }
  for (const std::string bad : {"{min: 5}", "{max: 5}", "{min: 5, max: 6, step: 1}", "{min: 5, maxx: 6}", "[5, 6]",
                                "{min: a, max: 6}", "many"}) {
    EXPECT_THAT(refusal_of_override("episode.real_observations=" + bad), HasSubstr("{min: A, max: B}"));
  }
  EXPECT_THAT(refusal_of_override("simulator.parameters=[1]"), HasSubstr("a mapping of names to numbers"));
  EXPECT_THAT(refusal_of_override("simulator.parameters={a: b}"), HasSubstr("a mapping of names to numbers"));
  EXPECT_THAT(refusal_of_override("training.problems=stale"), HasSubstr("fresh or a whole number from 0"));
  EXPECT_THAT(refusal_of("simulator: {name: poisson}\nepisode: 3\n"),
              AllOf(StartsWith("line 2: episode = 3"), HasSubstr("a mapping")));
  EXPECT_THAT(refusal_of("simulator: {name: poisson}\nepisode:\n"), HasSubstr("episode = (nothing)"));
}

// A number written with a leading zero is decimal, not octal.
TEST(Configuration, NumbersAreDecimal) {
  EXPECT_EQ(parse_configuration(minimal, {"episode.thetas=010"}).episode.thetas, 10);
}

TEST(Configuration, NumbersOutsideTheirLimitsAreRefused) {
  const std::vector<std::tuple<std::string, std::string, std::string>> below_least_and_above_most = {
      {"episode.iterations", "0", "100001"},
      {"episode.thetas", "0", "1000001"},
      {"episode.observations", "0", "1000001"},
      {"episode.real_observations", "0", "1000001"},
      {"proposal.sigma", "0", "1000.1"},
      {"networks.encoder.hidden", "0", "4097"},
      {"networks.encoder.code", "0", "4097"},
      {"networks.aggregator.hidden", "0", "4097"},
      {"networks.aggregator.code", "0", "4097"},
      {"networks.rim.hidden", "0", "4097"},
      {"networks.rim.state", "0", "4097"},
      {"networks.rim.bound", "-1000.1", "1000.1"},
      {"training.steps", "0", "1000000001"},
      {"training.meta_batch", "0", "10000001"},
      {"training.problems", "-1", "100000001"},
      {"training.beta.from", "-0.1", "1.1"},
      {"training.beta.to", "-0.1", "1.1"},
      {"training.learning_rate", "0", "10.1"},
      {"training.warmup_steps", "-1", "1000000001"},
      {"training.clip_norm", "-0.1", "1e10"},
      {"training.ema", "-0.1", "1"},
      {"training.checkpoint_every", "0", "1000000001"},
      {"training.validate_every", "0", "1000000001"},
      {"evaluation.episodes", "0", "10000001"},
      {"evaluation.iterations", "-1", "100001"},
      {"evaluation.replicates", "0", "17"},
      {"engine.device", "-1", "1024"},
      {"engine.threads", "-1", "4097"},
  };
  for (const auto& [key, low, high] : below_least_and_above_most) {
    for (const std::string& value : {low, high, std::string("-7000"), std::string("nan"), std::string("inf"),
                                     std::string("-inf"), std::string(".nan"), std::string(".inf")}) {
      const std::string message = refusal_of_override(key + "=" + value);
      EXPECT_THAT(message, HasSubstr(": " + key + " = "));
      EXPECT_THAT(message, HasSubstr("must be "));
    }
  }
  EXPECT_EQ(refusal_of("simulator: {name: poisson}\nnetworks: {rim: {state: 4097}}"),
            "line 2: networks.rim.state = 4097: must be a whole number from 1 to 4096 (every network must fit the fast "
            "memory "
            "of one core)");
}

TEST(Configuration, ReversedBoundsAreRefused) {
  EXPECT_THAT(refusal_of_override("episode.real_observations={min: 5000, max: 50}"),
              AllOf(HasSubstr("episode.real_observations = {min: 5000, max: 50}"), HasSubstr("A <= B")));
}

TEST(Configuration, DuplicateKeysAreRefused) {
  EXPECT_THAT(refusal_of("simulator: {name: poisson}\nepisode: {thetas: 5}\nepisode: {thetas: 6}\n"),
              AllOf(StartsWith("line 3: episode:"), HasSubstr("twice")));
  EXPECT_THAT(refusal_of("simulator: {name: poisson}\nepisode: {thetas: 5, thetas: 5}\n"),
              AllOf(StartsWith("line 2: episode.thetas:"), HasSubstr("twice")));
  EXPECT_THAT(refusal_of("simulator: {name: poisson}\nepisode: {real_observations: {min: 5, min: 5}}\n"),
              AllOf(StartsWith("line 2: episode.real_observations.min:"), HasSubstr("twice")));
  EXPECT_THAT(refusal_of_override("simulator.parameters={a: 1, a: 1}"), HasSubstr("simulator.parameters.a: "));
}

TEST(Configuration, OnlyOneMappingIsAConfiguration) {
  EXPECT_THAT(refusal_of("simulator: {name: poisson}\n---\nsimulator: {name: poisson}\n"),
              HasSubstr("must be one YAML document, there are several"));
  for (const std::string empty : {"", "\n", "# nothing\n", "---\n", "~"}) {
    EXPECT_THAT(refusal_of(empty), HasSubstr("(nothing): must be "));
  }
  EXPECT_THAT(refusal_of("poisson"), HasSubstr("must be a mapping"));
  EXPECT_THAT(refusal_of("- simulator\n- poisson\n"), HasSubstr("must be a mapping"));
  EXPECT_THAT(refusal_of("simulator: {name: poisson}\n[a, b]: 3\n"), HasSubstr("a key must be a plain name"));
  EXPECT_THAT(refusal_of("simulator: {name: poisson\nepisode: 3\n"),
              AllOf(StartsWith("line "), HasSubstr("valid YAML")));
  EXPECT_THAT(refusal_of(std::string(5000, '[')), HasSubstr("valid YAML"));
  EXPECT_THAT(refusal_of("simulator: &a {name: poisson, parameters: *b}\n"), HasSubstr("valid YAML"));
  EXPECT_THAT(refusal_of("simulator: &a {name: *a}\n"), HasSubstr("simulator.name"));
}

TEST(Configuration, MalformedOverridesAreRefused) {
  for (const std::string bad : {"", "episode.thetas", "=5", "episode.thetas:5"}) {
    EXPECT_THAT(refusal_of_override(bad), AllOf(HasSubstr("\"" + bad + "\""), HasSubstr("must be section.key=value")));
  }
  EXPECT_THAT(refusal_of_override("episode.thetas="), HasSubstr("(nothing): must be "));
  EXPECT_THAT(refusal_of_override("episode.real_observations={min: 5"), HasSubstr("valid YAML"));
  EXPECT_THAT(refusal_of_override("episode=5"), HasSubstr("must be a mapping"));
  EXPECT_THAT(refusal_of_override("episode.thetas=5\n---\n6"), HasSubstr("one YAML document"));
  EXPECT_THAT(refusal_of_override("episode.thetas=-5"),
              AllOf(StartsWith("override \"episode.thetas=-5\": episode.thetas = -5:"), HasSubstr("from 1 to")));
}

TEST(Configuration, RulesBetweenKeys) {
  EXPECT_THAT(refusal_of_override("episode.thetas=1"), HasSubstr("episode.thetas = 1: must be at least 2"));
  EXPECT_EQ(
      parse_configuration(minimal, {"episode.thetas=1", "proposal.family=point", "training.loss=l1"}).episode.thetas,
      1);

  EXPECT_THAT(refusal_of_override("proposal.family=point"), HasSubstr("training.loss = normal: must be mse or l1"));
  EXPECT_THAT(refusal_of(minimal, {"proposal.family=point", "training.loss=beta_normal"}),
              HasSubstr("training.loss = beta_normal: must be mse or l1"));
  EXPECT_THAT(refusal_of(minimal, {"proposal.family=gaussian_fixed", "training.loss=beta_normal"}),
              HasSubstr("training.loss = beta_normal: must be normal, mse or l1"));

  for (const std::string transform : {"sqrt", "log1p"}) {
    for (const std::string simulator :
         {"gaussian", "weinberg", "multi_distribution", "linear_regression", "gaussian_linear"}) {
      EXPECT_THAT(refusal_of("simulator: {name: " + simulator + ", transform: " + transform + "}"),
                  AllOf(StartsWith("line 1: simulator.transform = " + transform), HasSubstr("none or asinh"),
                        HasSubstr(simulator + " can be negative")));
    }
  }
  EXPECT_EQ(parse_configuration("simulator: {name: weinberg, transform: asinh}").simulator.transform, Transform::asinh);

  EXPECT_THAT(refusal_of_override("simulator.parameters={p: 3}"),
              AllOf(HasSubstr("simulator.parameters = {p: 3}"), HasSubstr("poisson has no parameters")));

  EXPECT_EQ(parse_configuration("simulator: {name: linear_regression, parameters: {inputs: 7}}").simulator.parameters,
            (std::map<std::string, double>{{"inputs", 7}}));
  for (const std::string wrong : {"{p: 3}", "{inputs: 0}", "{inputs: 64}", "{inputs: 2.5}", "{inputs: 3, p: 3}"})
    EXPECT_THAT(refusal_of("simulator: {name: linear_regression, parameters: " + wrong + "}"),
                AllOf(HasSubstr("simulator.parameters = "), HasSubstr("{inputs: a whole number from 1 to 63}")));

  EXPECT_THAT(refusal_of("simulator: {name: poisson, parameters: {a: 1}}", {"simulator.parameters={b: 2}"}),
              HasSubstr("simulator.parameters = {a: 1, b: 2}"));
  EXPECT_EQ(parse_configuration(minimal, {"networks.rim.bound=0"}).networks.rim.bound, 0);
  EXPECT_EQ(parse_configuration(minimal, {"networks.rim.bound=-1"}).networks.rim.bound, -1);
  EXPECT_THAT(refusal_of(minimal, {"networks.rim.bound=0", "networks.rim.update=tanh"}),
              HasSubstr("networks.rim.bound = 0: must be above 0"));
}

TEST(Configuration, ValidateJudgesWhatCodeBuilt) {
  Configuration configuration;
  EXPECT_THAT(message_of([&] { validate(configuration); }), StartsWith("simulator.name is missing"));
  configuration.simulator.name = "poisson";
  EXPECT_NO_THROW(validate(configuration));

  const auto refusal_with = [&](auto change) {
    Configuration changed = configuration;
    change(changed);
    return message_of([&] { validate(changed); });
  };
  EXPECT_THAT(refusal_with([](Configuration& c) {
                c.episode.real_observations = {6, 5};
              }),
              StartsWith("episode.real_observations = {min: 6, max: 5}: must be "));
  EXPECT_THAT(refusal_with([](Configuration& c) { c.training.ema = std::nan(""); }), StartsWith("training.ema = nan"));
  EXPECT_THAT(refusal_with([](Configuration& c) {
                c.simulator.parameters = {{"a", INFINITY}};
              }),
              StartsWith("simulator.parameters = {a: inf}: must be a mapping of names to numbers"));
  EXPECT_THAT(refusal_with([](Configuration& c) { c.training.loss = static_cast<Loss>(9); }),
              AllOf(StartsWith("training.loss = 9"), HasSubstr("one of normal")));
  EXPECT_THAT(refusal_with([](Configuration& c) { c.simulator.name = "gausian"; }), HasSubstr("nearest is gaussian"));
}

TEST(Configuration, TheDescriptionHasEveryKey) {
  const std::string description = describe_configuration();
  EXPECT_THAT(description, HasSubstr("simulator.name\n"));
  EXPECT_THAT(description, HasSubstr("none; this, source, module or program must be given"));
  EXPECT_THAT(description, HasSubstr("one of normal, beta_normal, mse, l1; default: normal\n"));
  EXPECT_THAT(description, HasSubstr("a number above 0 and at most 10; default: 0.002\n"));
  EXPECT_THAT(description, HasSubstr("default: fresh\n"));
  EXPECT_THAT(description, HasSubstr("engine.seed\n"));
}

TEST_F(ConfigurationFile, IsRead) {
  EXPECT_EQ(load_configuration(write(minimal + "engine: {seed: 7}\n"), {"episode.thetas=9"}),
            parse_configuration("simulator: {name: poisson}\nengine: {seed: 7}\nepisode: {thetas: 9}"));
}

TEST_F(ConfigurationFile, ErrorsNameFileAndLine) {
  const std::filesystem::path file = write("simulator:\n  name: poisson\nepisode:\n  thetas: 0\n");
  EXPECT_THAT(message_of([&] { load_configuration(file); }),
              StartsWith(file.string() + ":4: episode.thetas = 0: must be "));
  // A rule about a value that was not given has a file and no line.
  write("simulator: {name: poisson}\nproposal: {family: point}\n");
  EXPECT_THAT(message_of([&] { load_configuration(file); }), StartsWith(file.string() + ": training.loss = normal: "));
  write("simulator: {name: poisson\n");
  EXPECT_THAT(message_of([&] { load_configuration(file); }),
              AllOf(StartsWith(file.string() + ":"), HasSubstr("valid YAML")));
  write("");
  EXPECT_THAT(message_of([&] { load_configuration(file); }),
              StartsWith(file.string() + ": the configuration = (nothing): must be a mapping"));
}

TEST_F(ConfigurationFile, UnreadableFilesAreRefused) {
  const auto refusal = [](const std::filesystem::path& file) { return message_of([&] { load_configuration(file); }); };
  EXPECT_THAT(refusal(folder_ / "none.yaml"),
              AllOf(StartsWith((folder_ / "none.yaml").string()), HasSubstr("cannot be read")));
  EXPECT_THAT(refusal(folder_), HasSubstr("cannot be read"));
  EXPECT_THAT(refusal(write(std::string(2'000'000, '#'))), HasSubstr("larger than"));
  EXPECT_THAT(refusal(write(std::string("\x00\x01\x02\xff\xfe{\"a\"", 9))),
              StartsWith((folder_ / "run.yaml").string()));
}

TEST(Configuration, GivesPriors) {
  const Configuration c = parse_configuration(
      "simulator: {name: gaussian}\nprior: {mean: {normal: [0.3, 0.7]}, log_deviation: {truncated_normal: [0, 1, -1, "
      "1]}}\n"
      "parameters: {space: normal}\n");
  EXPECT_EQ(c.prior.at("mean"), normal(0.3, 0.7));
  EXPECT_EQ(c.prior.at("log_deviation"), truncated_normal(0, 1, -1, 1));
  EXPECT_EQ(c.parameters.space, Space::normal);
  EXPECT_EQ(parse_configuration(to_yaml(c)), c);
  const auto of_mu = [](const std::string& prior) {
    return parse_configuration("simulator: {name: gaussian}\nprior: {mean: " + prior + "}\n").prior.at("mean");
  };
  for (const auto& [text, law] : {std::pair{"{uniform: [-1, 2]}", uniform(-1, 2)},
                                  {"{log_uniform: [0.5, 2]}", log_uniform(0.5, 2)},
                                  {"{log_normal: [0.1, 0.2]}", log_normal(0.1, 0.2)},
                                  {"{beta: [2, 3]}", beta(2, 3)},
                                  {"{gamma: [2, 0.5]}", gamma(2, 0.5)},
                                  {"{exponential: [2]}", exponential(2)},
                                  {"{exponential: 2}", exponential(2)}})
    EXPECT_EQ(of_mu(text), law) << text;
}

TEST(Configuration, RefusesPriorsThatAreNone) {
  const auto refused = [](const std::string& prior) {
    return refusal_of("simulator: {name: gaussian}\nprior: " + prior + "\n");
  };
  EXPECT_THAT(refused("{rate: {uniform: [0, 1]}}"),
              HasSubstr("prior.rate: is no parameter of gaussian; there are mean, log_deviation"));
  EXPECT_THAT(refused("{mean: {uniform: [1, 0]}}"),
              HasSubstr("prior.mean: the prior reaches from 1 to 0; it must be finite and not empty"));
  EXPECT_THAT(refused("{log_deviation: {uniform: [0, 50]}}"),
              HasSubstr("prior.log_deviation: the prior reaches 50; the domain of gaussian ends at"));
  for (const char* const wrong :
       {"3", "{mean: 3}", "{mean: {flat: [0, 1]}}", "{mean: {uniform: 1}}", "{mean: {uniform: [1]}}",
        "{mean: {uniform: [0, x]}}", "{mean: {uniform: [0, 1], normal: [0, 1]}}", "{mean: {exponential: [1, 2]}}",
        "[{mean: {uniform: [0, 1]}}]"})
    EXPECT_THAT(refused(wrong),
                HasSubstr("must be a mapping of parameters to priors, each one of uniform: [low, high]"));
  EXPECT_THAT(refusal_of("simulator: {name: quadratic}\nprior: {mean: {uniform: [0, 1]}}\n"), HasSubstr("prior"));
}

}  // namespace
}  // namespace alfi
