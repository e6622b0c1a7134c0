// Philox against its published answers and Random123; uniform and normal numbers against their laws.
#include "kernels/lanes/random.hpp"

#include <Random123/philox.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "kernels/sim/normal.hpp"

namespace alfi::inline ALFI_ISA {
namespace {

using Words = std::array<std::uint32_t, 4>;

Words philox_of(Words counter, PhiloxKey key) {
  const auto block = philox<std::uint32_t>(counter[0], counter[1], counter[2], counter[3], key);
  return {block.word[0], block.word[1], block.word[2], block.word[3]};
}

// Random123's tests/kat_vectors, philox 4x32 10.
TEST(Random, PhiloxKnownAnswers) {
  EXPECT_EQ(philox_of({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox_of({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox_of({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, PhiloxIsRandom123s) {
  std::mt19937 random(5);
  const auto number = [&] { return static_cast<std::uint32_t>(random()); };
  for (int round = 0; round < 20000; ++round) {
    const PhiloxKey key{number(), number()};
    UintLanes counter[4];
    for (auto& word : counter)
      for (int l = 0; l < vector_width; ++l) word[l] = number();
    const auto block = philox<UintLanes>(counter[0], counter[1], counter[2], counter[3], key);
    for (int l = 0; l < vector_width; ++l) {
      const r123::Philox4x32::ctr_type at{{counter[0][l], counter[1][l], counter[2][l], counter[3][l]}};
      const auto expected = r123::Philox4x32()(at, {{key.low, key.high}});
      const Words scalar = philox_of({counter[0][l], counter[1][l], counter[2][l], counter[3][l]}, key);
      for (std::size_t w = 0; w < 4; ++w) {
        ASSERT_EQ(block.word[w][l], expected[w]);
        ASSERT_EQ(scalar[w], expected[w]);
      }
    }
  }
}

TEST(Random, AStreamsCounterIsDrawNRowEpisode) {
  UintLanes episode{}, draw{};
  for (int l = 0; l < vector_width; ++l) {
    episode[l] = 1000u + static_cast<std::uint32_t>(l);
    draw[l] = 7u * static_cast<std::uint32_t>(l);
  }
  const PhiloxKey key{11, 12};
  const auto block = Stream<FloatLanes>{key, episode, 31}.block(41, draw);
  for (int l = 0; l < vector_width; ++l) {
    const Words expected = philox_of({draw[l], 41, 31, episode[l]}, key);
    const auto scalar = Stream<float>{key, episode[l], 31}.block(41, draw[l]);
    for (std::size_t w = 0; w < 4; ++w) {
      EXPECT_EQ(block.word[w][l], expected[w]);
      EXPECT_EQ(scalar.word[w], expected[w]);
    }
  }
}

TEST(Random, KeysDifferByEachOfTheirParts) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> keys;
  int made = 0;
  for (const std::uint64_t seed : {0ull, 1ull, 1ull << 32})
    for (const Phase phase :
         {Phase::training, Phase::validation, Phase::evaluation, Phase::inference, Phase::simulation})
      for (const Purpose purpose :
           {Purpose::truth, Purpose::real_count, Purpose::real_set, Purpose::start, Purpose::propose, Purpose::observe,
            Purpose::problem, Purpose::weights, Purpose::pilot})
        for (const std::uint64_t step : {0ull, 1ull, 2ull, 1ull << 32}) {
          const PhiloxKey key = stream_key(seed, phase, purpose, step);
          keys.emplace(key.low, key.high);
          ++made;
        }
  EXPECT_EQ(keys.size(), static_cast<std::size_t>(made));
}

TEST(Random, UniformNumbersStayInsideTheirIntervals) {
  EXPECT_EQ(uniform<float>(0u), 0x1p-24f);
  EXPECT_EQ(uniform<float>(0xffffffffu), 1.0f - 0x1p-24f);
  EXPECT_EQ(uniform_fine<float>(0u), 0x1p-32f);
  EXPECT_EQ(uniform_fine<float>(0xffffffffu), 1.0f);
  EXPECT_EQ(uniform<float>(0x80000000u), 0.5f + 0x1p-24f);
  EXPECT_EQ(1.0f - uniform<float>(0u), uniform<float>(0xffffffffu));  // so that 1 − u is a draw too, exactly
}

template <class F>
std::vector<float> normals(std::uint32_t count) {
  const PhiloxKey key = stream_key(1, Phase::simulation, Purpose::propose, 0);
  std::vector<float> result;
  constexpr unsigned width = static_cast<unsigned>(LaneTraits<F>::width);
  for (std::uint32_t first = 0; first < count; first += width) {
    std::uint32_t episode[width];
    for (unsigned l = 0; l < width; ++l) episode[l] = first + l;
    F z[4];
    standard_normals<F>(Stream<F>{key, load_words<F>(episode), 0}.block(0), z);
    float lanes[4][width];
    for (int i = 0; i < 4; ++i) store<F>(lanes[i], z[i]);
    for (unsigned l = 0; l < width; ++l)
      for (int i = 0; i < 4; ++i) result.push_back(lanes[i][l]);
  }
  return result;
}

TEST(Random, NormalsAreTheSameInVectorsAndScalars) {
  const auto vector = normals<FloatLanes>(4096), scalar = normals<float>(4096);
  ASSERT_EQ(vector.size(), scalar.size());
  for (std::size_t i = 0; i < vector.size(); ++i)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(vector[i]), std::bit_cast<std::uint32_t>(scalar[i])) << i;
}

// Every bound is 5 standard errors of its moment for independent standard normals.
TEST(Random, NormalsAreStandardAndIndependent) {
  const auto z = normals<FloatLanes>(1 << 18);
  const double n = static_cast<double>(z.size()), blocks = n / 4;
  double moment[5] = {}, product[4][4] = {}, square_product[4][4] = {};
  for (std::size_t i = 0; i < z.size(); i += 4)
    for (std::size_t a = 0; a < 4; ++a) {
      const double x = z[i + a];
      for (int k = 1; k <= 4; ++k) moment[k] += std::pow(x, k) / n;
      for (std::size_t b = 0; b < a; ++b) {
        const double y = z[i + b];
        product[a][b] += x * y / blocks;
        square_product[a][b] += (x * x - 1) * (y * y - 1) / blocks;
      }
    }
  EXPECT_NEAR(moment[1], 0, 5 * std::sqrt(1 / n));
  EXPECT_NEAR(moment[2], 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(moment[3], 0, 5 * std::sqrt(15 / n));
  EXPECT_NEAR(moment[4], 3, 5 * std::sqrt(96 / n));
  for (int a = 0; a < 4; ++a)
    for (int b = 0; b < a; ++b) {
      EXPECT_NEAR(product[a][b], 0, 5 * std::sqrt(1 / blocks)) << a << ", " << b;
      EXPECT_NEAR(square_product[a][b], 0, 5 * std::sqrt(4 / blocks)) << a << ", " << b;
    }
}

// Radius and angle of the first pair, exactly, from the words of the block.
TEST(Random, NormalsAreBoxAndMullers) {
  std::mt19937 random(6);
  for (int round = 0; round < 100000; ++round) {
    PhiloxBlock<std::uint32_t> block;
    for (auto& word : block.word) word = static_cast<std::uint32_t>(random());
    if (round == 0) block = {{0u, 0u, 0xffffffffu, 0xffffffffu}};
    float z[4];
    standard_normals<float>(block, z);
    for (int pair = 0; pair < 2; ++pair) {
      const double u = static_cast<double>(uniform_fine<float>(block.word[2 * pair]));
      const double v = static_cast<double>(uniform<float>(block.word[2 * pair + 1]));
      const double radius = std::sqrt(-2 * std::log(u));
      // 4 roundings of at most 1.6 units each
      ASSERT_NEAR(z[2 * pair], radius * std::cos(2 * M_PI * v), 4e-7 * radius);
      ASSERT_NEAR(z[2 * pair + 1], radius * std::sin(2 * M_PI * v), 4e-7 * radius);
    }
  }
}

}  // namespace
}  // namespace alfi::inline ALFI_ISA
