// Samplers against their laws, written down here in double: chi-square over the counts or over 4096 equally likely
// intervals, Kolmogorov and Smirnov's distance at their ends, mean and variance; scalar, vector and instruction sets
// bit for bit; and θ at and beyond the domain's edges.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/episode/simulate.hpp"
#include "kernels/sim/simulator_at.hpp"
#include "tests/support/laws.hpp"
#include "tests/support/sanitized.hpp"

namespace alfi::inline ALFI_ISA {
namespace {

using namespace test::laws;

constexpr int draws = 1'000'000;

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

/// Observations of one θ (D), or of as many as there are lanes, a column for each of their X numbers: number i of lane
/// l at [i * width + l].
template <class Sim, class F, class Theta>
std::vector<std::vector<float>> columns(const std::vector<Theta>& thetas, std::size_t count, std::uint64_t seed) {
  constexpr std::size_t width = static_cast<std::size_t>(LaneTraits<F>::width);
  const std::size_t lanes = thetas.size() > 1 ? thetas.size() : width, per_lane = count / lanes + 1;
  const std::size_t D = thetas[0].size(), X = Sim::X == any_size ? D : static_cast<std::size_t>(Sim::X);
  std::vector<std::vector<float>> x(X, std::vector<float>(per_lane * lanes));
  for (std::size_t begin = 0; begin < lanes; begin += width) {
    std::uint32_t episode[width];
    for (std::size_t l = 0; l < width; ++l) episode[l] = static_cast<std::uint32_t>(begin + l);
    const auto natural = [&](int d) {
      float values[width];
      for (std::size_t l = 0; l < width; ++l)
        values[l] = thetas[thetas.size() > 1 ? begin + l : 0][static_cast<std::size_t>(d)];
      return load<F>(values);
    };
    const SimulatorAt<Sim, F, decltype(natural)> simulator(natural, static_cast<int>(D));
    const Stream<F> stream{stream_key(seed, Phase::simulation, Purpose::observe, 0), load_words<F>(episode), 5};
    simulator.observe(stream, 0, static_cast<int>(per_lane), [&](int i, int k, F value) {
      store<F>(&x[static_cast<std::size_t>(k)][static_cast<std::size_t>(i) * lanes + begin], value);
    });
  }
  return x;
}

/// Returns the one column of `columns` where X = 1.
template <class Sim, class F>
std::vector<float> observations(const std::vector<std::array<float, Sim::D>>& thetas, std::size_t count,
                                std::uint64_t seed) {
  static_assert(Sim::X == 1);
  return columns<Sim, F>(thetas, count, seed)[0];
}

template <class Sim>
std::vector<float> draw(std::array<float, Sim::D> theta, std::uint64_t seed) {
  auto x = observations<Sim, FloatLanes>({theta}, draws, seed);
  x.resize(draws);
  return x;
}

// --- poisson
// -----------------------------------------------------------------------------------------------------------

void expect_poisson(const std::vector<float>& x, double rate, const std::string& what) {
  const double reach = 40 + 12 * std::sqrt(rate);
  expect_counts(
      x, std::max(0.0, std::floor(rate - reach)), std::ceil(rate + reach),
      [&](double k) { return std::exp(-rate + k * std::log(rate) - std::lgamma(k + 1)); }, what);
  expect_moments(x, {rate, rate, rate + 3 * rate * rate}, what);
}

TEST(Simulators, PoissonFollowsItsLaw) {
  std::uint64_t seed = 100;
  // Both sides of 10, where the method changes; 13.24, where Hörmann's own hat would be too low; the domain's end.
  for (const double rate : {1e-9,  1e-4, 0.05, 0.5,   1.2214, 2.71828, 5.0, 9.0, 9.9, 10.0001, 10.1,
                            13.24, 20.5, 50.0, 100.0, 300.25, 1096.63, 1e4, 1e5, 1e6, 4e6,     8886110.0}) {
    const float theta = std::min(16.0f, static_cast<float>(std::log(rate)));
    expect_poisson(draw<Poisson>({theta}, ++seed), std::exp(static_cast<double>(theta)),
                   "rate " + std::to_string(rate));
  }
}

/// Returns P(k) of Poisson's law.
double poisson_probability(double rate, double k) { return std::exp(k * std::log(rate) - rate - std::lgamma(k + 1)); }

/// Returns what the sampler should make of one observation's words, in double; NaN where float32's rounding may decide
/// otherwise.
double poisson_in_double(double rate, const Stream<float>& stream, std::uint32_t n) {
  // Two neighbours share the block of their first attempts.
  const auto shared = stream.block(n - n % 2);
  std::uint32_t words[2] = {shared.word[n % 2 * 2], shared.word[n % 2 * 2 + 1]};
  if (rate < 10) {
    const double u = static_cast<double>(uniform_fine<float>(words[0]));
    double tail = 1, p = std::exp(-rate);
    for (int k = 0;; ++k, p *= rate / k) {
      tail = k == 0 ? -std::expm1(-rate) : tail - p;
      if (std::fabs(u - tail) < 1e-6) return NAN;  // about 10 roundings of numbers below 1
      if (u >= tail) return k;
    }
  }
  const double b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.006 * (1.1239 + 1.1328 / (b - 3.4));
  for (std::uint32_t attempt = 0;; ++attempt) {
    if (attempt > 0) std::copy_n(stream.block(n, attempt).word, 2, words);
    const double u = static_cast<double>(uniform<float>(words[0])) - 0.5;
    const double v = static_cast<double>(uniform_fine<float>(words[1]));
    const double s = 0.5 - std::fabs(u), place = (2 * a / s + b) * u + rate + 0.43, k = std::floor(place);
    // Four roundings of the distance from λ; far out, where P(k) is nothing, it does not matter.
    if (std::fabs(place - std::rint(place)) < 4 * 0x1p-24 * (1 + std::fabs(place - rate)) && s > 0.01) return NAN;
    const double ratio = k < 0 ? 0 : poisson_probability(rate, k) * (a / (s * s) + b) / inverse_alpha;
    if (std::fabs(v - ratio) < 1e-5 * v) return NAN;  // the exponent, up to 20, has five roundings
    if (v <= ratio) return k;
  }
}

// Far sharper than the law's own test: the decision of every attempt, not their distribution.
TEST(Simulators, PoissonDecidesAsInDouble) {
  for (const float theta : {-9.0f, -1.0f, 0.2f, 1.0f, 2.0f, 2.3f, 2.3026f, 2.5f, 2.58f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f,
                            9.21f, 12.0f, 16.0f}) {
    const float constant_theta[1] = {theta};
    const auto law = Poisson::law<float>(constant_theta);
    const Stream<float> stream{{3, 4}, 5, 6};
    int unclear = 0;
    constexpr int numbers = 40000;
    for (std::uint32_t n = 0; n < numbers; ++n) {
      const double expected = poisson_in_double(static_cast<double>(law.rate), stream, n);
      if (std::isnan(expected)) {
        ++unclear;
        continue;
      }
      float k[2][1];
      Poisson::observe<float>(law, stream, n - n % 2, k);
      ASSERT_EQ(k[n % 2][0], expected) << "log rate " << theta << ", number " << n;
    }
    EXPECT_LE(unclear, numbers / 100) << "log rate " << theta;
  }
}

// An attempt is accepted with a probability, which must not exceed 1 anywhere, else the law is cut there.
TEST(Simulators, PoissonsHatCovers) {
  for (double rate = 10; rate < 9e6; rate *= rate < 40 ? 1.01 : 1.3) {
    const double b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.006 * (1.1239 + 1.1328 / (b - 3.4));
    for (double u = -0.4999; u < 0.5; u += 0.0002) {
      const double s = 0.5 - std::fabs(u), k = std::floor((2 * a / s + b) * u + rate + 0.43);
      if (k < 0) continue;
      ASSERT_LE(poisson_probability(rate, k) * (a / (s * s) + b), inverse_alpha) << rate << ", " << k;
    }
  }
}

TEST(Simulators, PoissonAtTheEdgesOfItsDomain) {
  const auto first_of = [](float theta) { return observations<Poisson, FloatLanes>({{theta}}, 100, 1)[0]; };
  for (const float theta : {-100.0f, -104.0f, -1e30f, -INFINITY}) {
    const auto x = observations<Poisson, FloatLanes>({{theta}}, 10000, 1);
    EXPECT_TRUE(std::all_of(x.begin(), x.end(), [](float k) { return bits_of(k) == 0; })) << theta;
  }
  EXPECT_TRUE(std::isnan(first_of(NAN)));
  EXPECT_EQ(first_of(1e30f), first_of(16.0f));
  EXPECT_EQ(first_of(INFINITY), first_of(16.0f));
  for (const auto& [theta, moved] : {std::pair{16.0f, false},
                                     {16.00001f, true},
                                     {1e30f, true},
                                     {INFINITY, true},
                                     {-INFINITY, false},
                                     {-1e30f, false},
                                     {NAN, false}}) {
    float value[1] = {theta};
    EXPECT_EQ(Poisson::clamp<float>(value), moved) << theta;
    EXPECT_EQ(moved, !(theta <= 16.0f) && value[0] == 16.0f);
  }
}

// --- gaussian
// ----------------------------------------------------------------------------------------------------------

TEST(Simulators, GaussianFollowsItsLaw) {
  std::uint64_t seed = 200;
  std::vector<std::array<float, 2>> thetas;
  for (const float mean : {-10.0f, -2.5f, 0.0f, 0.125f, 10.0f})
    for (const float log_deviation : {-2.0f, -0.3f, 0.0f, 1.5f}) thetas.push_back({mean, log_deviation});
  for (const float log_deviation : {-20.0f, 5.0f, 20.0f}) thetas.push_back({0.0f, log_deviation});
  for (const auto& theta : thetas) {
    const double mean = theta[0], deviation = std::exp(static_cast<double>(theta[1])), variance = deviation * deviation;
    const std::string what = "mean " + std::to_string(theta[0]) + ", log deviation " + std::to_string(theta[1]);
    const auto x = draw<Gaussian>(theta, ++seed);
    expect_continuous(
        x, [&](double value) { return std::erfc((mean - value) / (deviation * M_SQRT2)) / 2; }, what);
    expect_moments(x, {mean, variance, 3 * variance * variance}, what);
  }
}

TEST(Simulators, GaussianAtTheEdgesOfItsDomain) {
  for (const auto& [log_deviation, clamped] : {std::pair{20.0f, 20.0f},
                                               {-20.0f, -20.0f},
                                               {20.5f, 20.0f},
                                               {-21.0f, -20.0f},
                                               {1e30f, 20.0f},
                                               {-INFINITY, -20.0f}}) {
    float theta[2] = {1e30f, log_deviation};
    EXPECT_EQ(Gaussian::clamp<float>(theta), log_deviation != clamped) << log_deviation;
    EXPECT_EQ(theta[1], clamped);
    EXPECT_EQ(theta[0], 1e30f);
  }
  const auto first_of = [](float mean, float log_deviation) {
    return observations<Gaussian, FloatLanes>({{mean, log_deviation}}, 10, 1)[0];
  };
  EXPECT_TRUE(std::isnan(first_of(NAN, 0.0f)));
  EXPECT_TRUE(std::isnan(first_of(0.0f, NAN)));
  float theta[2] = {0.0f, NAN};
  EXPECT_FALSE(Gaussian::clamp<float>(theta));
  EXPECT_EQ(first_of(1e30f, -20.0f), 1e30f);
}

// --- weinberg
// ----------------------------------------------------------------------------------------------------------

/// p(c) ∝ max(0, 1 + c² + a c).
struct Angle {
  explicit Angle(std::array<float, 2> theta)
      : a(2 * std::tanh(10 * (2.0 * static_cast<double>(theta[0]) - 90) / 90) * static_cast<double>(theta[1])) {
    const double size = std::fabs(a);
    if (size > 2) {
      const double root = -2 / (size + std::sqrt(size * size - 4));
      (a > 0 ? low : high) = a > 0 ? root : -root;
    }
  }
  double integral(double c, int power) const {  // integrates cᵖ (1 + a c + c²)
    return std::pow(c, power + 1) / (power + 1) + a * std::pow(c, power + 2) / (power + 2) +
           std::pow(c, power + 3) / (power + 3);
  }
  double moment(int power) const {
    return (integral(high, power) - integral(low, power)) / (integral(high, 0) - integral(low, 0));
  }
  double cdf(double c) const {
    const double from = c * (1 + c * (a / 2 + c / 3)), start = low * (1 + low * (a / 2 + low / 3)),
                 end = high * (1 + high * (a / 2 + high / 3));
    return (from - start) / (end - start);
  }
  double a, low = -1, high = 1;
};

/// Returns θ with the given a, at the beam's energies where tanh is ±0.805.
std::array<float, 2> with_asymmetry(double a) {
  return {a < 0 ? 40.0f : 50.0f, static_cast<float>(std::fabs(a) / (2 * std::tanh(10.0 / 9)))};
}

// 2 is the last uncut density; Cardano's form holds beyond it up to 10/3 for large u; the prior ends at 2.41.
const double asymmetries[] = {0.0,   1e-6, 0.3,   -0.3, 1.0,  -1.0, 1.7,   -1.7, 1.99,  -1.99, 2.0,  -2.0, 2.0000005,
                              2.001, 2.01, -2.01, 2.1,  -2.1, 2.41, -2.41, 3.0,  -3.33, 3.4,   10.0, -1e3};

TEST(Simulators, WeinbergFollowsItsLaw) {
  std::uint64_t seed = 300;
  for (const double a : asymmetries) {
    const auto theta = with_asymmetry(a);
    const Angle law(theta);
    const std::string what = "a = " + std::to_string(a);
    const auto x = draw<Weinberg>(theta, ++seed);
    const auto [least, greatest] = std::minmax_element(x.begin(), x.end());
    EXPECT_GE(*least, static_cast<float>(law.low) - 1e-6f) << what;  // the root's rounding
    EXPECT_LE(*greatest, static_cast<float>(law.high) + 1e-6f) << what;
    EXPECT_TRUE(*least >= -1 && *greatest <= 1) << what;
    expect_continuous(
        x, [&](double c) { return law.cdf(c); }, what);
    const double mean = law.moment(1), second = law.moment(2), third = law.moment(3), fourth = law.moment(4);
    expect_moments(x,
                   {mean, second - mean * mean,
                    fourth - 4 * mean * third + 6 * mean * mean * second - 3 * mean * mean * mean * mean},
                   what);
  }
}

// F(c) is the uniform number c was made from, in the block's order: to four roundings of c, at a density of at most 2.
TEST(Simulators, WeinbergInvertsItsDistributionFunction) {
  for (const double asymmetry : asymmetries) {
    auto theta = with_asymmetry(asymmetry);
    // The law at the kernel's own a, whose rounding is not what is tested here.
    const float a = 2.0f * tanh((theta[0] - Weinberg::half_mass) * Weinberg::steepness) * theta[1];
    Angle law(theta);
    law.a = a;
    law.low = -1, law.high = 1;
    const double size = std::fabs(law.a);
    if (size > 2) (a > 0 ? law.low : law.high) = (a > 0 ? -2 : 2) / (size + std::sqrt(size * size - 4));
    const Stream<float> stream{{1, 2}, 3, 4};
    const float constant_theta[2] = {theta[0], theta[1]};
    const auto prepared = Weinberg::law<float>(constant_theta);
    double worst = 0;
    for (std::uint32_t n = 0; n < 20000; n += Weinberg::group) {
      float c[Weinberg::group][1];
      Weinberg::observe<float>(prepared, stream, n, c);
      const auto block = stream.block(n);
      for (int i = 0; i < Weinberg::group; ++i)
        worst = std::max(worst, std::fabs(law.cdf(c[i][0]) - static_cast<double>(uniform<float>(block.word[i]))));
    }
    EXPECT_LE(worst, 0x1p-21) << "a = " << asymmetry;
  }
}

TEST(Simulators, WeinbergAtTheEdgesOfItsDomain) {
  const auto draw_some = [](float energy, float constant) {
    return observations<Weinberg, FloatLanes>({{energy, constant}}, 1000, 1);
  };
  const auto inside = [](const std::vector<float>& x, float low, float high) {
    return std::all_of(x.begin(), x.end(), [&](float c) { return c >= low && c <= high; });
  };
  EXPECT_TRUE(inside(draw_some(1e30f, 1.0f), -1.0f, 1.0f));
  EXPECT_TRUE(inside(draw_some(-1e30f, 1.0f), -1.0f, 1.0f));
  EXPECT_TRUE(inside(draw_some(INFINITY, 1.0f), -1.0f, 1.0f));
  EXPECT_TRUE(inside(draw_some(50.0f, 0.0f), -1.0f, 1.0f));
  EXPECT_TRUE(inside(draw_some(50.0f, -3.0f), -1.0f, 1.0f));
  // a → ∞: the density is proportional to c on [0, 1].
  for (const float constant : {1e7f, 1e12f, 1e30f, INFINITY}) {
    const auto x = draw_some(50.0f, constant);
    EXPECT_TRUE(inside(x, -1e-6f, 1.0f)) << constant;
    const double mean = std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
    EXPECT_NEAR(mean, 2.0 / 3, 5 * std::sqrt(1.0 / 18 / 1000)) << constant;
  }
  EXPECT_TRUE(std::isnan(draw_some(NAN, 1.0f)[0]));
  EXPECT_TRUE(std::isnan(draw_some(50.0f, NAN)[0]));
  for (const auto& [constant, moved] :
       {std::pair{0.0f, false}, {-0.0f, false}, {-1e-30f, true}, {-INFINITY, true}, {1e30f, false}, {NAN, false}}) {
    float theta[2] = {44.0f, constant};
    EXPECT_EQ(Weinberg::clamp<float>(theta), moved) << constant;
    EXPECT_EQ(moved, constant < 0 && theta[1] == 0.0f);
  }
}

// --- multi_distribution
// ------------------------------------------------------------------------------------------------

constexpr int components = MultiDistribution::X;

/// The mixing matrix as it was published.
constexpr double mixing[components][components] = {{1.31229955, 0.10499961, 0.48310515, -0.3249938, -0.26387927},
                                                   {0.10499961, 1.15833058, -0.55865473, 0.25275522, -0.39790775},
                                                   {0.48310515, -0.55865473, 2.25874579, -0.52087938, -0.39271231},
                                                   {-0.3249938, 0.25275522, -0.52087938, 1.4034925, -0.63521059},
                                                   {-0.26387927, -0.39790775, -0.39271231, -0.63521059, 1}};

/// Inverts the mixing matrix A by elimination; A is positive definite and needs no pivots.
std::array<std::array<double, components>, components> inverse_mixing() {
  double a[components][2 * components] = {};
  for (int k = 0; k < components; ++k) {
    std::copy_n(mixing[k], components, a[k]);
    a[k][components + k] = 1;
  }
  for (int pivot = 0; pivot < components; ++pivot)
    for (int k = 0; k < components; ++k) {
      const double factor = a[k][pivot] / a[pivot][pivot];
      for (int j = pivot; k != pivot && j < 2 * components; ++j) a[k][j] -= factor * a[pivot][j];
    }
  std::array<std::array<double, components>, components> inverse;
  for (std::size_t k = 0; k < components; ++k)
    for (std::size_t j = 0; j < components; ++j) inverse[k][j] = a[k][components + j] / a[k][k];
  return inverse;
}

/// Returns z of x = A z.
std::vector<std::vector<float>> unmixed(const std::vector<std::vector<float>>& x) {
  const auto inverse = inverse_mixing();
  std::vector<std::vector<float>> z = x;
  for (std::size_t n = 0; n < x[0].size(); ++n)
    for (std::size_t k = 0; k < components; ++k) {
      double sum = 0;
      for (std::size_t j = 0; j < components; ++j) sum += inverse[k][j] * static_cast<double>(x[j][n]);
      z[k][n] = static_cast<float>(sum);
    }
  return z;
}

/// The law of a component: distribution function and moments.
struct ComponentLaw {
  std::function<double(double)> cdf;
  LawMoments moments;
};

std::vector<ComponentLaw> component_laws(const std::array<float, 3>& theta) {
  const double mean = theta[0], deviation = std::exp(theta[1] / 3.0), variance = deviation * deviation;
  const double width = theta[2] + 5.0;
  const auto normal = [](double x, double m, double s) { return std::erfc((m - x) / (s * M_SQRT2)) / 2; };
  return {
      {[=](double z) { return normal(z, mean, 1); }, {mean, 1, 3}},
      {[=](double z) { return normal(z, 3, deviation); }, {3, variance, 3 * variance * variance}},
      // E z² = (1 + 4 + 1/4 + 4)/2; E z⁴ = Σ (m⁴ + 6 m² s² + 3 s⁴)/2
      {[=](double z) { return (normal(z, -2, 1) + normal(z, 2, 0.5)) / 2; },
       {0, 4.625, (16 + 24 + 3 + 16 + 6 + 0.1875) / 2}},
      {[=](double z) { return (z + 5) / width; }, {(theta[2] - 5.0) / 2, width * width / 12, std::pow(width, 4) / 80}},
      {[](double z) { return -std::expm1(-z / 2); }, {2, 4, 144}}};
}

/// Expects two columns, both uniform on [0, 1], to be independent: chi-square over 16 x 16 equally likely squares.
void expect_independent(const std::vector<double>& u, const std::vector<double>& v, const std::string& what) {
  constexpr int bins = 16;
  std::vector<int> count(bins * bins);
  double sum = 0;
  const auto bin = [](double value) { return std::min(static_cast<int>(value * bins), bins - 1); };
  for (std::size_t i = 0; i < u.size(); ++i) {
    ++count[static_cast<std::size_t>(bin(u[i]) * bins + bin(v[i]))];
    sum += (u[i] - 0.5) * (v[i] - 0.5);
  }
  const double expected = static_cast<double>(u.size()) / (bins * bins);
  double statistic = 0;
  for (const double c : count) statistic += (c - expected) * (c - expected) / expected;
  EXPECT_LE(chi_square_score(statistic, bins * bins - 1), score_bound) << what;
  const double n = static_cast<double>(u.size());
  EXPECT_LE(std::fabs(12 * sum / n), 5 / std::sqrt(n)) << what << ": correlation";
}

TEST(Simulators, MultiDistributionFollowsItsLaw) {
  if (test::sanitized) GTEST_SKIP() << "statistics; sanitizers watch over the other tests of this sampler";
  std::uint64_t seed = 400;
  std::vector<std::array<float, 3>> thetas;
  for (const float first : {-3.0f, 0.0f, 2.5f})
    for (const float second : {-3.0f, 0.25f, 3.0f})
      for (const float third : {-3.0f, 3.0f}) thetas.push_back({first, second, third});
  thetas.push_back({-8.0f, 9.0f, 1.0f});
  thetas.push_back({10.0f, -9.0f, -4.0f});
  thetas.push_back({0.125f, 1.0f, 20.0f});
  for (const auto& theta : thetas) {
    auto x = columns<MultiDistribution, FloatLanes>(std::vector{theta}, draws, ++seed);
    for (auto& column : x) column.resize(draws);
    const auto z = unmixed(x);
    const auto laws = component_laws(theta);
    const std::string at =
        " at " + std::to_string(theta[0]) + ", " + std::to_string(theta[1]) + ", " + std::to_string(theta[2]);
    std::vector<std::vector<double>> uniform(components);
    for (std::size_t k = 0; k < components; ++k) {
      const std::string what = "component " + std::to_string(k + 1) + at;
      // x's roundings, of numbers up to 40, come back as up to 8 times their sum: 1e-4 of z, at a density of at most ½,
      // which only shows at the ends of z₄ and z₅.
      const auto cdf = [&](double value) {
        const double u = laws[k].cdf(value);
        return u > -5e-5 && u < 1 + 5e-5 ? std::clamp(u, 0.0, 1.0) : u;
      };
      uniform[k] = places_in(z[k], cdf);
      expect_uniform(uniform[k], what);
      expect_moments(z[k], laws[k].moments, what);
      for (std::size_t j = 0; j < k; ++j)
        expect_independent(uniform[j], uniform[k], what + " and " + std::to_string(j + 1));
    }
  }
}

TEST(Simulators, MultiDistributionAtTheEdgesOfItsDomain) {
  const float least = MultiDistribution::least_uniform_high;
  EXPECT_EQ(least, std::nextafter(-5.0f, 0.0f));
  for (const auto& [theta, clamped] :
       {std::pair<std::array<float, 3>, std::array<float, 3>>{{0, 0, least}, {0, 0, least}},
        {{0, 0, -5}, {0, 0, least}},
        {{0, 0, -INFINITY}, {0, 0, least}},
        {{1e30f, 60, 1e30f}, {1e30f, 60, 1e30f}},
        {{-1e30f, 60.5f, 0}, {-1e30f, 60, 0}},
        {{0, -INFINITY, 0}, {0, -60, 0}},
        {{0, 1e30f, -6}, {0, 60, least}}}) {
    float value[3] = {theta[0], theta[1], theta[2]};
    EXPECT_EQ(MultiDistribution::clamp<float>(value), theta != clamped) << theta[1] << ", " << theta[2];
    EXPECT_TRUE(std::equal(value, value + 3, clamped.begin())) << theta[1] << ", " << theta[2];
  }
  for (std::size_t d = 0; d < 3; ++d) {
    std::array<float, 3> theta{};
    theta[d] = NAN;
    float value[3] = {theta[0], theta[1], theta[2]};
    EXPECT_FALSE(MultiDistribution::clamp<float>(value));
    for (const auto& column : columns<MultiDistribution, FloatLanes>(std::vector{theta}, 10, 1))
      EXPECT_TRUE(std::isnan(column[0])) << d;
  }
  // The narrowest interval: z₄ is -5, to the roundings of five numbers below 20.
  const auto narrow =
      unmixed(columns<MultiDistribution, FloatLanes>(std::vector{std::array{0.0f, 0.0f, -7.0f}}, 10000, 1));
  for (const float value : narrow[3]) EXPECT_NEAR(value, -5, 1e-4);
  for (const auto& column :
       columns<MultiDistribution, FloatLanes>(std::vector{std::array{0.0f, 60.0f, 0.0f}}, 10000, 1))
    EXPECT_TRUE(std::all_of(column.begin(), column.end(), [](float x) { return std::isfinite(x); }));
}

// --- linear_regression
// -------------------------------------------------------------------------------------------------

/// Returns what is left of y: (y − Σ tan(αᵢ) uᵢ − b) / 0.1.
std::vector<float> residuals(const std::vector<std::vector<float>>& x, const std::vector<float>& theta) {
  const std::size_t inputs = theta.size() - 1;
  std::vector<double> slopes;
  for (std::size_t k = 0; k < inputs; ++k) slopes.push_back(std::tan(static_cast<double>(theta[k])));
  std::vector<float> z;
  for (std::size_t n = 0; n < x[0].size(); ++n) {
    double y = static_cast<double>(x[inputs][n]) - static_cast<double>(theta[inputs]);
    for (std::size_t k = 0; k < inputs; ++k) y -= slopes[k] * static_cast<double>(x[k][n]);
    z.push_back(static_cast<float>(y / 0.1));
  }
  return z;
}

TEST(Simulators, LinearRegressionFollowsItsLaw) {
  if (test::sanitized) GTEST_SKIP() << "statistics; sanitizers watch over the other tests of this sampler";
  std::uint64_t seed = 500;
  std::vector<std::vector<float>> thetas;
  for (const float angle : {0.0f, 0.3f, 0.785398f, 0.785399f, 1.3f, 1.55f, 1.57f})
    for (const float offset : {-1.0f, 0.25f}) thetas.push_back({angle, offset});
  for (const float angle : {0.0f, 0.5f, 1.2f}) thetas.push_back({angle, 1.5f, 0.7f, 1.0f});
  thetas.push_back({1.0f, 1.1f, 0.0f});
  thetas.push_back({0.2f, 0.4f, 0.6f, 0.8f, 1.0f, -30.0f});
  thetas.push_back(std::vector<float>(9, 0.5f));
  for (const auto& theta : thetas) {
    auto x = columns<LinearRegression, FloatLanes>(std::vector<std::vector<float>>{theta}, draws, ++seed);
    for (auto& column : x) column.resize(draws);
    const std::size_t inputs = theta.size() - 1;
    const std::string at = " at " + std::to_string(theta[0]) + ", " + std::to_string(theta[inputs]);
    std::vector<std::vector<double>> uniform;
    const auto add = [&](const std::vector<float>& column, auto cdf) {
      const std::string what = "number " + std::to_string(uniform.size() + 1) + at;
      const std::vector<double>& u = uniform.emplace_back(places_in(column, cdf));
      expect_uniform(u, what);
      for (std::size_t j = 0; j + 1 < uniform.size(); ++j)
        expect_independent(uniform[j], u, what + " and " + std::to_string(j + 1));
    };
    for (std::size_t k = 0; k < inputs; ++k) {
      add(x[k], [](double u) { return (u + 1) / 2; });
      expect_moments(x[k], {0, 1.0 / 3, 1.0 / 5}, "input" + at);
      EXPECT_TRUE(std::all_of(x[k].begin(), x[k].end(), [](float u) { return u > -1 && u < 1; })) << at;
    }
    // y's rounding, and that of slopes up to 1256 in the last places, is below 0.01 of the noise's deviation.
    const auto z = residuals(x, theta);
    add(z, [](double value) { return std::erfc(-value / M_SQRT2) / 2; });
    expect_moments(z, {0, 1, 3}, "noise" + at);
  }
}

TEST(Simulators, LinearRegressionAtTheEdgesOfItsDomain) {
  for (const auto& [angle, moved] : {std::pair{0.0f, 0.0f},
                                     {-0.0f, -0.0f},
                                     {1.57f, 1.57f},
                                     {1.5700002f, 1.57f},
                                     {INFINITY, 1.57f},
                                     {-1e-30f, 0.0f},
                                     {-INFINITY, 0.0f}}) {
    float value = angle;
    EXPECT_EQ(LinearRegression::clamp<float>(0, 2, value), angle != moved) << angle;
    EXPECT_EQ(value, moved) << angle;
    value = angle;  // the offset is free
    EXPECT_FALSE(LinearRegression::clamp<float>(1, 2, value));
    EXPECT_EQ(value, angle);
  }
  const auto first_of = [](const std::vector<float>& theta) {
    const auto x = columns<LinearRegression, FloatLanes>(std::vector<std::vector<float>>{theta}, 10, 1);
    return std::array{x[0][0], x.back()[0]};
  };
  EXPECT_EQ(first_of({7.0f, 0.5f}), first_of({1.57f, 0.5f}));
  EXPECT_EQ(first_of({-7.0f, 0.5f}), first_of({0.0f, 0.5f}));
  EXPECT_EQ(first_of({0.0f, 1e30f})[1], 1e30f);
  for (const std::vector<float>& theta : {std::vector{NAN, 0.0f}, {0.0f, NAN}}) {
    EXPECT_TRUE(std::abs(first_of(theta)[0]) < 1);
    EXPECT_TRUE(std::isnan(first_of(theta)[1]));
  }
}

// --- gaussian_linear
// -------------------------------------------------------------------------------------------------

TEST(Simulators, GaussianLinearFollowsItsLaw) {
  std::uint64_t seed = 900;
  // Centres of the prior, its tails and beyond, where θ's rounding is still far below the noise.
  for (const std::vector<float>& theta : std::vector<std::vector<float>>{{0.0f, 0.3f, -0.3f, 1.0f},
                                                                         {-1.0f, 2.0f, -2.0f, 0.1f},
                                                                         {3.0f, -5.0f, 10.0f, -20.0f},
                                                                         {0.01f},
                                                                         {-0.6f, 0.6f, 0.05f},
                                                                         {40.0f, -40.0f},
                                                                         {0.7f, -0.9f, 1.2f}}) {
    auto x = columns<GaussianLinear, FloatLanes>(std::vector<std::vector<float>>{theta}, draws, ++seed);
    ASSERT_EQ(x.size(), theta.size());
    std::vector<std::vector<double>> uniform;
    for (std::size_t k = 0; k < theta.size(); ++k) {
      x[k].resize(draws);
      const std::string what = "number " + std::to_string(k + 1) + " at " + std::to_string(theta[k]);
      for (float& value : x[k])
        value = static_cast<float>((static_cast<double>(value) - static_cast<double>(theta[k])) / std::sqrt(0.1));
      expect_moments(x[k], {0, 1, 3}, what);
      const auto cdf = [](double value) { return std::erfc(-value / M_SQRT2) / 2; };
      const std::vector<double>& u = uniform.emplace_back(places_in(x[k], cdf));
      expect_uniform(u, what);
      for (std::size_t j = 0; j < k; ++j) expect_independent(uniform[j], u, what + " and " + std::to_string(j + 1));
    }
  }
}

// The first prior that is no uniform law.
TEST(Simulators, GaussianLinearHasANormalPrior) {
  constexpr PriorLaw law = GaussianLinear::facts.law(0);
  std::vector<float> z;
  for (std::uint32_t episode = 0; episode < draws; ++episode) {
    const Stream<float> stream{stream_key(7, Phase::training, Purpose::truth, 0), episode, 0};
    z.push_back(prior_draw<float>({law.prior, 0, 1}, stream.block(3)));
  }
  expect_moments(z, {0, 1, 3}, "prior");
  expect_continuous(
      z, [](double value) { return std::erfc(-value / M_SQRT2) / 2; }, "prior");
  EXPECT_NEAR(law.deviation(), std::sqrt(0.1), 1e-15);
  EXPECT_EQ(law.mean(), 0);
}

// --- all
// ---------------------------------------------------------------------------------------------------------------

/// Sixteen parameters that take every path of every sampler, side by side: inside the prior, at edges, outside, NaN.
template <class Sim>
std::vector<std::vector<float>> mixed_parameters() {
  std::vector<std::vector<float>> thetas;
  if constexpr (Sim::D == 1) {
    return {{0.2f},   {7.0f},  {2.302f}, {2.3027f}, {-30.0f}, {16.0f}, {NAN},   {1e30f},
            {-1e30f}, {9.21f}, {1.0f},   {3.0f},    {13.8f},  {2.5f},  {-3.0f}, {5.0f}};
  } else if constexpr (Sim::D == 3) {
    for (const float second : {-3.0f, 0.5f, 3.0f, 70.0f, NAN})
      for (const float third : {-3.0f, 3.0f, -6.0f}) thetas.push_back({second - 1, second, third});
    thetas.push_back({NAN, -1e30f, 1e30f});
  } else if constexpr (Sim::D == any_size) {
    for (const float angle : {0.0f, 0.785398f, 0.785399f, 1.57f, 1.6f, -0.1f, NAN, 1e-30f})
      for (const float offset : {-0.5f, 1e30f}) thetas.push_back({angle, 1.57f - angle, offset});
  } else {
    for (const float first : {40.0f, 44.5f, 47.0f, 50.0f, -1e30f, NAN})
      for (const float second : {0.5f, 1.5f, -2.0f}) thetas.push_back({first, second});
    thetas.resize(16);
  }
  return thetas;
}

template <class Sim>
void expect_same_bits(std::uint64_t digest) {
  const auto thetas = mixed_parameters<Sim>();
  constexpr std::size_t count = 16 * 400;
  const auto vectors = columns<Sim, FloatLanes>(thetas, count, 9), scalars = columns<Sim, float>(thetas, count, 9);
  ASSERT_EQ(vectors.size(), scalars.size());
  std::uint64_t seen = 0xcbf29ce484222325u;
  for (std::size_t k = 0; k < vectors.size(); ++k) {
    const auto &vector = vectors[k], &scalar = scalars[k];
    ASSERT_EQ(vector.size(), scalar.size());
    for (std::size_t i = 0; i < vector.size(); ++i) {
      ASSERT_TRUE(bits_of(vector[i]) == bits_of(scalar[i]) || (std::isnan(vector[i]) && std::isnan(scalar[i])))
          << Sim::facts.name << ", lane " << i % 16 << ", number " << i / 16 << ": " << vector[i] << ", alone "
          << scalar[i];
      seen = (seen ^ (std::isnan(vector[i]) ? 0x7fc00000u : bits_of(vector[i]))) * 0x100000001b3u;
    }
  }
  EXPECT_EQ(seen, digest) << Sim::facts.name << ": the bits differ from those of other instruction sets";
}

// A lane's numbers depend on its own counters alone: the same lane by itself gives the same bits.
TEST(Simulators, SameBitsInVectorsScalarsAndInstructionSets) {
  expect_same_bits<Poisson>(0xa14fead32d179e35u);
  expect_same_bits<Gaussian>(0x2b51171bc60533c7u);
  expect_same_bits<Weinberg>(0x7cdbbf3560977411u);
  expect_same_bits<MultiDistribution>(0x7b25963a9435d178u);
  expect_same_bits<LinearRegression>(0xd671c676bfba51bu);
  expect_same_bits<GaussianLinear>(0x59790ac74c4a50edu);
}

}  // namespace
}  // namespace alfi::inline ALFI_ISA
