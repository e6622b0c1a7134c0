// The oracle against the recorded runs of the published modules, and against finite differences.
#include "tests/support/oracle.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "tests/support/tape.hpp"

namespace alfi::test {
namespace {

double norm(const std::vector<double>& v) {
  double total = 0.0;
  for (double x : v) total += x * x;
  return std::sqrt(total);
}

/// Returns ‖a − b‖ / ‖b‖, and infinity where the lengths differ.
double relative_distance(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size() || b.empty()) return INFINITY;
  std::vector<double> difference(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
  return norm(difference) / norm(b);
}

void expect_same_outputs(const TapeOutputs& got, const TapeOutputs& expected, double tolerance) {
  EXPECT_LE(relative_distance(got.theta_features, expected.theta_features), tolerance);
  EXPECT_LE(relative_distance(got.hidden, expected.hidden), tolerance);
  EXPECT_LE(relative_distance(got.d_psi, expected.d_psi), tolerance);
  EXPECT_LE(relative_distance(got.psi, expected.psi), tolerance);
  EXPECT_LE(relative_distance(got.loss_per_iteration, expected.loss_per_iteration), tolerance);
  EXPECT_LE(relative_distance({got.loss}, {expected.loss}), tolerance);
  ASSERT_EQ(got.gradients.size(), expected.gradients.size());
  for (const auto& [name, gradient] : expected.gradients) {
    EXPECT_LE(relative_distance(got.gradients.at(name), gradient), tolerance) << name;
  }
}

class OracleOnRecordedRun : public testing::TestWithParam<const char*> {};

// Both sides are float64 and differ in the order of their sums only: some hundred roundings of 1e-16, amplified by the
// recurrence. 1e-10 leaves room for that and for nothing else.
TEST_P(OracleOnRecordedRun, IsWhatTheOracleComputes) {
  const Tape tape = read_tape(std::filesystem::path(ALFI_TEST_DATA) / GetParam());
  ASSERT_EQ(tape.outputs.gradients.size(), parameter_shapes(tape.settings).size());
  expect_same_outputs(run_oracle(tape), tape.outputs, 1e-10);
}
INSTANTIATE_TEST_SUITE_P(All, OracleOnRecordedRun,
                         testing::Values("poisson_networks.safetensors", "weinberg_networks.safetensors"),
                         [](const auto& run) { return std::string(run.param, std::string(run.param).find('_')); });

EpisodeSettings small_settings() {
  EpisodeSettings s;
  s.T = 3, s.M = 3, s.N = 3, s.R = 4, s.D = 2, s.X = 2;
  s.encoder_hidden = 5, s.encoder_code = 3;
  s.aggregator_hidden = 4, s.aggregator_code = 3;
  s.rim_hidden = 5, s.rim_state = 4;
  s.bound = 0.5;
  return s;
}

/// Lists every combination of choices that makes sense, at one small size.
std::vector<EpisodeSettings> all_settings() {
  std::vector<EpisodeSettings> out;
  EpisodeSettings s = small_settings();
  for (Family family : {Family::gaussian, Family::gaussian_fixed, Family::point, Family::gaussian_full}) {
    for (Loss loss : {Loss::normal, Loss::beta_normal, Loss::mse, Loss::l1}) {
      for (Weights weights : {Weights::exp, Weights::constant, Weights::last, Weights::oi}) {
        for (Pooling pooling : {Pooling::mean, Pooling::moments}) {
          for (Update update : {Update::clamp, Update::tanh}) {
            for (bool use_grad : {true, false}) {
              for (bool real_count_input : {true, false}) {
                s.family = family, s.loss = loss, s.weights = weights, s.pooling = pooling, s.update = update;
                s.use_grad = use_grad, s.real_count_input = real_count_input;
                s.beta = 0.7, s.sigma = 0.4;
                const bool is_point = s.family == Family::point;
                const bool needs_density = s.loss == Loss::normal || s.loss == Loss::beta_normal;
                if (!(is_point && (needs_density || use_grad))) out.push_back(s);
              }
            }
          }
        }
      }
    }
  }
  return out;
}

/// Describes the choices by their places among their enumerators.
std::string describe(const EpisodeSettings& s) {
  return fmt::format("family {} loss {} weights {} pooling {} update {} use_grad {} real_count_input {}", int(s.family),
                     int(s.loss), int(s.weights), int(s.pooling), int(s.update), s.use_grad, s.real_count_input);
}

/// Makes a small run whose gradients are large enough to be measured. At the initial scale little of the observations
/// reaches the loss, so every layer but the last is doubled.
Tape lively_tape(const EpisodeSettings& settings, std::uint64_t seed) {
  Tape tape = random_tape(settings, 2, seed, true);
  for (auto& [name, values] : tape.parameters) {
    if (name.starts_with("rim.fc4_layer")) continue;
    for (double& value : values) value *= 2.0;
  }
  return tape;
}

struct Derivative {
  double value;
  double rounding;  // a bound of its error from rounding
};

/// Returns the derivative of the loss as `values`, one of the tape's arrays, moves along v. It combines central
/// differences at h and h/2, so that the error of the formula is of order h⁴. The step shrinks until no kink is crossed
/// and the two agree to 1e-4 of `scale`, the gradient's length. What the combination leaves is about the square of
/// that. Returns NaN if no step does. The loss carries some 10 roundings of its largest term; the formula magnifies
/// them by at most 3/h.
Derivative finite_difference(Tape& tape, std::vector<double>& values, const std::vector<double>& v,
                             const OracleResult& at, double scale) {
  const std::vector<double> start = values;
  const auto loss_at = [&](double h) {
    for (std::size_t i = 0; i < v.size(); ++i) values[i] = start[i] + h * v[i];
    OracleResult result = run_oracle(tape, at.loss_factors);
    values = start;
    return result.branches == at.branches ? result.loss : NAN;
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

struct Leaf {
  std::string name;
  std::vector<double>* values;
  const std::vector<double>* gradient;
};

/// Lists everything the loss has a gradient for.
std::vector<Leaf> leaves(Tape& tape, const OracleResult& result) {
  std::vector<Leaf> out = {{"psi_0", &tape.psi_0, &result.psi_0_gradient},
                           {"x_real", &tape.x_real, &result.x_real_gradient},
                           {"x_gen", &tape.x_gen, &result.x_gen_gradient}};
  for (auto& [name, values] : tape.parameters) out.push_back({name, &values, &result.gradients.at(name)});
  return out;
}

/// Compares every derivative along `directions(size)` and demands that nearly all could be compared.
template <class Directions>
void expect_finite_differences(const std::vector<EpisodeSettings>& cases, Directions directions) {
  std::size_t compared = 0, meaningful = 0, skipped = 0;
  std::uint64_t seed = 1;
  for (const EpisodeSettings& settings : cases) {
    Tape tape = lively_tape(settings, seed++);
    const OracleResult result = run_oracle(tape);
    for (const Leaf& leaf : leaves(tape, result)) {
      ASSERT_EQ(leaf.values->size(), leaf.gradient->size()) << leaf.name;
      for (const std::vector<double>& v : directions(leaf.values->size())) {
        const Derivative got = finite_difference(tape, *leaf.values, v, result, norm(*leaf.gradient));
        if (std::isnan(got.value)) {
          ++skipped;
          continue;
        }
        const double expected = std::inner_product(v.begin(), v.end(), leaf.gradient->begin(), 0.0);
        const double tolerance = 1e-6 * norm(*leaf.gradient) + got.rounding;
        ASSERT_NEAR(got.value, expected, tolerance) << leaf.name << ", " << describe(settings);
        ++compared;
        meaningful += std::abs(expected) > 10.0 * tolerance;
      }
    }
  }
  EXPECT_LE(skipped, compared / 500);        // a kink within the least step is rare
  EXPECT_GE(meaningful, compared * 7 / 10);  // the others have hardly a gradient, behind a clamped update for one
}

// Every seventh combination takes seconds and, 7 being odd, has every pair of choices.
TEST(Oracle, GradientsAreFiniteDifferencesForEveryChoice) {
  const std::vector<EpisodeSettings> all = all_settings();
  std::vector<EpisodeSettings> cases;
  for (std::size_t i = 0; i < all.size(); i += 7) cases.push_back(all[i]);
  std::mt19937_64 engine(1);
  expect_finite_differences(cases, [&](std::size_t size) {
    std::normal_distribution<double> normal;
    std::vector<double> v(size);
    for (double& x : v) x = normal(engine);
    const double length = norm(v);
    for (double& x : v) x /= length;
    return std::vector<std::vector<double>>{v};
  });
}

// Checks each element alone, since one random direction could hide an index gone wrong.
TEST(Oracle, GradientsAreFiniteDifferencesElementByElement) {
  std::vector<EpisodeSettings> cases;
  for (Family family : {Family::gaussian, Family::gaussian_fixed, Family::point, Family::gaussian_full}) {
    EpisodeSettings s = small_settings();
    s.family = family;
    s.loss = s.family == Family::point ? Loss::mse : Loss::normal;
    s.pooling = Pooling::moments;
    s.update = Update::tanh;
    s.real_count_input = true;
    cases.push_back(s);
  }
  expect_finite_differences(cases, [](std::size_t size) {
    std::vector<std::vector<double>> axes(size, std::vector<double>(size, 0.0));
    for (std::size_t i = 0; i < size; ++i) axes[i][i] = 1.0;
    return axes;
  });
}

TEST(Oracle, WeightsSumToOneAndStartAtZeroForExp) {
  for (Weights weights : {Weights::exp, Weights::constant, Weights::last}) {
    for (std::size_t T : {1U, 2U, 7U}) {
      double total = 0.0;
      for (double w : iteration_weights(weights, T)) total += w;
      EXPECT_NEAR(total, 1.0, 1e-15) << static_cast<int>(weights) << " " << T;
    }
  }
  const std::vector<double> w = iteration_weights(Weights::exp, 3);
  EXPECT_EQ(w[0], 0.0);
  EXPECT_NEAR(w[1] / w[2], (std::exp(1.5) - 1.0) / (std::exp(3.0) - 1.0), 1e-15);
}

// ℓ_t of every loss and family, written out again for what the recorded runs do not have.
TEST(Oracle, LossesAreTheirFormulas) {
  for (EpisodeSettings settings : all_settings()) {
    if (settings.pooling != Pooling::mean || settings.update != Update::clamp || settings.weights != Weights::constant)
      continue;
    const Tape tape = random_tape(settings, 2, 8);
    double total = 0.0;
    for (std::size_t b = 0; b < 2; ++b) {
      for (std::size_t t = 0; t < settings.T; ++t) {
        const double* psi = &tape.outputs.psi[(b * settings.T + t) * settings.psi_size()];
        double expected = 0.0;
        for (std::size_t d = 0; d < settings.D; ++d) {
          const double error = tape.theta_true[b * settings.D + d] - psi[d];
          const double sigma = settings.learns_sigma() ? std::exp(psi[settings.D + d]) : settings.sigma;
          double z = error / sigma;
          if (settings.family == Family::gaussian_full && d == 1)  // D = 2: the one coupling is ψ's last number
            z += psi[4] * (tape.theta_true[b * settings.D] - psi[0]) / std::exp(psi[2]);
          const double nll = 0.91893853320467274 + std::log(sigma) + z * z / 2.0;
          if (settings.loss == Loss::normal) expected += nll;
          if (settings.loss == Loss::beta_normal) expected += std::pow(sigma * sigma, settings.beta) * nll;
          if (settings.loss == Loss::mse) expected += error * error / 2.0;  // D = 2
          if (settings.loss == Loss::l1) expected += std::abs(error) / 2.0;
        }
        EXPECT_NEAR(tape.outputs.loss_per_iteration[b * settings.T + t], expected, 1e-13 * (1.0 + std::abs(expected)))
            << describe(settings);
        total += expected;
      }
    }
    EXPECT_NEAR(tape.outputs.loss, total / (2.0 * static_cast<double>(settings.T)), 1e-13 * (1.0 + std::abs(total)));
  }
}

TEST(Oracle, ObservedImprovementComparesWithTheBestBefore) {
  EpisodeSettings settings = small_settings();
  settings.T = 6;
  settings.weights = Weights::oi;
  const Tape tape = random_tape(settings, 1, 3);
  const std::vector<double>& l = tape.outputs.loss_per_iteration;
  double expected = l[0];
  for (std::size_t t = 1; t < l.size(); ++t) {
    expected += l[t] - *std::min_element(l.begin(), l.begin() + static_cast<std::ptrdiff_t>(t));
  }
  EXPECT_NEAR(tape.outputs.loss, expected / 6.0, 1e-14);
}

/// Takes columns [first, first + count) out of a matrix with `width` columns and returns them.
std::vector<double> take_columns(std::vector<double>& matrix, std::size_t width, std::size_t first, std::size_t count) {
  std::vector<double> taken, kept;
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    const std::size_t column = i % width;
    (column >= first && column < first + count ? taken : kept).push_back(matrix[i]);
  }
  matrix = kept;
  return taken;
}

// The aggregator's input is [mean, deviation of r; mean, deviation of g_m; features]: where the weights of the
// deviations are zero, only the means are pooled.
TEST(Oracle, MomentsAreTheMeanAndThenTheDeviation) {
  EpisodeSettings settings = small_settings();
  settings.pooling = Pooling::moments;
  settings.bound = 0.0;  // nothing hides behind a clamp
  Tape moments = random_tape(settings, 2, 9), mean = moments;
  mean.settings.pooling = Pooling::mean;
  const std::size_t C = settings.encoder_code, width = 4 * C + 3 * settings.D;
  std::vector<double>& weight = moments.parameters.at("theta_data_agg.fc1_layer.weight");
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const std::size_t column = i % width;
    if ((column >= C && column < 2 * C) || (column >= 3 * C && column < 4 * C)) weight[i] = 0.0;
  }
  std::vector<double>& narrow = mean.parameters.at("theta_data_agg.fc1_layer.weight");
  take_columns(narrow, width, 3 * C, C);
  take_columns(narrow, width - C, C, C);
  EXPECT_LE(relative_distance(run_oracle(moments).psi, run_oracle(mean).psi), 1e-14);
  EXPECT_GT(relative_distance(moments.outputs.psi, run_oracle(mean).psi), 1e-6);

  Graph graph;
  const Graph::Node deviation =
      graph.deviation({graph.leaf({1.0, 5.0}), graph.leaf({2.0, 5.0}), graph.leaf({4.0, 5.0})});
  EXPECT_NEAR(graph.value(deviation)[0], std::sqrt(7.0 / 3.0), 1e-15);
  EXPECT_EQ(graph.value(deviation)[1], 0.0);
}

// A number that is the same in every iteration acts as a bias.
TEST(Oracle, RealCountInputComesAfterPsi) {
  EpisodeSettings settings = small_settings();
  settings.real_count_input = true;
  settings.bound = 0.0;
  Tape with = random_tape(settings, 1, 10), without = with;
  without.settings.real_count_input = false;
  const std::size_t width = settings.aggregator_code + settings.psi_size() + 1;
  const std::vector<double> column = take_columns(without.parameters.at("rim.fc0_layer.weight"), width, width - 1, 1);
  std::vector<double>& bias = without.parameters.at("rim.fc0_layer.bias");
  for (std::size_t i = 0; i < bias.size(); ++i) bias[i] += column[i] * with.real_count_inputs[0];
  EXPECT_LE(relative_distance(run_oracle(without).psi, with.outputs.psi), 1e-14);
}

TEST(Oracle, UpdatesAreClampedOrBentOrFree) {
  EpisodeSettings settings = small_settings();
  settings.T = 1;
  Tape tape = random_tape(settings, 4, 12);
  tape.settings.bound = 0.0;
  const std::vector<double> free = run_oracle(tape).d_psi;
  tape.settings.bound = 0.3;
  const std::vector<double> clamped = run_oracle(tape).d_psi;
  tape.settings.update = Update::tanh;
  const std::vector<double> bent = run_oracle(tape).d_psi;
  EXPECT_GT(*std::max_element(free.begin(), free.end()), 0.3);
  for (std::size_t i = 0; i < free.size(); ++i) {
    EXPECT_EQ(clamped[i], std::min(std::max(free[i], -0.3), 0.3));
    EXPECT_NEAR(bent[i], 0.3 * std::tanh(free[i] / 0.3), 1e-15);
  }
}

TEST(Oracle, RowsThatDoNotCountDoNothing) {
  Tape tape = random_tape(small_settings(), 3, 4, true);
  ASSERT_EQ(tape.real_counts.size(), 3U);
  ASSERT_LT(*std::min_element(tape.real_counts.begin(), tape.real_counts.end()), tape.settings.R);
  for (double& x : tape.x_real) {
    if (x == 1e3) x = -3.0;
  }
  EXPECT_EQ(run_oracle(tape).hidden, tape.outputs.hidden);  // ψ could hide behind its clamp
}

// A set of one has no deviation, equal draws have no scores: zeros, never NaN.
TEST(Oracle, GuardsDeviationsOfNothing) {
  EpisodeSettings settings = small_settings();
  settings.pooling = Pooling::moments;
  settings.M = settings.N = settings.R = settings.T = 1;
  const Tape tape = random_tape(settings, 2, 5);
  EXPECT_TRUE(std::isfinite(tape.outputs.loss));
  for (const auto& [name, gradient] : tape.outputs.gradients) EXPECT_TRUE(std::isfinite(norm(gradient))) << name;
  for (std::size_t i = 0; i < tape.outputs.theta_features.size(); ++i) {
    if (i % settings.feature_size() < settings.D) continue;  // θ itself
    EXPECT_EQ(tape.outputs.theta_features[i], 0.0);
  }
}

// Equal observations have equal codes: their deviation is zero and has no gradient, whatever the rounding of the mean.
TEST(Oracle, GuardsDeviationsOfEqualObservations) {
  EpisodeSettings settings = small_settings();
  settings.pooling = Pooling::moments;
  Tape tape = random_tape(settings, 2, 7);
  for (double& x : tape.x_real) x = 0.1;
  for (double& x : tape.x_gen) x = 0.1;
  const OracleResult result = run_oracle(tape);
  // The deviations' weights do nothing, so their gradients are exactly zero.
  const std::size_t C = settings.encoder_code, width = 4 * C + 3 * settings.D;
  std::vector<double> gradient = result.gradients.at("theta_data_agg.fc1_layer.weight");
  EXPECT_EQ(norm(take_columns(gradient, width, 3 * C, C)), 0.0);
  EXPECT_EQ(norm(take_columns(gradient, width - C, C, C)), 0.0);
  EXPECT_GT(norm(gradient), 0.0);
}

TEST(Oracle, RefusesContradictions) {
  EpisodeSettings settings = small_settings();
  settings.family = Family::point;
  EXPECT_THROW(random_tape(settings, 1, 1), std::invalid_argument);
  settings = small_settings();
  settings.N = 0;
  EXPECT_THROW(random_tape(settings, 1, 1), std::invalid_argument);
}

// A made-up run is only a test of clamps if some updates are clamped and some are not.
TEST(Tape, RandomUpdatesReachTheBoundSometimes) {
  std::size_t clamped = 0, updates = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    EpisodeSettings settings;
    settings.D = 2;
    for (double d : random_tape(settings, 2, seed).outputs.d_psi) {
      ++updates;
      clamped += std::abs(d) == settings.bound;
    }
  }
  EXPECT_GT(clamped, updates / 10);
  EXPECT_LT(clamped, updates * 9 / 10);
}

TEST(Tape, IsReadAsItWasWritten) {
  EpisodeSettings settings = small_settings();
  settings.family = Family::gaussian_fixed;
  settings.loss = Loss::beta_normal;
  settings.weights = Weights::oi;
  settings.pooling = Pooling::moments;
  settings.update = Update::tanh;
  settings.real_count_input = true;
  settings.beta = 1.0 / 3.0;
  const Tape tape = random_tape(settings, 3, 6, true);
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "alfi_oracle_test.safetensors";
  write_tape(path, tape, true);
  const Tape again = read_tape(path);
  EXPECT_EQ(again.parameters, tape.parameters);
  EXPECT_EQ(again.real_counts, tape.real_counts);
  EXPECT_EQ(again.outputs.gradients, tape.outputs.gradients);
  expect_same_outputs(run_oracle(again), tape.outputs, 0.0);

  write_tape(path, tape, false);
  EXPECT_TRUE(read_tape(path).outputs.psi.empty());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace alfi::test
