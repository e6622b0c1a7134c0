// The code that runs on a device by Thrust, on Thrust's host backend, against the host's own statistics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thrust/system/cpp/execution_policy.h>

#include <limits>
#include <random>
#include <vector>

#include "alfi/error.hpp"
#include "src/backends/cuda/thrust_statistics.hpp"
#include "src/numerics/sample_statistics.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/simulated_device.hpp"

namespace alfi::cuda {
namespace {

/// By Thrust, in memory of the simulated device's.
class ThrustStatistics final : public SampleStatistics {
 public:
  explicit ThrustStatistics(Runtime& runtime) : scratch_(runtime) {}

  void sort(std::span<double> values) override {
    ScratchAllocator allocator{&scratch_};
    sort_by_thrust(thrust::cpp::par(allocator), values.data(), static_cast<std::int64_t>(values.size()));
  }

 private:
  std::vector<Moments> moments_of(const MomentsOfPieces& pieces) override {
    std::vector<Moments> moments(static_cast<std::size_t>(pieces.size()));
    moments_by_thrust(thrust::cpp::par, pieces, moments.data());
    return moments;
  }

  Scratch scratch_;
};

TEST(Thrust, SortsAndAddsUpAsTheHost) {
  test::SimulatedDevice device;
  const auto runtime = test::simulated_runtime(device);
  ThrustStatistics by_thrust(*runtime);
  std::mt19937_64 generator(1);
  std::normal_distribution<float> normal(100, 1);
  for (const std::size_t count : {1U, 2U, 255U, 256U, 257U, 100000U}) {
    SCOPED_TRACE(count);
    std::vector<float> x(2 * count);
    for (float& value : x) value = normal(generator);
    x[0] = x[count];  // a tie
    const std::vector<Moments> expected = host_statistics().moments(x, 2), got = by_thrust.moments(x, 2);
    for (std::size_t k = 0; k < 2; ++k) {
      EXPECT_EQ(got[k].count, expected[k].count);
      EXPECT_EQ(got[k].mean, expected[k].mean);
      EXPECT_EQ(got[k].squares, expected[k].squares);
    }
    std::vector<double> values(x.begin(), x.end());
    values.front() = std::numeric_limits<double>::infinity();
    values.back() = -values.front();
    std::vector<double> sorted = values;
    host_statistics().sort(sorted);
    by_thrust.sort(values);
    EXPECT_TRUE(values == sorted);
  }
  std::vector<double> none;
  by_thrust.sort(none);
  EXPECT_GT(device.live, 0) << "Thrust took memory, which stays until the stream is at rest";
}

TEST(Thrust, SaysThatThereIsNoMemory) {
  test::SimulatedDevice device;
  device.memory = 100;
  const auto runtime = test::simulated_runtime(device);
  std::vector<double> values(1000, 1.5);
  EXPECT_THAT(test::message_of<RunError>([&] { ThrustStatistics(*runtime).sort(values); }),
              testing::HasSubstr("bytes of device memory"));
  EXPECT_EQ(device.live, 0);
}

}  // namespace
}  // namespace alfi::cuda
