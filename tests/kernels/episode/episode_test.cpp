// The kernels' episode on every team: against recorded runs, the oracle, finite differences, and each other.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "alfi/simulators.hpp"
#include "tests/support/expect_outputs.hpp"
#include "tests/support/oracle.hpp"
#include "tests/support/tape.hpp"
#include "tests/support/team_runs.hpp"

namespace alfi::test {
namespace {

class RecordedRun : public testing::TestWithParam<const char*> {
 protected:
  Tape tape_ = read_tape(std::filesystem::path(ALFI_TEST_DATA) / GetParam());
};

TEST_P(RecordedRun, InDouble) { expect_outputs(run_host_double(tape_), tape_.outputs, in_double); }
TEST_P(RecordedRun, InFloat) { expect_outputs(run_host_float(tape_), tape_.outputs, in_float); }
TEST_P(RecordedRun, InFloatLanes) { expect_outputs(run_host_lanes(tape_), tape_.outputs, in_float); }
INSTANTIATE_TEST_SUITE_P(Episode, RecordedRun,
                         testing::Values("poisson_networks.safetensors", "weinberg_networks.safetensors"),
                         [](const auto& run) { return std::string(run.param, std::string(run.param).find('_')); });

/// Every combination of choices that makes sense.
std::vector<EpisodeSettings> all_choices() {
  std::vector<EpisodeSettings> out;
  EpisodeSettings s;
  s.beta = 0.7, s.sigma = 0.4, s.bound = 0.5;
  for (Family family : {Family::gaussian, Family::gaussian_fixed, Family::point, Family::gaussian_full})
    for (Loss loss : {Loss::normal, Loss::beta_normal, Loss::mse, Loss::l1})
      for (Weights weights : {Weights::exp, Weights::constant, Weights::last, Weights::oi})
        for (Pooling pooling : {Pooling::mean, Pooling::moments})
          for (Update update : {Update::clamp, Update::tanh})
            for (bool use_grad : {true, false})
              for (bool real_count_input : {true, false}) {
                s.family = family, s.loss = loss, s.weights = weights, s.pooling = pooling, s.update = update;
                s.use_grad = use_grad, s.real_count_input = real_count_input;
                const bool is_point = family == Family::point;
                const bool needs_density = loss == Loss::normal || loss == Loss::beta_normal;
                if (!(is_point && (needs_density || use_grad))) out.push_back(s);
              }
  return out;
}

std::string describe(const EpisodeSettings& s) {
  return fmt::format(
      "family {} loss {} weights {} pooling {} update {} use_grad {} real_count_input {}, T {} M {} N {} R {} D {} X "
      "{}",
      int(s.family), int(s.loss), int(s.weights), int(s.pooling), int(s.update), s.use_grad, s.real_count_input, s.T,
      s.M, s.N, s.R, s.D, s.X);
}

/// Sizes around what the kernels cut: blocks of 16 observations and parameters, of 5 outputs; T = 1, M = 1 for a point.
void draw_sizes(EpisodeSettings& s, std::mt19937_64& engine) {
  const auto draw = [&](std::size_t low, std::size_t high) { return low + engine() % (high - low + 1); };
  s.T = draw(1, 4);
  s.M = draw(s.family == Family::point ? 1 : 2, 18);
  s.N = draw(1, s.M > 8 ? 6 : 20);
  s.R = draw(1, 36);
  s.D = draw(1, 3), s.X = draw(1, 3);
  s.encoder_hidden = draw(1, 12), s.encoder_code = draw(1, 7);
  s.aggregator_hidden = draw(1, 12), s.aggregator_code = draw(1, 7);
  s.rim_hidden = draw(1, 12), s.rim_state = draw(1, 7);
}

// Every choice once, at sizes of its own; the sizes' edges are in there many times.
TEST(Episode, IsTheOraclesForEveryChoice) {
  std::mt19937_64 engine(1);
  std::uint64_t seed = 1;
  for (EpisodeSettings settings : all_choices()) {
    draw_sizes(settings, engine);
    const std::size_t B = seed % 8 == 0 ? 17 : 1 + seed % 3;
    const Tape tape = random_tape(settings, B, seed, seed % 2 == 0, seed % 3 == 0);
    SCOPED_TRACE(fmt::format("{}, B {}, seed {}", describe(settings), B, seed));
    expect_outputs(run_host_double(tape), tape.outputs, in_double);
    if (HasFailure()) return;
    ++seed;
  }
}

TEST(Episode, IsTheOraclesAtTheEdgesOfSizes) {
  struct Sizes {
    std::size_t B, T, M, N, R;
  };
  for (const Sizes& sizes : {Sizes{16, 1, 2, 1, 1}, Sizes{33, 2, 2, 16, 16}, Sizes{1, 2, 16, 1, 17},
                             Sizes{2, 2, 17, 17, 2}, Sizes{3, 3, 33, 5, 40}, Sizes{1, 2, 3, 37, 33}}) {
    EpisodeSettings settings;
    settings.T = sizes.T, settings.M = sizes.M, settings.N = sizes.N, settings.R = sizes.R;
    settings.pooling = Pooling::moments;
    const Tape tape = random_tape(settings, sizes.B, 2, true);
    SCOPED_TRACE(fmt::format("{}, B {}", describe(settings), sizes.B));
    expect_outputs(run_host_double(tape), tape.outputs, in_double);
  }
}

struct Derivative {
  double value, rounding;
};

/// The derivative of the kernels' loss as `values`, one of the tape's arrays, moves along v: central differences at h
/// and h/2 combined, whose error is of order h⁴. The step shrinks until no kink is crossed (the oracle tells on which
/// smooth piece a run lies) and the two agree to 1e-4 of `scale`, the gradient's length: what the combination leaves is
/// about the square of that. NaN if no step does. The loss carries some 10 roundings of its largest term, which the
/// formula magnifies by at most 3/h.
Derivative finite_difference(Tape& tape, std::vector<double>& values, const std::vector<double>& v,
                             const OracleResult& at, double scale) {
  const std::vector<double> start = values;
  const auto loss_at = [&](double h) {
    for (std::size_t i = 0; i < v.size(); ++i) values[i] = start[i] + h * v[i];
    const bool smooth = run_oracle(tape, at.loss_factors).branches == at.branches;
    const double loss = smooth ? run_host_double(tape).loss : NAN;
    values = start;
    return loss;
  };
  double largest = 0.0;
  for (double l : at.loss_per_iteration) largest = std::max(largest, std::abs(l));
  for (double h : {2e-4, 4e-5, 8e-6, 1.6e-6}) {
    const double wide = (loss_at(h) - loss_at(-h)) / (2.0 * h);
    if (std::isnan(wide)) continue;
    const double narrow = (loss_at(0.5 * h) - loss_at(-0.5 * h)) / h;
    const double rounding = 30.0 * std::numeric_limits<double>::epsilon() * largest / h;
    if (std::abs(narrow - wide) <= 1e-4 * scale + rounding) return {(4.0 * narrow - wide) / 3.0, rounding};
  }
  return {NAN, NAN};
}

// The kernels' own gradient of every weight; of the inputs, which the kernels do not give out, the oracle's.
// beta_normal is left out: its factor is held constant, so its gradient is no derivative of the loss.
TEST(Episode, GradientsAreFiniteDifferences) {
  std::vector<EpisodeSettings> cases = all_choices();
  std::erase_if(cases, [](const EpisodeSettings& s) { return s.loss == Loss::beta_normal; });
  std::mt19937_64 engine(1);
  std::normal_distribution<double> normal;
  std::size_t compared = 0, meaningful = 0, skipped = 0;
  for (std::size_t i = 0; i < cases.size(); i += 13) {  // a step that has a factor in common with no choice
    EpisodeSettings& settings = cases[i];
    settings.T = 3, settings.M = 3, settings.N = 3, settings.R = 4, settings.D = 2, settings.X = 2;
    settings.encoder_hidden = 6, settings.encoder_code = 3, settings.aggregator_hidden = 4,
    settings.aggregator_code = 3;
    settings.rim_hidden = 5, settings.rim_state = 4;
    Tape tape = random_tape(settings, 2, i + 1, true, i % 2 == 0);
    // At the initial scale little of the observations reaches the loss.
    for (auto& [name, values] : tape.parameters)
      if (!name.starts_with("rim.fc4_layer"))
        for (double& value : values) value *= 2.0;
    const OracleResult oracle = run_oracle(tape);
    const TapeOutputs outputs = run_host_double(tape);
    struct Leaf {
      std::string name;
      std::vector<double>* values;
      const std::vector<double>* gradient;
    };
    std::vector<Leaf> leaves = {{"psi_0", &tape.psi_0, &oracle.psi_0_gradient},
                                {"x_real", &tape.x_real, &oracle.x_real_gradient},
                                {"x_gen", &tape.x_gen, &oracle.x_gen_gradient}};
    for (auto& [name, values] : tape.parameters) leaves.push_back({name, &values, &outputs.gradients.at(name)});
    for (const Leaf& leaf : leaves) {
      std::vector<double> v(leaf.values->size());
      for (double& x : v) x = normal(engine);
      const double length = norm(v), scale = norm(*leaf.gradient);
      for (double& x : v) x /= length;
      const Derivative got = finite_difference(tape, *leaf.values, v, oracle, scale);
      if (std::isnan(got.value)) {
        ++skipped;
        continue;
      }
      const double expected = std::inner_product(v.begin(), v.end(), leaf.gradient->begin(), 0.0);
      const double tolerance = 1e-6 * scale + got.rounding;
      ASSERT_NEAR(got.value, expected, tolerance) << leaf.name << ", " << describe(settings);
      ++compared;
      meaningful += std::abs(expected) > 10.0 * tolerance;
    }
  }
  EXPECT_LE(skipped, compared / 500);        // a kink within the least step is rare
  EXPECT_GE(meaningful, compared * 7 / 10);  // the others have hardly a gradient, behind a clamped update for one
}

TEST(Episode, HasTheSameBitsOnEveryTeam) {
  std::mt19937_64 engine(3);
  const std::vector<EpisodeSettings> choices = all_choices();
  std::uint64_t seed = 1;
  for (std::size_t i = 0; i < choices.size(); i += 17) {
    EpisodeSettings settings = choices[i];
    draw_sizes(settings, engine);
    const Tape tape = random_tape(settings, seed % 4 == 0 ? 18 : 3, seed, seed % 2 == 0);
    SCOPED_TRACE(fmt::format("{}, seed {}", describe(settings), seed));
    const TapeOutputs expected = run_host_float(tape);
    expect_outputs(expected, tape.outputs, in_float);
    expect_same_bits(run_host_lanes(tape), expected);
    for (int threads : {32, 96, 128}) expect_same_bits(run_fibers(tape, {threads, seed}), expected);
    ++seed;
  }
}

TEST(Episode, DrawsTheSameBitsOnEveryTeam) {
  for (std::size_t i = 0; i < simulators().size(); ++i) {
    SCOPED_TRACE(simulators()[i].name);
    const int simulator = static_cast<int>(i);
    for (std::uint64_t seed : {1U, 2U}) {
      const DrawnEpisode expected = draw_host_float(simulator, seed);
      EXPECT_TRUE(draw_host_lanes(simulator, seed) == expected);
      for (int threads : {32, 96, 128})
        EXPECT_TRUE(draw_fibers(simulator, seed, {threads, seed}) == expected) << threads;
    }
  }
}

TEST(Episode, UpdateHasTheSameBitsOnEveryTeam) {
  // More groups than the norm's sum has places, too.
  for (const auto& [groups, partial_count] : {std::pair{11, 1}, {11, 5}, {11, 200}, {11, 256}, {256, 2}, {700, 3}}) {
    for (const float clip_norm : {0.0F, 1.0F}) {
      const UpdateSettings settings{1e-3F, {10.0F, 1000.0F, 0.9F}, clip_norm};
      UpdateArrays expected = random_update(groups, partial_count, 1);
      update_host_float(expected, settings);
      EXPECT_TRUE(expected.sentinels_hold());
      const auto expect_same = [&](auto run) {
        UpdateArrays got = random_update(groups, partial_count, 1);
        run(got);
        EXPECT_TRUE(got.sentinels_hold());
        for (std::size_t a = 0; a < got.all().size(); ++a) {
          std::vector<float>&left = *got.all()[a], &right = *expected.all()[a];
          EXPECT_TRUE(std::equal(left.begin(), left.end() - tile_lanes, right.begin())) << "array " << a;
        }
      };
      expect_same([&](UpdateArrays& arrays) { update_host_lanes(arrays, settings); });
      for (int threads : {32, 96, 128})
        expect_same([&](UpdateArrays& arrays) { update_fibers(arrays, settings, {threads, 2, 3}); });
    }
  }
}

// Adam, the clipping and the average, from their equations in double.
TEST(Episode, UpdateIsAdams) {
  for (const double clip_norm : {0.0, 1.0, 1e6}) {
    const UpdateArrays before = random_update(3, 256, 4);
    UpdateArrays after = before;
    const double rate = 1e-3, decay = 0.9;
    const int step = 7;
    const double correction1 = 1.0 / (1.0 - std::pow(0.9, step)), correction2 = 1.0 / (1.0 - std::pow(0.999, step));
    update_host_lanes(after, {float(rate), {float(correction1), float(correction2), float(decay)}, float(clip_norm)});
    std::vector<double> gradient(3 * 16, 0.0);
    for (int p = 0; p < 256; ++p)
      for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] += before.partial(p, static_cast<int>(i));
    const double length = norm(gradient);
    EXPECT_NEAR(after.norm[0] / length, 1.0, 1e-6);
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const double g = gradient[i] * (clip_norm > 0.0 ? std::min(1.0, clip_norm / length) : 1.0);
      const double m = 0.9 * before.first_moment[i] + 0.1 * g, v = 0.999 * before.second_moment[i] + 0.001 * g * g;
      const double w = before.weights[i] - rate * m * correction1 / (std::sqrt(v * correction2) + 1e-8);
      // A handful of float roundings of the largest term each, and the partials' sum of 256 terms of about 1.
      const double error = 1e-6 * (1.0 + std::abs(g));
      EXPECT_NEAR(after.first_moment[i], m, error);
      EXPECT_NEAR(after.second_moment[i], v, error * (0.01 + std::abs(g)));
      EXPECT_NEAR(after.weights[i], w, 1e-6 * (1.0 + std::abs(w)));
      EXPECT_NEAR(after.average[i], decay * before.average[i] + (1.0 - decay) * w, 1e-6 * (1.0 + std::abs(w)));
    }
  }
}

TEST(Episode, UpdateKeepsAllWhereTheGradientIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    UpdateArrays before = random_update(3, 4, 5);
    before.partials[17] = bad;
    const UpdateSettings settings{1e-3F, {10.0F, 1000.0F, 0.9F}, 1.0F};
    for (auto run : {update_host_float, update_host_lanes, +[](UpdateArrays&arrays, const UpdateSettings&s) {
                       update_fibers(arrays, s, {96, 6});
                     }}) {
      UpdateArrays after = before;
      run(after, settings);
      EXPECT_FALSE(std::isfinite(after.norm[0]));
      const auto same = [](const std::vector<float>& a, const std::vector<float>& b) {
        return std::equal(a.begin(), a.end() - tile_lanes, b.begin());
      };
      EXPECT_TRUE(same(after.weights, before.weights));
      EXPECT_TRUE(same(after.first_moment, before.first_moment));
      EXPECT_TRUE(same(after.second_moment, before.second_moment));
      EXPECT_TRUE(same(after.average, before.average));
    }
  }
}

}  // namespace
}  // namespace alfi::test
