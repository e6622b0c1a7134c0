// The usual laws of Variates and of Random: against their densities in double, at edges, and bit for bit between lanes,
// scalars and instruction sets.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "kernels/sim/random.hpp"
#include "tests/support/laws.hpp"
#include "tests/support/sanitized.hpp"

namespace alfi::inline ALFI_ISA {
namespace {

using namespace test::laws;

// The baseline's numbers have the bits of the other sets', and its fma is the C library's: a tenth of them will do;
// under a sanitizer, too.
#ifdef ALFI_X86
constexpr bool is_slow = vector_width == 4 || test::sanitized;
#else
constexpr bool is_slow = test::sanitized;
#endif
constexpr int draws = is_slow ? 100'000 : 1'000'000;

template <class F>
Stream<F> stream_of(std::uint64_t seed, int first_lane) {
  std::uint32_t episode[LaneTraits<F>::width];
  for (int l = 0; l < LaneTraits<F>::width; ++l) episode[l] = static_cast<std::uint32_t>(first_lane + l);
  return {stream_key(seed, Phase::simulation, Purpose::observe, 0), load_words<F>(episode), 5};
}

/// Draws `count` numbers by draw(variates, name), 16 lanes side by side: number i of lane l at [16 i + l].
template <class F, class Draw>
std::vector<float> numbers(int count, std::uint64_t seed, Draw draw) {
  constexpr int width = LaneTraits<F>::width;
  std::vector<float> x(static_cast<std::size_t>((count + 15) / 16 * 16));
  for (int lane = 0; lane < 16; lane += width) {
    const Stream<F> stream = stream_of<F>(seed, lane);
    for (int i = 0; 16 * i < count; ++i) {
      // Observations and names both go on, so that each takes part in what is tested.
      const Variates<F> variates(stream, Uint<F>{} + static_cast<std::uint32_t>(i / 4));
      const F drawn = draw(variates, Uint<F>{} + static_cast<std::uint32_t>(i % 4));
      store<F>(&x[static_cast<std::size_t>(16 * i + lane)], drawn);
    }
  }
  x.resize(static_cast<std::size_t>(count));
  return x;
}

template <class Draw>
std::vector<float> draw(std::uint64_t seed, Draw draw) {
  return numbers<FloatLanes>(draws, seed, draw);
}

double normal_distribution(double z) { return std::erfc(-z / M_SQRT2) / 2; }

std::string at(const std::string& law, double a, double b = NAN) {
  return law + " at " + std::to_string(a) + (std::isnan(b) ? "" : ", " + std::to_string(b));
}

TEST(Variates, UniformNormalExponential) {
  const auto u = draw(1, [](const auto& v, auto name) { return v.uniform(name); });
  expect_continuous(
      u, [](double x) { return x; }, "uniform");
  expect_moments(u, {0.5, 1.0 / 12, 1.0 / 80}, "uniform");
  const auto z = draw(2, [](const auto& v, auto name) { return v.normal(name); });
  expect_continuous(z, normal_distribution, "normal");
  expect_moments(z, {0, 1, 3}, "normal");
  const auto e = draw(3, [](const auto& v, auto name) { return v.exponential(name); });
  expect_continuous(
      e, [](double x) { return -std::expm1(-x); }, "exponential");
  expect_moments(e, {1, 1, 9}, "exponential");
}

TEST(Variates, GammaFollowsItsLaw) {
  std::uint64_t seed = 100;
  for (const float shape : {0.1f, 0.3f, 0.5f, 0.9f, 0.999f, 1.0f, 1.5f, 2.0f, 5.0f, 20.0f, 300.0f, 1e4f, 1e6f}) {
    const auto x = draw(++seed, [&](const auto& v, auto name) { return v.gamma(name, splat<FloatLanes>(shape)); });
    const double a = static_cast<double>(shape), spread = std::sqrt(a);
    // In log x, whose density has no pole: a t − e^t. Below e^−90, a shape of 0.1 leaves 1.2e-4 in the first interval.
    const double low = a < 20 ? -90 : std::log(std::max(1e-3, a - 12 * spread));
    const TabulatedLaw law(low, std::log(a + 12 * spread + 30), [&](double t) { return a * t - std::exp(t); });
    // Between two floats lies the rest of the number: an interval holds only some ten of them at 1e6.
    std::mt19937 engine(7);
    std::uniform_real_distribution<double> rest(-0.5, 0.5);
    const auto cdf = [&](double value) {
      const float above = std::nextafter(static_cast<float>(value), INFINITY);
      return value > 0 ? law(std::log(value + rest(engine) * (static_cast<double>(above) - value))) : 0;
    };
    expect_continuous(x, cdf, at("gamma", a));
    expect_moments(x, {a, a, 3 * a * a + 6 * a}, at("gamma", a));
  }
}

TEST(Variates, BetaFollowsItsLaw) {
  std::uint64_t seed = 200;
  const std::pair<float, float> shapes[] = {{0.2f, 0.2f},  {0.5f, 0.5f}, {0.5f, 3.0f},  {1.0f, 1.0f},  {1.0f, 0.3f},
                                            {2.0f, 2.0f},  {2.0f, 5.0f}, {5.0f, 0.7f},  {30.0f, 2.0f}, {50.0f, 50.0f},
                                            {1e3f, 10.0f}, {1e4f, 1e4f}, {0.4f, 100.0f}};
  for (const auto& [first, second] : shapes) {
    const auto x = draw(++seed, [&, a = first, b = second](const auto& v, auto name) {
      return v.beta(name, splat<FloatLanes>(a), splat<FloatLanes>(b));
    });
    const double a = static_cast<double>(first), b = static_cast<double>(second), n = a + b;
    const double mean = a / n, variance = mean * (b / n) / (n + 1);
    const double excess = 6 * ((a - b) * (a - b) * (n + 1) - a * b * (n + 2)) / (a * b * (n + 2) * (n + 3));
    const std::string what = at("beta", a, b);
    expect_moments(x, {mean, variance, (3 + excess) * variance * variance}, what);
    // In the logit of x, whose density has no pole: a t − (a + b) log(1 + e^t). Near 1 a float has no more places than
    // 2⁻²⁴, so that shapes below 1 are looked at from their other end.
    if (b < 1 && a >= 1) continue;
    const double centre = std::log(a / b), spread = std::sqrt(1 / a + 1 / b);
    const double reach = std::min(a, b) < 20 ? 80 : 14 * spread;
    const TabulatedLaw law(centre - reach, centre + reach, [&](double t) {
      return a * t - n * (t > 0 ? t + std::log1p(std::exp(-t)) : std::log1p(std::exp(t)));
    });
    if (b >= 1)
      expect_continuous(
          x, [&](double value) { return value > 0 ? law(std::log(value / (1 - value))) : 0; }, what);
  }
}

TEST(Variates, PoissonFollowsItsLaw) {
  std::uint64_t seed = 300;
  for (const float mean : {0.0f, 1e-3f, 0.3f, 1.0f, 4.0f, 9.99f, 10.0f, 13.2f, 40.0f, 500.0f, 1e5f, 8e6f}) {
    const auto x = draw(++seed, [&](const auto& v, auto name) { return v.poisson(name, splat<FloatLanes>(mean)); });
    const double rate = static_cast<double>(mean), reach = 40 + 12 * std::sqrt(rate);
    expect_counts(
        x, std::max(0.0, std::floor(rate - reach)), std::ceil(rate + reach),
        [&](double k) { return rate > 0 ? std::exp(-rate + k * std::log(rate) - std::lgamma(k + 1)) : k == 0; },
        at("poisson", rate));
    expect_moments(x, {rate, rate, rate + 3 * rate * rate}, at("poisson", rate));
  }
}

TEST(Variates, BinomialFollowsItsLaw) {
  std::uint64_t seed = 400;
  const std::pair<float, float> cases[] = {{0.0f, 0.3f},   {1.0f, 0.5f},    {5.0f, 0.0f},    {7.0f, 1.0f},
                                           {19.0f, 0.5f},  {20.0f, 0.5f},   {21.0f, 0.52f},  {100.0f, 0.09f},
                                           {100.0f, 0.1f}, {100.0f, 0.93f}, {1e3f, 0.3f},    {1e5f, 2e-4f},
                                           {1e6f, 0.5f},   {1e7f, 0.01f},   {0x1p24f, 0.7f}, {0x1p24f, 1e-7f}};
  for (const auto& [tries, chance] : cases) {
    const auto x = draw(++seed, [&, n = tries, p = chance](const auto& v, auto name) {
      return v.binomial(name, splat<FloatLanes>(n), splat<FloatLanes>(p));
    });
    const double n = static_cast<double>(tries), p = static_cast<double>(chance);
    const double variance = n * p * (1 - p), reach = 40 + 12 * std::sqrt(variance);
    const std::string what = at("binomial", n, p);
    const auto probability = [&](double k) {
      const double powers = (k > 0 ? k * std::log(p) : 0) + (k < n ? (n - k) * std::log1p(-p) : 0);
      return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + powers);
    };
    expect_counts(x, std::max(0.0, std::floor(n * p - reach)), std::min(n, std::ceil(n * p + reach)), probability,
                  what);
    expect_moments(x, {n * p, variance, variance * (1 + 3 * variance - 6 * p * (1 - p))}, what);
  }
}

// Rounding of the probabilities before leaves some for counts beyond n: the least number drawn would take it.
TEST(Variates, BinomialEndsAtItsTries) {
  int reached = 0;
  for (int n = 0; n <= 40; ++n)
    for (int i = 0; i <= 500; ++i) {
      const Binomial<float> law(static_cast<float>(n), static_cast<float>(i) / 1000);
      float k = 0;
      law.invert(0x1p-32f, k);
      ASSERT_LE(k, static_cast<float>(n)) << i;
      reached += k == static_cast<float>(n);
    }
  EXPECT_GT(reached, 1000);
}

// The largest part of the hat that is taken, over n and p that have its tightest places among them.
TEST(Variates, BinomialsHatCovers) {
  double most = 0;
  for (const double p : {0.5, 0.4, 0.3, 0.1, 0.01, 1e-3, 1e-4})
    for (const double mean : {10.0, 10.7, 12.0, 15.0, 30.0, 100.0, 1e3, 1e5}) {
      const double n = std::ceil(mean / p), deviation = std::sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * deviation;
      const double a = -0.0873 + 0.0248 * b + 0.01 * p, alpha = (2.83 + 5.1 / b) * deviation;
      const auto log_weight = [&](double k) {
        return k * std::log(p / (1 - p)) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
      };
      const double peak = log_weight(std::floor((n + 1) * p));
      for (int i = 1; i < 20000; ++i)
        for (const double side : {-1.0, 1.0}) {
          const double s = 0.5 * i / 20000, k = std::floor((2 * a / s + b) * side * (0.5 - s) + n * p + 0.5);
          if (k >= 0 && k <= n) most = std::max(most, std::exp(log_weight(k) - peak) * (a / (s * s) + b) / alpha);
        }
    }
  EXPECT_LT(most, 1);
  EXPECT_GT(most, 0.98);  // else it is not the hat that was looked at
}

TEST(Variates, GeometricFollowsItsLaw) {
  std::uint64_t seed = 500;
  for (const float chance : {1.0f, 0.999f, 0.9f, 0.7f, 0.5f, 0.3f, 0.1f, 0.05f, 0.01f, 1e-3f, 1e-4f, 1e-5f}) {
    const auto x = draw(++seed, [&](const auto& v, auto name) { return v.geometric(name, splat<FloatLanes>(chance)); });
    const double p = static_cast<double>(chance), q = 1 - p, variance = q / (p * p);
    expect_counts(
        x, 0, std::ceil(40 / p), [&](double k) { return k > 0 ? p * std::exp(k * std::log1p(-p)) : p; },
        at("geometric", p));
    expect_moments(x, {q / p, variance, variance * variance * (9 + p * p / std::max(q, 1e-300))}, at("geometric", p));
  }
}

TEST(Variates, BelowIsEven) {
  std::uint64_t seed = 600;
  for (const std::uint32_t n : {1U, 2U, 3U, 5U, 7U, 10U, 16U, 100U, 365U, 1000U, 0x80000001U, 0xC0000000U}) {
    const auto x = draw(++seed, [&](const auto& v, auto name) { return to_real(to_int(v.below(name, n) >> 1)); });
    const double half = std::floor((static_cast<double>(n) + 1) / 2);
    if (n > 1000)
      expect_continuous(
          x, [&](double k) { return k / half; }, at("below", n));
    else
      expect_counts(
          x, 0, half - 1, [&](double k) { return (2 * k + 1 < n ? 2.0 : 1.0) / n; }, at("below", n));
  }
}

TEST(Variates, SayNotANumberBeyondTheirDomains) {
  const Variates<float> v(stream_of<float>(1, 0), 0);
  for (const float shape : {0.0f, -1.0f, 1e-31f, 1e31f, INFINITY, NAN}) {
    EXPECT_TRUE(std::isnan(v.gamma(0, shape))) << shape;
    EXPECT_TRUE(std::isnan(v.beta(0, shape, 1))) << shape;
    EXPECT_TRUE(std::isnan(v.beta(0, 1, shape))) << shape;
  }
  for (const float mean : {-1e-3f, 8886112.0f, INFINITY, NAN}) EXPECT_TRUE(std::isnan(v.poisson(0, mean))) << mean;
  for (const float n : {-1.0f, 0.5f, 0x1.000002p24f, INFINITY, NAN})
    EXPECT_TRUE(std::isnan(v.binomial(0, n, 0.5f))) << n;
  for (const float p : {-0.1f, 1.1f, INFINITY, NAN}) {
    EXPECT_TRUE(std::isnan(v.binomial(0, 10, p))) << p;
    EXPECT_TRUE(std::isnan(v.geometric(0, p))) << p;
  }
  EXPECT_TRUE(std::isnan(v.geometric(0, 0)));
  EXPECT_EQ(v.binomial(0, 0x1p24f, 1), 0x1p24f);
  EXPECT_EQ(v.below(0, 1), 0U);
  Random random(stream_of<float>(1, 0), 0);
  EXPECT_EQ(random.below(0), 0);
  EXPECT_EQ(random.below(-5), 0);
}

// Numbers of one episode, one after the other: words, pairs of normal numbers and names of its own.
TEST(Random, FollowsItsLaws) {
  std::vector<float> uniform, normal, exponential, gamma, place;
  std::vector<double> u, z;
  const float weights[] = {0.5f, 0, 2, 1.5f, 0};
  for (int i = 0; i < draws / 4; ++i) {
    Random random(stream_of<float>(11, i % 16), static_cast<std::uint32_t>(i / 16));
    for (int j = 0; j < 4; ++j) {
      uniform.push_back(random.uniform());
      normal.push_back(random.normal());
      gamma.push_back(random.gamma(0.5f));
      exponential.push_back(random.exponential());
      place.push_back(static_cast<float>(random.categorical(weights, 5)));
    }
  }
  expect_continuous(
      uniform, [](double x) { return x; }, "uniform");
  expect_continuous(normal, normal_distribution, "normal");
  expect_continuous(
      exponential, [](double x) { return -std::expm1(-x); }, "exponential");
  expect_continuous(
      gamma, [](double x) { return std::erf(std::sqrt(x)); }, "gamma of shape 1/2");
  const double expected[] = {0.125, 0, 0.5, 0.375, 0};
  expect_counts(
      place, 0, 4, [&](double k) { return expected[static_cast<int>(k)]; }, "categorical");
}

TEST(Random, CategoricalAtItsEdges) {
  Random random(stream_of<float>(12, 0), 0);
  const float none[] = {0, 0}, one[] = {0, 3, 0};
  EXPECT_EQ(random.categorical(none, 2), -1);
  EXPECT_EQ(random.categorical(none, 0), -1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.categorical(one, 3), 1);
}

std::uint64_t digest_of(const std::vector<float>& x) {
  std::uint64_t seen = 0xcbf29ce484222325u;
  for (const float value : x)
    seen = (seen ^ (std::isnan(value) ? 0x7fc00000u : std::bit_cast<std::uint32_t>(value))) * 0x100000001b3u;
  return seen;
}

/// Draws with parameters that differ between lanes: draw(variates, name, a, b) with a and b of the lanes.
template <class F, class Draw>
std::vector<float> mixed(const float (&a)[16], const float (&b)[16], Draw draw) {
  constexpr int width = LaneTraits<F>::width;
  std::vector<float> x(16 * 300);
  for (int lane = 0; lane < 16; lane += width)
    for (int i = 0; i < 300; ++i) {
      const Variates<F> variates(stream_of<F>(77, lane), Uint<F>{} + static_cast<std::uint32_t>(i));
      store<F>(&x[static_cast<std::size_t>(16 * i + lane)],
               draw(variates, Uint<F>{} + static_cast<std::uint32_t>(i % 7), load<F>(a + lane), load<F>(b + lane)));
    }
  return x;
}

template <class Draw>
void expect_same_bits(const std::string& law, const float (&a)[16], const float (&b)[16], Draw draw,
                      std::uint64_t digest) {
  const std::vector<float> lanes = mixed<FloatLanes>(a, b, draw), scalars = mixed<float>(a, b, draw);
  EXPECT_EQ(digest_of(lanes), digest_of(scalars)) << law << ": lanes and scalars differ";
  EXPECT_EQ(digest_of(lanes), digest) << law << ": the bits differ from those of other instruction sets";
}

// A lane's number depends on its own name and parameters alone: by itself it has equal bits.
TEST(Variates, SameBitsInVectorsScalarsAndInstructionSets) {
  const float shapes[] = {0.1f, 0.5f, 0.999f, 1, 1.5f, 2, 5, 20, 1e4f, 1e-30f, 1e30f, NAN, 0, -1, 3, 0.01f};
  const float others[] = {5, 0.1f, 1, 1, 0.3f, 2, 1e3f, 0.5f, 1e4f, 1, 1, 1, 1, 1, NAN, 0.02f};
  const float means[] = {0, 1e-3f, 1, 9.99f, 10, 10.01f, 500, 1e5f, 8e6f, 9e6f, NAN, -1, 3, 12, 13.2f, 40};
  const float tries[] = {0, 1, 19, 20, 21, 100, 100, 1e3f, 1e6f, 0x1p24f, -1, NAN, 5, 7, 1e5f, 0x1p24f};
  const float chances[] = {0.3f, 0.5f, 0.5f, 0.5f, 0.52f, 0.1f, 0.93f, 0.3f,
                           0.5f, 0.7f, 0.5f, 0.5f, 0,     1,    2e-4f, 1e-7f};
  expect_same_bits(
      "normal", means, means, [](const auto& v, auto name, auto, auto) { return v.normal(name); }, 0xd1fb526eab6544a7u);
  expect_same_bits(
      "gamma", shapes, others, [](const auto& v, auto name, auto a, auto) { return v.gamma(name, a); },
      0xc1b040ee62a1c05du);
  expect_same_bits(
      "beta", shapes, others, [](const auto& v, auto name, auto a, auto b) { return v.beta(name, a, b); },
      0x599c71047d760850u);
  expect_same_bits(
      "poisson", means, means, [](const auto& v, auto name, auto a, auto) { return v.poisson(name, a); },
      0xbad3cd39cc847c8bu);
  expect_same_bits(
      "binomial", tries, chances, [](const auto& v, auto name, auto a, auto b) { return v.binomial(name, a, b); },
      0x9158821db0c0d40du);
  expect_same_bits(
      "geometric", chances, chances, [](const auto& v, auto name, auto a, auto) { return v.geometric(name, a); },
      0x620b50a700921fe1u);
  expect_same_bits(
      "below", means, means,
      [](const auto& v, auto name, auto, auto) { return to_real(to_int(v.below(name, 0xC0000000u) >> 8)); },
      0xe9ff2bc650e67f44u);
}

}  // namespace
}  // namespace alfi::inline ALFI_ISA
