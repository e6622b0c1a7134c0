// Moments against long sums; what of an evaluation a device computes. That it computes the same is gpu_test's.
#include "src/numerics/sample_statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "src/backends/cuda/scratch.hpp"
#include "src/evaluation/evaluation.hpp"
#include "tests/support/simulated_device.hpp"
#include "tests/support/small_machine.hpp"

namespace alfi {
namespace {

using test::simulated_processor;
using test::SimulatedDevice;

/// Draws normal numbers around 1000, most of whose digits the mean has.
std::vector<float> far_from_zero(std::size_t count) {
  std::mt19937_64 generator(1);
  std::normal_distribution<float> normal(1000, 1);
  std::vector<float> x(count);
  for (float& value : x) value = normal(generator);
  return x;
}

TEST(SampleStatistics, HaveTheMomentsOfEachColumn) {
  for (const int columns : {1, 3})
    for (const std::size_t rows : {1U, 255U, 256U, 257U, 5000U}) {
      const auto X = static_cast<std::size_t>(columns);
      const std::vector<float> x = far_from_zero(rows * X);
      const std::vector<Moments> moments = host_statistics().moments(x, columns);
      ASSERT_EQ(moments.size(), X);
      for (std::size_t k = 0; k < X; ++k) {
        long double sum = 0, squares = 0;
        for (std::size_t i = k; i < x.size(); i += X) sum += x[i];
        const long double mean = sum / rows;
        for (std::size_t i = k; i < x.size(); i += X) squares += (x[i] - mean) * (x[i] - mean);
        EXPECT_EQ(moments[k].count, static_cast<double>(rows));
        // A piece's sum of 256 terms of one sign is off by 256 ε/2 of itself at most; merging adds a few ε.
        EXPECT_NEAR(moments[k].mean / static_cast<double>(mean), 1, 300 * 1.2e-16);
        // Squares are off as a piece's sum is, and by what the mean's error of 300 · 1.2e-16 · 1000 does to each.
        EXPECT_NEAR(moments[k].squares, static_cast<double>(squares), 1e-12 * static_cast<double>(squares) + 1e-18);
      }
    }
}

TEST(SampleStatistics, KeepWhatTheStreamStillUses) {
  SimulatedDevice device;
  const auto runtime = test::simulated_runtime(device);
  {
    cuda::Scratch scratch(*runtime);
    void* const small = scratch.take(100);
    void* const large = scratch.take(1000);
    scratch.give_back(large);
    scratch.give_back(small);
    EXPECT_EQ(scratch.take(50), small) << "the smallest that holds it";
    EXPECT_EQ(scratch.take(50), large);
    EXPECT_EQ(device.live, 2);
    EXPECT_NE(scratch.take(50), nullptr);
    EXPECT_EQ(device.live, 3);
  }
  EXPECT_EQ(device.live, 0);
}

TEST(SampleStatistics, OfAnEvaluationAndATrainingAreTheDevices) {
  Configuration configuration = test::small_configuration("gaussian");
  configuration.evaluation.iterations = configuration.episode.iterations;
  SimulatedDevice device;
  const auto count = [&device](const char* what) { return std::count(device.log.begin(), device.log.end(), what); };
  evaluate(test::small_checkpoint(configuration), configuration, simulated_processor(device));
  // Two samples for each episode's energy distance, the places of each parameter, and bootstrapped means.
  EXPECT_GE(count("sort"), 2 * configuration.evaluation.episodes + 2 + 10);
  pilot_normalisation(configuration, simulated_processor(device)->statistics());
  EXPECT_EQ(count("moments"), 1);
}

}  // namespace
}  // namespace alfi
