#include "src/machine/replay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "src/backends/host/host_processor.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/tape.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::EpisodeSettings;
using test::message_of;
using test::random_tape;
using test::Tape;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

SafeTensors replay(const SafeTensors& tape) {
  HostProcessor processor(2);
  return alfi::replay(tape, processor);
}

/// ‖a − b‖ / ‖b‖
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return size > 0 ? std::sqrt(difference / size) : std::sqrt(difference);
}

/// The tolerances asked of a float32 engine: ψ 1e-5, loss 1e-5, each gradient 1e-4, all relative.
void expect_outputs(const SafeTensors& result, const SafeTensors& expected) {
  const auto values = [](const SafeTensors& file, const std::string& name) { return file.at(name).to<double>(); };
  EXPECT_EQ(result.at("psi").shape, expected.at("psi").shape);
  EXPECT_LE(distance(values(result, "psi"), values(expected, "psi")), 1e-5);
  EXPECT_EQ(result.at("loss_per_iteration").shape, expected.at("loss_per_iteration").shape);
  EXPECT_LE(distance(values(result, "loss_per_iteration"), values(expected, "loss_per_iteration")), 1e-5);
  EXPECT_LE(distance(values(result, "loss"), values(expected, "loss")), 1e-5);
  std::size_t gradients = 0;
  for (const auto& [name, tensor] : expected.tensors) {
    if (!name.starts_with("grad.")) continue;
    ++gradients;
    EXPECT_EQ(result.at(name).shape, tensor.shape) << name;
    EXPECT_LE(distance(values(result, name), tensor.to<double>()), 1e-4) << name;
  }
  EXPECT_EQ(gradients, 26U);
  EXPECT_EQ(result.tensors.size(), 3 + gradients);
}

SafeTensors file_of(const Tape& tape, bool with_outputs) {
  const TemporaryFolder folder;
  test::write_tape(folder.path() / "tape.safetensors", tape, with_outputs);
  return read_safetensors(folder.path() / "tape.safetensors");
}

TEST(Replay, MatchesTheRecordedRuns) {
  for (const char* const name : {"poisson", "weinberg"}) {
    SCOPED_TRACE(name);
    const SafeTensors tape = read_safetensors(std::string(ALFI_TEST_DATA "/") + name + "_networks.safetensors");
    const SafeTensors result = replay(tape);
    expect_outputs(result, tape);
    EXPECT_EQ(result.metadata.at("bound"), tape.metadata.at("bound"));
    EXPECT_NE(result.metadata.at("source"), tape.metadata.at("source"));
  }
}

struct Case {
  const char* name;
  std::size_t B;
  bool vary_real_counts;
  std::function<void(EpisodeSettings&)> change;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"one_episode", 1, false, [](EpisodeSettings&) {}},
      {"one_iteration", 4, false, [](EpisodeSettings& s) { s.T = 1; }},
      {"two_tiles_and_a_bit", 37, false, [](EpisodeSettings& s) { s.M = s.N = 3; }},
      {"wide", 3, false,
       [](EpisodeSettings& s) {
         s.D = 3;
         s.X = 5;
         s.encoder_hidden = 23;
         s.encoder_code = 7;
         s.aggregator_hidden = 31;
         s.aggregator_code = 11;
         s.rim_hidden = 13;
         s.rim_state = 17;
       }},
      {"mse_constant", 5, false,
       [](EpisodeSettings& s) {
         s.D = 2;
         s.loss = Loss::mse;
         s.weights = Weights::constant;
       }},
      {"l1_last", 5, false,
       [](EpisodeSettings& s) {
         s.D = 4;
         s.X = 2;
         s.loss = Loss::l1;
         s.weights = Weights::last;
       }},
      {"observed_improvement", 16, false, [](EpisodeSettings& s) { s.weights = Weights::oi; }},
      {"beta_normal", 6, false,
       [](EpisodeSettings& s) {
         s.D = 2;
         s.loss = Loss::beta_normal;
         s.beta = 0.5;
       }},
      {"no_gradients_one_theta", 3, false,
       [](EpisodeSettings& s) {
         s.use_grad = false;
         s.M = 1;
       }},
      {"unbounded", 3, false, [](EpisodeSettings& s) { s.bound = 0; }},
      {"tanh_moments", 6, true,
       [](EpisodeSettings& s) {
         s.update = Update::tanh;
         s.pooling = Pooling::moments;
         s.D = 2;
       }},
      {"counts_seen", 20, true, [](EpisodeSettings& s) { s.real_count_input = true; }},
      {"fixed_sigma", 4, false,
       [](EpisodeSettings& s) {
         s.family = Family::gaussian_fixed;
         s.sigma = 0.3;
         s.D = 2;
       }},
      {"coupled", 5, false,
       [](EpisodeSettings& s) {
         s.family = Family::gaussian_full;
         s.D = 4;
         s.X = 2;
       }},
      {"point_one_theta", 4, false,
       [](EpisodeSettings& s) {
         s.family = Family::point;
         s.M = 1;
         s.N = 40;
         s.loss = Loss::mse;
       }},
  };
  return all;
}

class ReplayOf : public ::testing::TestWithParam<Case> {};

TEST_P(ReplayOf, MatchesTheOracle) {
  EpisodeSettings settings;
  settings.encoder_hidden = 12;
  settings.aggregator_hidden = 10;
  GetParam().change(settings);
  const Tape tape = random_tape(settings, GetParam().B, 17, GetParam().vary_real_counts);
  const SafeTensors complete = file_of(tape, true);
  expect_outputs(replay(complete), complete);
  // The recorded results play no part.
  EXPECT_EQ(replay(file_of(tape, false)).tensors, replay(complete).tensors);
}

INSTANTIATE_TEST_SUITE_P(Tapes, ReplayOf, ::testing::ValuesIn(cases()),
                         [](const auto& info) { return std::string(info.param.name); });

/// A small tape for a test to spoil.
SafeTensors small_tape() {
  static const SafeTensors tape = [] {
    EpisodeSettings settings;
    settings.D = 2;
    settings.encoder_hidden = settings.aggregator_hidden = settings.rim_hidden = settings.rim_state = 4;
    return file_of(random_tape(settings, 3, 5), false);
  }();
  return tape;
}

std::string refusal(const std::function<void(SafeTensors&)>& spoil) {
  SafeTensors tape = small_tape();
  tape.source = "tape";
  spoil(tape);
  return message_of<InputError>([&] { replay(tape); });
}

void reshape(SafeTensors& tape, const std::string& name, const std::vector<std::int64_t>& shape) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  tape.tensors[name] = Tensor::of<double>(shape, std::vector<double>(count, 0.5));
}

void set_number(SafeTensors& tape, const std::string& name, std::size_t at, double value) {
  Tensor& tensor = tape.tensors.at(name);
  std::vector<double> values = tensor.to<double>();
  values.at(at) = value;
  tensor = Tensor::of<double>(tensor.shape, values);
}

TEST(ReplayRefuses, EveryMissingTensor) {
  for (const auto& [name, tensor] : small_tape().tensors)
    EXPECT_THAT(refusal([&key = name](SafeTensors& t) { t.tensors.erase(key); }),
                AllOf(HasSubstr("tape"), HasSubstr(name)));
}

TEST(ReplayRefuses, EveryTensorOfAnotherShape) {
  for (const auto& [name, tensor] : small_tape().tensors) {
    std::vector<std::int64_t> larger = tensor.shape, flat = {1, static_cast<std::int64_t>(tensor.data.size() / 8)};
    ++larger.back();
    for (const auto& shape : {larger, flat}) {
      const std::string message = refusal([&, &key = name](SafeTensors& t) { reshape(t, key, shape); });
      EXPECT_THAT(message, HasSubstr("shape")) << name;
    }
  }
}

TEST(ReplayRefuses, SizesOfZero) {
  EXPECT_THAT(refusal([](SafeTensors& t) {
                reshape(t, "x_gen", {3, 5, 6, 0, 1});
              }),
              AllOf(HasSubstr("x_gen"), HasSubstr("(3, 5, 6, 0, 1)"), HasSubstr("at least 1")));
  EXPECT_THAT(refusal([](SafeTensors& t) { reshape(t, "theta_true", {0, 2}); }), HasSubstr("theta_true"));
}

// A size of zero lets the others be anything without a byte of data.
TEST(ReplayRefuses, AbsurdSizesWithoutAllocating) {
  EXPECT_THAT(refusal([](SafeTensors& t) {
                t.tensors["x_gen"] = {"F64", {std::int64_t{1} << 40, std::int64_t{1} << 20, 1, 0, 1}, {}};
              }),
              HasSubstr("x_gen"));
  EXPECT_THAT(refusal([](SafeTensors& t) { reshape(t, "param.rim.fc0_layer.bias", {5000}); }),
              AllOf(HasSubstr("param.rim.fc0_layer.bias"), HasSubstr("4096")));
  EXPECT_THAT(refusal([](SafeTensors& t) { reshape(t, "theta_true", {3, 5000}); }), HasSubstr("D = 5000"));
}

TEST(ReplayRefuses, NumbersThatAreNone) {
  for (const auto& [name, tensor] : small_tape().tensors) {
    const auto spoil = [&key = name](double value) {
      return refusal([&](SafeTensors& t) { set_number(t, key, 1, value); });
    };
    EXPECT_THAT(spoil(std::numeric_limits<double>::quiet_NaN()), AllOf(HasSubstr(name), HasSubstr("nan"))) << name;
    EXPECT_THAT(spoil(-std::numeric_limits<double>::infinity()), AllOf(HasSubstr(name), HasSubstr("inf"))) << name;
    EXPECT_THAT(spoil(1e300), HasSubstr(name)) << name;
  }
  EXPECT_THAT(refusal([](SafeTensors& t) {
                t.tensors["psi_0"] = Tensor::of<std::int64_t>({3, 2, 2}, std::vector<std::int64_t>(12, 0));
              }),
              AllOf(HasSubstr("psi_0"), HasSubstr("I64")));
}

TEST(ReplayRefuses, MetadataThatMeanNothing) {
  const auto with = [](const char* key, const char* value) {
    return refusal([=](SafeTensors& t) { t.metadata[key] = value; });
  };
  for (const char* const key : {"bound", "loss", "weight", "use_grad"})
    EXPECT_THAT(refusal([key](SafeTensors& t) { t.metadata.erase(key); }), HasSubstr(key));
  EXPECT_THAT(with("loss", "huber"), AllOf(HasSubstr("'huber'"), HasSubstr("normal, beta_normal, mse, l1")));
  EXPECT_THAT(with("weight", "linear"), HasSubstr("exp, const, last, oi"));
  EXPECT_THAT(with("use_grad", "1"), HasSubstr("False, True"));
  EXPECT_THAT(with("family", "student"), HasSubstr("gaussian, gaussian_fixed, point, gaussian_full"));
  EXPECT_THAT(with("update", "relu"), HasSubstr("clamp, tanh"));
  EXPECT_THAT(with("pooling", "max"), HasSubstr("mean, moments"));
  EXPECT_THAT(with("real_count_input", "yes"), HasSubstr("False, True"));
  EXPECT_THAT(with("real_count_input", "True"), HasSubstr("param.rim.fc0_layer.weight"));
  for (const char* const bound : {"", "0.25x", "nan", "inf"}) EXPECT_THAT(with("bound", bound), HasSubstr("bound"));
  EXPECT_THAT(refusal([](SafeTensors& t) {
                t.metadata["update"] = "tanh";
                t.metadata["bound"] = "0";
              }),
              HasSubstr("bound"));
  EXPECT_THAT(with("loss", "beta_normal"), HasSubstr("'beta'"));
  EXPECT_THAT(with("family", "gaussian_fixed"), HasSubstr("'sigma'"));
  EXPECT_THAT(with("family", "point"), AllOf(HasSubstr("point"), HasSubstr("mse, l1")));
}

TEST(ReplayRefuses, SizesInTheMetadataThatAreNotTrue) {
  for (const char* const key : {"batch", "iterations", "num_theta", "num_x", "num_real", "theta_dim", "x_dim"})
    EXPECT_THAT(refusal([key](SafeTensors& t) { t.metadata[key] = "77"; }), AllOf(HasSubstr(key), HasSubstr("'77'")));
}

TEST(ReplayRefuses, OneDrawnParameterWithScores) {
  EXPECT_THAT(refusal([](SafeTensors& t) {
                t.metadata.erase("num_theta");
                reshape(t, "x_gen", {3, 5, 1, 7, 1});
                reshape(t, "theta_gen", {3, 5, 1, 2});
              }),
              HasSubstr("M = 1"));
}

TEST(ReplayRefuses, CountsThatCannotBe) {
  for (const double count : {0.0, -1.0, 2.5, 12.0}) {  // R is 11
    const auto add = [count](SafeTensors& t) {
      t.tensors["real_counts"] = Tensor::of<double>({3}, std::vector{1.0, count, 11.0});
    };
    EXPECT_THAT(refusal(add), AllOf(HasSubstr("real_counts"), HasSubstr("1 to 11")));
  }
}

TEST(ReplayRefuses, WeightsOfOtherNetworks) {
  EXPECT_THAT(refusal([](SafeTensors& t) {
                reshape(t, "param.rim.fc2_layer.weight", {4, 4});
              }),
              HasSubstr("param.rim.fc2_layer.weight"));
}

TEST(Replay, SaysWhereTheRunLeavesTheRangeOfFloat32) {
  SafeTensors tape = small_tape();
  set_number(tape, "psi_0", 2, 100);  // log σ of the first episode: its square is beyond float's range
  set_number(tape, "psi_0", 3, -100);
  EXPECT_THAT(message_of<RunError>([&] { replay(tape); }), HasSubstr("float32"));
}

}  // namespace
}  // namespace alfi
