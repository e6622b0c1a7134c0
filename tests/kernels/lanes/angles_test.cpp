// Functions that simulators of one's own may need, against the C library in double; scalars, vectors and instruction
// sets bit for bit.
#include "kernels/lanes/angles.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/float_scan.hpp"

namespace alfi::inline ALFI_ISA {
namespace {

constexpr std::uint32_t of(float x) { return std::bit_cast<std::uint32_t>(x); }

/// Scans [0, last] and [−last, −0].
template <class Function, class Exact>
Scan scan_up_to(float last, Function f, Exact exact) {
  Scan total;
  scan(0, of(last), f, exact, total);
  scan(sign, sign | of(last), f, exact, total);
  return total;
}

// The bounds are the largest errors, rounded up. Around a zero far from 0 an error counts by its size, not by the last
// place of what is nearly 0.

TEST(Angles, SineAndCosineNearZero) {
  EXPECT_ACCURATE(scan_up_to(
                      0.8f, [](auto x) { return sin(x); }, [](double x) { return std::sin(x); }),
                  3.0, 10663161009810056459u);
  EXPECT_ACCURATE(scan_up_to(
                      0.8f, [](auto x) { return cos(x); }, [](double x) { return std::cos(x); }),
                  2.0, 655167606271279231u);
}

TEST(Angles, SineAndCosineFarOut) {
  double worst = 0;
  std::mt19937_64 engine(1);
  for (int i = 0; i < 1'000'000; ++i) {
    const auto x =
        static_cast<float>(std::ldexp(static_cast<double>(engine() >> 11), -53 + static_cast<int>(engine() % 21)) *
                           (engine() % 2 == 0 ? 1 : -1));
    worst = std::max({worst, std::fabs(static_cast<double>(sin(x)) - std::sin(static_cast<double>(x))),
                      std::fabs(static_cast<double>(cos(x)) - std::cos(static_cast<double>(x)))});
  }
  EXPECT_LT(worst, 1.8e-7);
}

TEST(Angles, Tangent) {
  EXPECT_ACCURATE(scan_up_to(
                      1.5f, [](auto x) { return tan(x); }, [](double x) { return std::tan(x); }),
                  8.0, 16702582008064591205u);
}

TEST(Angles, Inverses) {
  EXPECT_ACCURATE(scan_up_to(
                      1.0f, [](auto x) { return asin(x); }, [](double x) { return std::asin(x); }),
                  3.0, 7177261855804061803u);
  EXPECT_ACCURATE(scan_up_to(
                      1.0f, [](auto x) { return acos(x); }, [](double x) { return std::acos(x); }),
                  4.0, 15562966783158136475u);
  EXPECT_ACCURATE(scan_all([](auto x) { return atan(x); }, [](double x) { return std::atan(x); }), 5.0,
                  12262125785533213757u);
}

TEST(Angles, Powers) {
  double worst = 0;
  std::mt19937_64 engine(2);
  const auto uniform = [&](double low, double high) {
    return static_cast<float>(low + (high - low) * std::ldexp(static_cast<double>(engine() >> 11), -53));
  };
  for (int i = 0; i < 300'000; ++i) {
    FloatLanes x{}, y{};
    for (int l = 0; l < vector_width; ++l) {
      x[l] = std::exp(uniform(-20, 20));
      y[l] = uniform(-4, 4);
    }
    const FloatLanes power = pow(x, y);
    for (int l = 0; l < vector_width; ++l) {
      const float a = x[l], b = y[l], got = power[l];
      ASSERT_TRUE(same(got, pow(a, b)));
      const double exact = std::pow(static_cast<double>(a), static_cast<double>(b));
      const double size = 1 + std::fabs(static_cast<double>(b) * std::log(static_cast<double>(a)));
      if (exact > 1e-37 && exact < 1e38)
        worst = std::max(worst, std::fabs(static_cast<double>(got) / exact - 1) / size);
    }
  }
  EXPECT_LT(worst, 1.2e-7);
  EXPECT_EQ(pow(0.0f, 2.0f), 0);
  EXPECT_EQ(pow(0.0f, 0.0f), 1);
  EXPECT_EQ(pow(1.0f, INFINITY), 1);
  EXPECT_EQ(pow(0.0f, -1.0f), INFINITY);
  EXPECT_TRUE(std::isnan(pow(-2.0f, 2.0f)));
  EXPECT_TRUE(std::isnan(pow(2.0f, NAN)));
}

}  // namespace
}  // namespace alfi::inline ALFI_ISA
