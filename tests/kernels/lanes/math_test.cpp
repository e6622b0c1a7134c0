// Elementary functions against the C library in double, over all floats; scalar, vector and instruction sets bit for
// bit.
#include "kernels/lanes/math.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "kernels/sim/transform.hpp"
#include "tests/support/float_scan.hpp"

namespace alfi::inline ALFI_ISA {
namespace {

// The bounds are the largest errors over every seventh float, rounded up; digests are the same for all instruction
// sets.

TEST(Math, Exp) {
  EXPECT_ACCURATE(scan_all([](auto x) { return exp(x); }, [](double x) { return std::exp(x); }), 0.9,
                  0x277d8d9e50bc93a3u);
}
TEST(Math, Expm1) {
  EXPECT_ACCURATE(scan_all([](auto x) { return expm1(x); }, [](double x) { return std::expm1(x); }), 1.5,
                  0x280433e444221d72u);
}
TEST(Math, Log) {
  EXPECT_ACCURATE(scan_all([](auto x) { return log(x); }, [](double x) { return std::log(x); }), 1.1,
                  0x43546cfffcbdc0ecu);
}
TEST(Math, LogOfNormal) {
  Scan total;
  scan(
      0x00800000u, infinity - 1, [](auto x) { return log_of_normal(x); }, [](double x) { return std::log(x); }, total);
  EXPECT_ACCURATE(total, 1.1, 0xf4dc51f524a7982cu);
}
TEST(Math, Log1p) {
  EXPECT_ACCURATE(scan_all([](auto x) { return log1p(x); }, [](double x) { return std::log1p(x); }), 1.8,
                  0x6e50782c62ffb8a5u);
}
TEST(Math, Asinh) {
  EXPECT_ACCURATE(scan_all([](auto x) { return asinh(x); }, [](double x) { return std::asinh(x); }), 2.1,
                  0xa54a51512aeccecdu);
}
TEST(Math, Tanh) {
  const Scan total = scan_all([](auto x) { return tanh(x); }, [](double x) { return std::tanh(x); });
  EXPECT_ACCURATE(total, 3.1, 0x41b4a7e94485d785u);
  EXPECT_EQ(total.largest, 1.0f);  // never above, so that 1 − tanh² is no negative number
}
TEST(Math, Sigmoid) {
  const Scan total = scan_all([](auto x) { return sigmoid(x); }, [](double x) { return 1 / (1 + std::exp(-x)); });
  EXPECT_ACCURATE(total, 2.4, 0xdc434bbb3843199du);
  EXPECT_EQ(total.largest, 1.0f);
}
TEST(Math, Asin) {
  Scan total;
  scan(
      0, one, [](auto x) { return asin_of_positive(x); }, [](double x) { return std::asin(x); }, total);
  EXPECT_ACCURATE(total, 2.4, 0x315232d8cacc8526u);
}
TEST(Math, Tan) {
  Scan total;
  scan(
      0, std::bit_cast<std::uint32_t>(1.57f), [](auto x) { return tan_of_acute(x); },
      [](double x) { return std::tan(x); }, total);
  EXPECT_ACCURATE(total, 3.8, 0xb670c926df411e15u);
}
TEST(Math, CubeRootOfNormal) {
  Scan total, inverse;
  const auto root = [](auto x) {
    decltype(x) ignored;
    return cube_root(x, ignored);
  };
  const auto inverse_root = [](auto x) {
    decltype(x) result;
    cube_root(x, result);
    return result;
  };
  scan(
      0x00800000u, infinity - 1, root, [](double x) { return std::cbrt(x); }, total);
  scan(
      0x00800000u, infinity - 1, inverse_root, [](double x) { return 1 / std::cbrt(x); }, inverse);
  EXPECT_ACCURATE(total, 3.9, 0xcacbe3dc8af7546fu);
  EXPECT_ACCURATE(inverse, 1.0, 0xb58cc97c8d05765eu);
}

/// Returns sin (phase 0) or cos (phase 1) of 2π u, u reduced exactly.
double exact_sincos(double u, int phase) {
  const double quarters = std::rint(4 * u);
  const double angle = 2 * M_PI * (u - quarters / 4);
  const int quarter = static_cast<int>(std::fmod(quarters, 4)) + 4 + phase;
  const double value = quarter % 2 == 0 ? std::sin(angle) : std::cos(angle);
  return quarter % 4 >= 2 ? -value : value;
}

TEST(Math, SincosOfTurns) {
  const auto sin_of = [](auto u) {
    decltype(u) s, c;
    sincos_turns(u, s, c);
    return s;
  };
  const auto cos_of = [](auto u) {
    decltype(u) s, c;
    sincos_turns(u, s, c);
    return c;
  };
  Scan sin, cos;
  for (const std::uint32_t half : {0u, sign}) {
    scan(
        half, half | 0x49000000u, sin_of, [](double u) { return exact_sincos(u, 0); }, sin);  // |u| ≤ 2¹⁹
    scan(
        half, half | 0x49000000u, cos_of, [](double u) { return exact_sincos(u, 1); }, cos);
  }
  EXPECT_ACCURATE(sin, 1.6, 0x8198a82558cadaf9u);
  EXPECT_ACCURATE(cos, 1.6, 0x987bac7e73c085bbu);
  EXPECT_LE(sin.largest, 1.0f);
  EXPECT_LE(cos.largest, 1.0f);
  for (const float bad : {INFINITY, -INFINITY, NAN}) {
    EXPECT_TRUE(std::isnan(sin_of(bad)));
    EXPECT_TRUE(std::isnan(cos_of(bad)));
  }
}

// Tests arguments that the scans might step over.
TEST(Math, SpecialValues) {
  const auto expect = [](auto f, float x, float value) {
    EXPECT_TRUE(same(f(x), value)) << x << " gave " << f(x) << ", not " << value;
    EXPECT_TRUE(same(f(splat<FloatLanes>(x))[vector_width - 1], value)) << x;
  };
  const auto exp_ = [](auto x) { return exp(x); };
  const auto expm1_ = [](auto x) { return expm1(x); };
  const auto log_ = [](auto x) { return log(x); };
  const auto log1p_ = [](auto x) { return log1p(x); };
  const auto asinh_ = [](auto x) { return asinh(x); };
  const auto tanh_ = [](auto x) { return tanh(x); };
  const auto sigmoid_ = [](auto x) { return sigmoid(x); };
  const auto asin_ = [](auto x) { return asin_of_positive(x); };
  const auto tan_ = [](auto x) { return tan_of_acute(x); };
  expect(exp_, 0.0f, 1.0f), expect(exp_, -0.0f, 1.0f), expect(exp_, INFINITY, INFINITY), expect(exp_, -INFINITY, 0.0f);
  expect(exp_, 0x1.62e42ep6f, static_cast<float>(std::exp(0x1.62e42ep6)));  // the last finite result
  expect(exp_, 0x1.62e43p6f, INFINITY);
  expect(exp_, -0x1.9fe368p6f, 0x1p-149f), expect(exp_, -0x1.9fe36ap6f, 0.0f);  // the last result above 0
  expect(expm1_, -0.0f, -0.0f), expect(expm1_, INFINITY, INFINITY), expect(expm1_, -INFINITY, -1.0f);
  expect(expm1_, 0x1p-149f, 0x1p-149f), expect(expm1_, 0x1.62e43p6f, INFINITY);
  expect(log_, 1.0f, 0.0f), expect(log_, 0.0f, -INFINITY), expect(log_, -0.0f, -INFINITY);
  expect(log_, INFINITY, INFINITY), expect(log_, -1.0f, NAN), expect(log_, -INFINITY, NAN);
  expect(log_, 0x1p-149f, static_cast<float>(std::log(0x1p-149)));
  expect(log1p_, 0.0f, 0.0f), expect(log1p_, -0.0f, -0.0f), expect(log1p_, -1.0f, -INFINITY);
  expect(log1p_, INFINITY, INFINITY), expect(log1p_, -1.5f, NAN), expect(log1p_, -INFINITY, NAN);
  expect(asinh_, -0.0f, -0.0f), expect(asinh_, INFINITY, INFINITY), expect(asinh_, -INFINITY, -INFINITY);
  expect(asinh_, -0x1p-149f, -0x1p-149f);
  expect(tanh_, 0.0f, 0.0f), expect(tanh_, -0.0f, -0.0f), expect(tanh_, INFINITY, 1.0f),
      expect(tanh_, -INFINITY, -1.0f);
  expect(tanh_, 0x1p-149f, 0x1p-149f), expect(tanh_, -9.02f, -1.0f);
  expect(sigmoid_, 0.0f, 0.5f), expect(sigmoid_, -0.0f, 0.5f), expect(sigmoid_, INFINITY, 1.0f);
  expect(sigmoid_, -INFINITY, 0.0f);
  expect(asin_, 0.0f, 0.0f), expect(asin_, 1.0f, 0x1.921fb6p0f);
  expect(tan_, 0.0f, 0.0f), expect(tan_, -0.0f, -0.0f);
  const auto nan_stays = [&](auto f) { expect(f, NAN, NAN), expect(f, -NAN, NAN); };
  nan_stays(exp_), nan_stays(expm1_), nan_stays(log_), nan_stays(log1p_), nan_stays(asinh_), nan_stays(tanh_);
  nan_stays(sigmoid_), nan_stays(asin_), nan_stays(tan_);
}

TEST(Math, DoubleIsTheCLibrary) {
  for (const double x : {-3.0, -0.5, 0.0, 0.25, 0.75}) {
    EXPECT_EQ(exp(x), std::exp(x));
    EXPECT_EQ(expm1(x), std::expm1(x));
    EXPECT_EQ(tan_of_acute(x), std::tan(x));
    EXPECT_EQ(tanh(x), std::tanh(x));
    EXPECT_EQ(asinh(x), std::asinh(x));
    EXPECT_EQ(sigmoid(x), 1 / (1 + std::exp(-x)));
    EXPECT_EQ(log1p(x + 3.5), std::log1p(x + 3.5));
    EXPECT_EQ(log(x + 3.5), std::log(x + 3.5));
    double s, c;
    sincos_turns(x, s, c);
    EXPECT_NEAR(s, std::sin(2 * M_PI * x), 1e-15);
    EXPECT_NEAR(c, std::cos(2 * M_PI * x), 1e-15);
  }
}

TEST(Transforms, AreTheNamedFunctions) {
  const float arguments[] = {0.0f, 0.25f, 1.0f, 3.0f, 8.0f, 17.0f, 1096.0f, 8886110.0f};
  for (const float x : arguments) {
    const double exact[] = {x, std::sqrt(x + 0.375), std::log1p(static_cast<double>(x)),
                            std::asinh(static_cast<double>(x))};
    int i = 0;
    for (const Transform t : {Transform::none, Transform::sqrt, Transform::log1p, Transform::asinh}) {
      const float value = transformed(t, x);
      EXPECT_NEAR(value, exact[i], 2 * unit_in_the_last_place(exact[i])) << i << " of " << x;
      EXPECT_TRUE(same(transformed(t, splat<FloatLanes>(x))[1], value));
      EXPECT_TRUE(std::isnan(transformed(t, NAN)));
      ++i;
    }
  }
  EXPECT_EQ(transformed(Transform::none, -2.0f), -2.0f);
  EXPECT_EQ(transformed(Transform::asinh, -2.0f), -transformed(Transform::asinh, 2.0f));
}

}  // namespace
}  // namespace alfi::inline ALFI_ISA
