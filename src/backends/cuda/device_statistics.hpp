// Statistics of samples on a device, on a stream of their own. One thread after the other.
#pragma once

#include <mutex>

#include "src/backends/cuda/scratch.hpp"
#include "src/numerics/sample_statistics.hpp"

namespace alfi::cuda {

class DeviceStatistics final : public SampleStatistics {
 public:
  explicit DeviceStatistics(Runtime& runtime);

  void sort(std::span<double> values) override;

 private:
  std::vector<Moments> moments_of(const MomentsOfPieces& pieces) override;

  Runtime& runtime_;
  std::mutex mutex_;
  Stream stream_;
};

}  // namespace alfi::cuda
