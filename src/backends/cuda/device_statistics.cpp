#include "src/backends/cuda/device_statistics.hpp"

#include <fmt/format.h>

namespace alfi::cuda {

DeviceStatistics::DeviceStatistics(Runtime& runtime) : runtime_(runtime), stream_(make_stream(runtime)) {}

void DeviceStatistics::sort(std::span<double> values) {
  if (values.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::int64_t>(values.size());
  const DeviceArray<double> sorted(runtime_, count);
  Scratch scratch(runtime_);
  const Drained drained(runtime_, stream_);
  require(runtime_.copy_to_device(sorted.data(), values.data(), sorted.bytes(), stream_.get()),
          "copying a sample to the device");
  require(runtime_.sort(sorted.data(), count, scratch, stream_.get()), fmt::format("sorting {} numbers", count));
  require(runtime_.copy_to_host(values.data(), sorted.data(), sorted.bytes(), stream_.get()),
          "copying a sorted sample to the host");
  require(runtime_.synchronize(stream_.get()), "waiting for a sorted sample");
}

std::vector<Moments> DeviceStatistics::moments_of(const MomentsOfPieces& pieces) {
  const std::lock_guard lock(mutex_);
  const DeviceArray<float> x(runtime_, pieces.rows * pieces.columns);
  const DeviceArray<Moments> moments(runtime_, pieces.size());
  const Drained drained(runtime_, stream_);
  require(runtime_.copy_to_device(x.data(), pieces.x, x.bytes(), stream_.get()), "copying a sample to the device");
  require(runtime_.moments({x.data(), pieces.rows, pieces.columns}, moments.data(), stream_.get()),
          fmt::format("adding up {} numbers", x.size()));
  std::vector<Moments> result(static_cast<std::size_t>(moments.size()));
  require(runtime_.copy_to_host(result.data(), moments.data(), moments.bytes(), stream_.get()),
          "copying a sample's moments to the host");
  require(runtime_.synchronize(stream_.get()), "waiting for a sample's moments");
  return result;
}

}  // namespace alfi::cuda
